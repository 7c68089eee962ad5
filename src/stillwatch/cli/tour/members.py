"""The hub, the members, their keys and policies, and the processes that carry a warning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.cli.tour.labs import LABS

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.cli.tour.processes import Process, Processes

__all__ = ["WARNED", "Exchange", "Member", "founded"]

WARNED = LABS[1:]
"""The labs that are warned, and have a gateway."""
_HUB = "tour.example/log"
_STANDING = """\
# What lab A lets leave without asking: signed by two people.
approved_by = ["Ada", "Ben"]
until = 2099-01-01T00:00:00Z
kinds = ["behaviour"]
licence = "challenge"
tlp = "amber"
most_a_day = 50
"""
_POLICY = """\
# What the gateway does: whom peers' indicators recognise is asked to verify, and no more.
# The bounds are wider than those that ship (a twentieth of the traffic and a fiftieth of the
# accounts): here one request in twenty is the actor's.
version = 1
mode = "enforce"
[rungs]
peer = "verify"
[measures.verify]
most_of_traffic = 0.25
most_of_accounts = 0.1
[links]
appeal = "https://lab.example/appeal"
verification = "https://lab.example/verify"
"""
_SERVE = """\
policy = "policy.toml"
analysts = "analysts.toml"
key_file = "epoch.key"
indicators = "peers.indicators"
watch = 0.1
known_accounts = 16384
known_segments = 65536
[api]
address = "127.0.0.1:0"
[admin]
address = "127.0.0.1:0"
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One lab as a member of the exchange."""

    name: str
    """a, b or c."""
    folder: Path
    home: Path
    """Of the member's keys and of what it holds."""
    epoch: Path
    """The sketch key of epoch 1, which the hub never sees."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What runs once the labs are members."""

    members: dict[str, Member]
    standing: Path
    """A's standing policy."""
    hub: str
    """Address of the hub."""
    gateways: dict[str, str]
    """Address of the decision API of each lab that is warned."""
    ready: dict[str, str]
    """Address that says whether that gateway is ready."""
    publisher: Process
    """``exchange stand`` of A."""
    watchers: dict[str, Process]
    """``exchange watch`` of each lab that is warned."""


def founded(folder: Path, scanned: Path, processes: Processes) -> Exchange:
    """Found a hub, let three labs join, and start what carries a warning from A to the others.

    Args:
        folder: of the tour.
        scanned: folder into which A scans, which is watched.
        processes: that the hub, the gateways, the publisher and the watchers are started in.

    Raises:
        UnreachableError: a process ended, or did not answer.
    """
    state = folder / "hub"
    log_key = processes.run("hub", "init", _HUB, "--state", str(state))
    serving = processes.start("hub", "hub", "serve", "--state", str(state), "--port", "0")
    url = processes.first_line(serving, "http")
    members = {name: _joined(folder, name, url, log_key, processes) for name in LABS}
    first = members[LABS[0]]
    processes.run("exchange", "epoch", "draw", "--home", str(first.home))
    for member in members.values():
        processes.run(
            "exchange", "epoch", "key", "1", "--home", str(member.home), "--to", str(member.epoch)
        )
    gateways, ready, watchers = {}, {}, {}
    for name in WARNED:
        gate = processes.start(f"gateway-{name}", "serve", "--config", _gate(members[name]))
        watchers[name] = processes.start(
            f"watch-{name}", "exchange", "watch", "--home", str(members[name].home),
            "--hand-over", str(members[name].folder / "peers.indicators"),
            "--key-file", str(members[name].epoch),
        )  # fmt: skip
        gateways[name] = processes.first_line(gate, "api ").split()[1]
        ready[name] = processes.first_line(gate, "admin ").split()[1] + "/readyz"
    standing = first.folder / "standing.toml"
    standing.write_text(_STANDING, "utf-8")
    publisher = processes.start(
        "stand-a", "exchange", "stand", str(scanned), "--home", str(first.home),
        "--policy", str(standing), "--epoch", "1", "--key-file", str(first.epoch),
        "--licence", "challenge", "--every", "0.1",
    )  # fmt: skip
    for name in WARNED:
        handed = members[name].folder / "peers.indicators"
        processes.until(handed.exists, f"lab {name.upper()}'s watch")
    return Exchange(members, standing, url, gateways, ready, publisher, watchers)


def _joined(folder: Path, name: str, url: str, log_key: str, processes: Processes) -> Member:
    """Let one lab join: the hub's operator invites it, and says the log's key by another way."""
    own = folder / "labs" / name
    own.mkdir(parents=True)
    called, invitation = f"Lab {name.upper()}", own / "invitation"
    invitation.touch(0o600)
    invitation.write_text(
        processes.run("hub", "invite", called, "--state", str(folder / "hub")), "utf-8"
    )
    member = Member(name, own, own / "member", own / "epoch.key")
    processes.run(
        "exchange", "join", url, "--home", str(member.home), "--name", called,
        "--invitation-file", str(invitation), "--log-key", log_key,
    )  # fmt: skip
    return member


def _gate(member: Member) -> str:
    """Write the settings of a gateway's decision service, its policy signed by two people."""
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.stop.responses import read_analysts, sign_policy  # noqa: PLC0415

    folder = member.folder
    keys = [SigningKey.generate(f"lab-{member.name}.example/{who}") for who in ("ada", "ben")]
    lines = [f'[[analysts]]\nname = "{key.name}"\nkey = "{key.public.encode()}"\n' for key in keys]
    (folder / "analysts.toml").write_text("".join(lines), "utf-8")
    (folder / "policy.toml").write_text(_POLICY, "utf-8")
    for key in keys:
        sign_policy(folder / "policy.toml", key, read_analysts(folder / "analysts.toml"))
    config = folder / "serve.toml"
    config.write_text(_SERVE, "utf-8")
    return str(config)
