"""``stillwatch policy``: check, compare, sign and try out a policy before it goes live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stillwatch.stop.responses import Policy

__all__ = ["command"]

_file = click.Path(path_type=Path, dir_okay=False)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
_analysts = click.option("--analysts", "analysts_", type=_file, help="TOML file of who may sign.")


@click.group("policy")
def command() -> None:
    """Check, compare, sign and try out a policy before it goes live."""


@command.command("check")
@click.argument("policy", type=_file)
@_analysts
@_json
def check(policy: Path, analysts_: Path | None, *, as_json: bool) -> None:
    """Read POLICY as a gateway would, and say what it comes to.

    With --analysts its signatures are verified too; without, it is in shadow mode.
    """
    from stillwatch.stop.responses import read_analysts, read_policy  # noqa: PLC0415

    found = read_policy(policy, read_analysts(analysts_) if analysts_ else None)
    if as_json:
        click.echo(json.dumps(_summary(found)))
        return
    for name, value in _summary(found).items():
        click.echo(f"{name}: {', '.join(value) if isinstance(value, list) else value}")


@command.command("diff")
@click.argument("old", type=_file)
@click.argument("new", type=_file)
@_json
def diff(old: Path, new: Path, *, as_json: bool) -> None:
    """Say what NEW changes of OLD, defaults included."""
    from stillwatch.stop.responses import read_policy  # noqa: PLC0415
    from stillwatch.stop.responses.differences import differences  # noqa: PLC0415

    found = differences(read_policy(old), read_policy(new))
    if as_json:
        click.echo(json.dumps([{"key": k, "old": a, "new": b} for k, a, b in found]))
        return
    for key, before, after in found:
        click.echo(f"{key}: {before} -> {after}")


@command.command("sign")
@click.argument("policy", type=_file)
@click.option("--key", type=_file, required=True, help="Your signing key.")
@click.option("--analysts", "analysts_", type=_file, required=True, help="Who may sign: TOML.")
@_json
def sign(policy: Path, key: Path, analysts_: Path, *, as_json: bool) -> None:
    """Sign POLICY for yourself; a policy that is enforced needs two people.

    Signatures are kept beside it, in POLICY.dsse.
    """
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.stop.responses import read_analysts, sign_policy  # noqa: PLC0415

    found, people = sign_policy(policy, SigningKey.read(key), read_analysts(analysts_))
    if as_json:
        click.echo(json.dumps({"digest": found.digest, "signed_by": list(people)}))
        return
    click.echo(f"{found.digest} signed by {', '.join(people)}")


@command.command("keygen")
@click.argument("name")
@click.argument("path", type=_file)
def keygen(name: str, path: Path) -> None:
    """Make a signing key for the analyst NAME in a new file; print its public half."""
    from stillwatch.ledger import SigningKey  # noqa: PLC0415

    made = SigningKey.generate(name)
    made.write(path)
    click.echo(made.public.encode())


def _summary(policy: Policy) -> dict[str, str | list[str]]:
    """Return what a policy comes to."""
    terms = policy.terms
    until = "" if not policy.until else f"{policy.until // 1_000_000}"
    return {
        "digest": policy.digest,
        "asks for": policy.asked.value,
        "is in": terms.mode.value,
        "signed by": list(policy.signed_by),
        "until": until or "no end",
        "tiers": [f"{t.name} ({t.allowance.rate * 86.4:.0f} units a day)" for t in terms.tiers],
        "members": terms.member_rung.name.lower(),
        "campaigns": [f"{k} {v.name.lower()}" for k, v in terms.campaign_rungs.items()],
    }
