"""``stillwatch exchange``: a member's side of the exchange."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.exchange_acting import contest, publish, recall, release
from stillwatch.cli.exchange_credentials import certificate, key, nats_key
from stillwatch.cli.exchange_epochs import epoch
from stillwatch.cli.exchange_gate import hand_over, stand
from stillwatch.cli.exchange_matching import match
from stillwatch.cli.exchange_options import as_json_option, home_option, opened_member, printed
from stillwatch.cli.extras import extra
from stillwatch.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from stillwatch.share.exchange.pulling import Pulled
    from stillwatch.share.exchange.watching import Source

__all__ = ["command"]


@click.group("exchange")
def command() -> None:
    """Warn peers, and be warned."""
    with extra("share", "the exchange needs"):
        import httpx  # noqa: F401, PLC0415 - help imports no client
        import msgspec  # noqa: F401, PLC0415 - as above


@command.command("join")
@click.argument("hub")
@home_option
@click.option(
    "--invitation-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="File with the invitation that the hub's operator gave.",
)
@click.option("--name", required=True, help="Name that other members see.")
@click.option(
    "--log-key", default="", help="Key of the hub's log, told by another way than the hub."
)
@click.option("--witness", "witnesses", multiple=True, help="Key of a witness; may be repeated.")
@click.option(
    "--threshold",
    default=0,
    show_default=True,
    type=click.IntRange(0, 64),
    help="Witnesses that must have cosigned what is believed.",
)
@as_json_option
def join(
    hub: str,
    home: Path,
    invitation_file: Path,
    name: str,
    log_key: str,
    witnesses: tuple[str, ...],
    threshold: int,
    *,
    as_json: bool,
) -> None:
    """Become a member of the hub at the URL HUB."""
    from stillwatch.cli.log_input import read_secret  # noqa: PLC0415 - as above
    from stillwatch.share.exchange.member import join as ask  # noqa: PLC0415 - as above

    made = ask(
        home,
        hub,
        read_secret(invitation_file, "the invitation").decode("ascii", "replace"),
        name,
        clock=time.time,
        log_key=log_key,
        witnesses=witnesses,
        threshold=threshold,
    )
    if not log_key:
        click.echo("compare the log's key with what the operator says by another way", err=True)
    printed({"member": made.member, "log_key": made.log_key}, as_json=as_json)


def _pulled(pulled: Pulled) -> dict[str, int]:
    return {
        "objects": pulled.objects,
        "recalls": pulled.recalls,
        "members": pulled.members,
        "refused": pulled.refused,
    }


@command.command("pull")
@home_option
@click.option("--taxii", help="Discovery URL of another TAXII 2.1 server, read instead of the hub.")
@click.option("--user", default="", help="Name for that server.")
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the password for that server.",
)
@as_json_option
def pull(
    home: Path, taxii: str | None, user: str, password_file: Path | None, *, as_json: bool
) -> None:
    """Take what is new, verify it, and acknowledge recalls."""
    with opened_member(home) as member:
        if taxii is None:
            printed(_pulled(member.pull()), as_json=as_json)
            return
        from stillwatch.cli.log_input import read_secret  # noqa: PLC0415 - as above
        from stillwatch.share.exchange.reading import read_server  # noqa: PLC0415 - as above
        from stillwatch.share.exchange.taxii import TaxiiClient  # noqa: PLC0415 - as above

        password = read_secret(password_file, "the password").decode("utf-8", "replace")
        server = TaxiiClient(taxii, user=user, password=password)
        try:
            found = read_server(server, member.store, source=taxii, now=time.time())
        finally:
            server.close()
        printed(found, as_json=as_json)


@command.command("watch")
@home_option
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so long; without it, never.")
@click.option("--nats", default="", help="URL of NATS, to read the hub's JetStream from.")
@click.option(
    "--nats-ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates to trust for NATS, PEM; the system's if absent.",
)
@click.option("--nats-domain", default="", help="JetStream domain of the hub, through a leaf node.")
@click.option(
    "--hand-over",
    "handed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that `stillwatch serve` reads as indicators; written each time that something came.",
)
@options.key_file("The epoch's sketch key, which is the service's; needed to hand over.")
def watch(
    home: Path,
    seconds: float | None,
    nats: str,
    nats_ca: Path | None,
    nats_domain: str,
    handed: Path | None,
    key_file: Path | None,
) -> None:
    """Take what is new as it comes: a line of JSON for each time that something did."""
    from stillwatch.cli.log_input import read_secret  # noqa: PLC0415 - as above
    from stillwatch.share.exchange.credentials import nats_seed  # noqa: PLC0415 - as above
    from stillwatch.share.exchange.jetstream import JetStream  # noqa: PLC0415 - as above
    from stillwatch.share.exchange.watching import Watcher, streamed  # noqa: PLC0415 - as above

    if handed is not None and key_file is None:
        raise ConfigurationError("--key-file is missing", todo="name the service's key_file")
    secret = b"" if handed is None else read_secret(key_file)
    end = None if seconds is None else time.monotonic() + seconds

    def wait(pause: float) -> bool:
        left = pause if end is None else min(pause, end - time.monotonic())
        if left > 0:
            time.sleep(left)
        return end is None or time.monotonic() < end

    def told(pulled: Pulled) -> None:
        if handed is not None:
            hand_over(member, handed, secret)
        click.echo(json.dumps({"time": round(time.time(), 3), **_pulled(pulled)}))
        if pulled.recalls:
            member.acknowledge()

    patience = 30.0 if seconds is None else min(max(seconds, 2.0), 30.0)
    with opened_member(home, patience=patience) as member:
        if handed is not None:
            hand_over(member, handed, secret)
        source: Source = streamed
        if nats:
            seed = nats_seed(member.home)
            source = JetStream(nats, seed, time.monotonic, nats_ca, nats_domain).batches
        Watcher(
            member.client, member.puller, member.store, wait=wait, told=told, source=source
        ).watch()


@command.command("status")
@home_option
@click.option("--online", is_flag=True, help="Ask the hub for this member's record, too.")
@as_json_option
def status(home: Path, *, online: bool, as_json: bool) -> None:
    """Say what is held, how far the log was read, and what waits."""
    with opened_member(home) as member:
        store, view = member.store, member.store.view()
        document: dict[str, Any] = {
            "member": member.id,
            "name": member.membership.name,
            "hub": member.membership.hub,
            "log_size": view.checkpoint.size if view else 0,
            "read_to": store.cursor,
            "pulled": _day(store.meta("pulled")),
            **store.counts(time.time()),
            "waiting": len(store.waiting()),
            "owed": len(store.recalls()),
            "evidence": len(list(member.home.evidence.glob("*.json"))),
            "key": member.home.key().public.key_id,
        }
        keys = {
            one.key.key_id: _day("" if one.until is None else str(one.until))
            for one in store.keyring().keys(member.id)
        }
        if online:
            document["precision"] = member.client.get("/exchange/v1/precision")
        if as_json:
            printed({**document, "keys": keys}, as_json=True)
            return
        printed(document, as_json=False)
        for name, until in keys.items():
            click.echo(f"{'log names key':16}{name}, ends: {until}")
        if member.home.next_key.exists():
            click.echo(
                "a new key waits to be enrolled: run `stillwatch exchange key new` again", err=True
            )
        for number, share, hit, _ in store.held_back():
            click.echo(f"held back: {number} hits {hit} verified accounts ({share:.2%})", err=True)
        for index, source, rule, publisher in store.refusals()[-10:]:
            click.echo(f"kept aside: {rule} record {index} of {publisher or source}", err=True)


def _day(text: str) -> str:
    from stillwatch.share.objects import stamp  # noqa: PLC0415 - as above

    return stamp(float(text)) if text else "never"


@command.command("export")
@home_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["stix", "misp", "csv"]),
    default="stix",
    show_default=True,
    help="What to write.",
)
@click.option("--all", "everything", is_flag=True, help="Recalled and expired indicators, too.")
def export(home: Path, form: str, *, everything: bool) -> None:
    """Print the indicators that are held, for another tool."""
    from stillwatch.share.exchange.exports import export as write  # noqa: PLC0415 - as above

    with opened_member(home) as member:
        held = member.store.objects() if everything else member.store.live(time.time())
        click.echo(write([one.item for one in held], form), nl=False)


@command.group("bundle")
def bundle() -> None:
    """Give and take objects by file, without a hub."""


@bundle.command("make")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@home_option
@click.option("--to", "audience", multiple=True, help="Id of a member that may read it.")
def make(path: Path, home: Path, audience: tuple[str, ...]) -> None:
    """Write all that this member published into PATH, signed."""
    from stillwatch.share.exchange.bundles import sealed_bundle  # noqa: PLC0415 - as above
    from stillwatch.share.exchange.membership import write_private  # noqa: PLC0415 - as above

    with opened_member(home) as member:
        items = member.store.published()
        sealed = sealed_bundle(
            items, member=member.id, key=member.home.key(), now=time.time(), audience=audience
        )
        if not path.parent.is_dir():
            raise OutputError("there is no such folder", where=str(path), todo="make it first")
        write_private(path, sealed)
        click.echo(f"{len(items)} objects in {path}", err=True)
        click.echo(member.home.key().public.encode())


@bundle.command("take")
@click.argument("path", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@home_option
@click.option(
    "--key",
    "given",
    nargs=2,
    multiple=True,
    metavar="MEMBER KEY",
    help="A member and its key, told by another way; those in the hub's log are known.",
)
@as_json_option
def take(path: Path, home: Path, given: tuple[tuple[str, str], ...], *, as_json: bool) -> None:
    """Verify the bundle in PATH and keep what it holds."""
    from stillwatch.disk import read_small  # noqa: PLC0415 - as above
    from stillwatch.ledger import VerifyKey  # noqa: PLC0415 - as above
    from stillwatch.share.exchange import bundles  # noqa: PLC0415 - as above
    from stillwatch.share.objects import AuthorKey  # noqa: PLC0415 - as above

    with opened_member(home) as member:
        keyring = member.store.keyring()
        known = {number: keyring.keys(number) for number, _, _ in member.store.members()}
        for number, key in given:
            known[number] = (*known.get(number, ()), AuthorKey(VerifyKey.decode(key)))
        raw = read_small(path, "the bundle", bundles.LONGEST)
        pairs = [(number, one.key) for number, keys in known.items() for one in keys]
        opened = bundles.opened_bundle(raw, pairs, member=member.id, now=time.time())
        keys = known[opened.made_by]
        found = bundles.taken_from(opened, member.store.newest, keys, now=time.time())
        member.store.take(found, cursor=-1, source=f"bundle of {opened.made_by}")
        refused = sum(bool(one.rule) for one in found)
        printed({"objects": len(found) - refused, "refused": refused}, as_json=as_json)


for _part in (publish, stand, match, contest, recall, release, epoch, key, nats_key, certificate):
    command.add_command(_part)
