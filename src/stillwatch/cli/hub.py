"""``stillwatch hub``: the neutral side of the exchange."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import click

from stillwatch.cli.extras import extra
from stillwatch.cli.hub_desk import KEY, at, now, opened, store
from stillwatch.cli.hub_serving import nats_users, serve
from stillwatch.errors import ConfigurationError

__all__ = ["command"]

_DAY = 86_400_000_000

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


@click.group("hub")
def command() -> None:
    """Run the neutral side of the exchange."""
    with extra("share", "a hub needs"):
        import stillwatch.share.hub  # noqa: F401, PLC0415 - help imports no server


@command.command("init")
@click.argument("name", required=False)
@at
def init(name: str | None, state: Path, database: str | None) -> None:
    """Make a hub whose log is called NAME, best a URL without its scheme; print the log's key.

    On a hub that is there already, bring its tables to the newest layout.
    """
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.share.hub.preparing import prepare  # noqa: PLC0415

    path = state / KEY
    if not path.exists():
        if name is None:
            raise ConfigurationError("a new hub needs a name", todo="stillwatch hub init NAME")
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigurationError(
                f"the folder cannot be made: {error.strerror}",
                where=str(state),
                todo="name another",
            ) from error
        SigningKey.generate(name).write(path)
    key = SigningKey.read(path)
    store(state, database).now(prepare, key, os.urandom(16))
    click.echo(key.public.encode())


@command.command("invite")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=("publish",),
    show_default=True,
    type=click.Choice(["publish", "read", "observe", "counsel"]),
    help="What the member may do; may be repeated.",
)
@click.option(
    "--days", default=14, show_default=True, type=click.IntRange(1, 365), help="Good for."
)
@at
def invite(name: str, roles: tuple[str, ...], days: int, state: Path, database: str | None) -> None:
    """Print an invitation for NAME; it is good once."""
    from stillwatch.share.hub.membership import invite as keep  # noqa: PLC0415

    desk = opened(state, database)
    token = secrets.token_urlsafe(32)
    desk.act("invite", name, lambda journal: keep(journal, token, name, roles, now() + days * _DAY))
    click.echo(token)


@command.command("members")
@at
@_json
def members(state: Path, database: str | None, *, as_json: bool) -> None:
    """List members, their states, roles and keys."""
    from stillwatch.share.hub.times import written  # noqa: PLC0415

    roster = opened(state, database).roster()
    shown = [
        {
            "member": member.id,
            "name": member.name,
            "state": member.state,
            "roles": sorted(member.roles),
            "joined": written(member.joined),
            "limited": member.limited,
            "reading_token": member.reading_token is not None,
            "objects_a_second": member.objects_a_second,
            "requests_a_second": member.requests_a_second,
            "key_ids": [
                name for name, key in roster.keys.items()
                if key.member == member.number and key.until is None
            ],
        }
        for member in roster.members.values()
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps(shown))
        return
    for entry in shown:
        limited = ", limited" if entry["limited"] else ""
        click.echo(f"{entry['member']}  {entry['state']}{limited}  {entry['name']}")


def _state_command(name: str, state_word: str, words: str) -> None:
    @command.command(name, help=words)
    @click.argument("member")
    @at
    def change(member: str, state: Path, database: str | None) -> None:
        from stillwatch.share.hub.membership import set_state  # noqa: PLC0415

        desk = opened(state, database)
        found = desk.member(member)
        desk.act(name, found.id, lambda journal: set_state(journal, found, state_word))
        click.echo(f"{found.name} is {state_word}", err=True)


_state_command("suspend", "suspended", "Refuse all requests of MEMBER, an id or a name.")
_state_command("resume", "active", "Take requests of MEMBER again.")
_state_command("remove", "left", "Let MEMBER go for good.")


@command.command("quota")
@click.argument("member")
@click.option("--objects", type=click.FloatRange(0), help="Objects a second that it may post.")
@click.option("--requests", type=click.FloatRange(0), help="Requests a second that it may make.")
@at
def quota(
    member: str,
    objects: float | None,
    requests: float | None,
    state: Path,
    database: str | None,
) -> None:
    """Set what MEMBER may do in a second; bursts are a minute's worth."""
    from stillwatch.share.hub.membership import set_quota  # noqa: PLC0415

    desk = opened(state, database)
    found = desk.member(member)
    desk.act("quota", found.id, lambda journal: set_quota(journal, found, objects, requests))


@command.command("reading-token")
@click.argument("member")
@click.option("--withdraw", is_flag=True, help="Take the token back.")
@at
def reading_token(member: str, state: Path, database: str | None, *, withdraw: bool) -> None:
    """Print a token with which MEMBER's TAXII clients read by HTTP Basic, see serve --basic."""
    from stillwatch.share.hub.membership import set_reading_token  # noqa: PLC0415

    desk = opened(state, database)
    found = desk.member(member)
    token = None if withdraw else secrets.token_urlsafe(32)
    desk.act("reading-token", found.id, lambda journal: set_reading_token(journal, found, token))
    if token is not None:
        click.echo(token)


@command.command("add-collection")
@click.argument("alias")
@click.option("--title", help="For people; the alias if absent.")
@click.option("--member", "chosen", multiple=True, help="A member it is for; all if absent.")
@at
def collection(
    alias: str, title: str | None, chosen: tuple[str, ...], state: Path, database: str | None
) -> None:
    """Add the collection ALIAS and print its id."""
    from stillwatch.share.hub.preparing import add_collection  # noqa: PLC0415

    desk = opened(state, database)
    numbers = [desk.member(name).number for name in chosen] or None
    made = desk.act(
        "add-collection",
        alias,
        lambda journal: add_collection(journal, alias, title or alias, os.urandom(16), numbers),
    )
    click.echo(made)


@command.group("audit")
def audit() -> None:
    """The log of each access."""


@audit.command("export")
@at
def export(state: Path, database: str | None) -> None:
    """Print the audit log as JSON lines, each chained to the one before by its hash."""
    from stillwatch.share.hub.audits import audit_lines  # noqa: PLC0415

    def write(connection: Any) -> None:  # noqa: ANN401 - a connection
        for line in audit_lines(connection):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()

    opened(state, database).database.now_reading(write)


@audit.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Check the chain of an exported audit log."""
    from stillwatch.share.hub.audits import verify_audit  # noqa: PLC0415

    with file.open("rb") as lines:
        count = verify_audit(lines)
    click.echo(f"{count:,} lines, and the chain holds", err=True)


for _part in (serve, nats_users):
    command.add_command(_part)
