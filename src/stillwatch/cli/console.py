"""``stillwatch console``: web pages for analysts, approvers, counsel and the support desk."""

from __future__ import annotations

import json
import time

import click

from stillwatch.cli.console_cases import COMMANDS, database_option
from stillwatch.cli.console_serving import serve
from stillwatch.cli.databases import acting, opened
from stillwatch.errors import MissingExtraError

__all__ = ["command"]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
_roles = click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(["analyst", "approver", "counsel", "support", "read_only"]),
    help="What they are for; may be repeated.",
)


@click.group("console")
def command() -> None:
    """Show campaigns to people, and take what they decide."""
    try:
        import stillwatch.report.console.web  # noqa: F401, PLC0415 - help imports no server
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"the console needs {error.name}", todo="pip install 'stillwatch[console]'"
        ) from error


@command.command("init")
@database_option
def init(database: str) -> None:
    """Make the tables and a first account, or bring tables to the newest layout.

    The first account's password is printed once.
    """
    from stillwatch.report.console.cases.log import prepare as cases  # noqa: PLC0415
    from stillwatch.report.console.web import people  # noqa: PLC0415

    store = opened(database)
    store.now(cases)
    store.now(people.prepare)
    told(store.now(people.first, _now()))


@command.group("people")
def people_() -> None:
    """Add people with passwords, change their roles, and stop them from signing in."""


@people_.command("add")
@click.argument("name")
@_roles
@database_option
def add(name: str, roles: tuple[str, ...], database: str) -> None:
    """Add NAME, and print the password, which is shown nowhere else."""
    from stillwatch.report.console.web import people  # noqa: PLC0415

    store = opened(database)
    store.now(people.prepare)
    click.echo(store.now(people.add, name, roles, _now(), acting()))


@people_.command("list")
@database_option
@_json
def list_(database: str, *, as_json: bool) -> None:
    """List people with their roles."""
    from stillwatch.report.console.web import people  # noqa: PLC0415

    store = opened(database)
    found = store.now_reading(people.listed)
    for one in found:
        held, by = sorted(one.person.roles), "password" if one.password else "provider"
        if as_json:
            shown = {"name": one.person.name, "roles": held, "by": by, "disabled": one.disabled}
            click.echo(json.dumps(shown))
        else:
            state = " (disabled)" if one.disabled else ""
            click.echo(f"{one.person.name}: {', '.join(held) or 'no role'}, by {by}{state}")


@people_.command("roles")
@click.argument("name")
@_roles
@database_option
def roles(name: str, roles: tuple[str, ...], database: str) -> None:
    """Give NAME these roles and no others; their sessions end."""
    from stillwatch.report.console.web import people  # noqa: PLC0415

    store = opened(database)
    store.now(people.change, name, _now(), acting(), roles=roles)


@people_.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let them sign in again.")
@database_option
def disable(name: str, database: str, *, undo: bool) -> None:
    """Stop NAME from signing in; their sessions end."""
    from stillwatch.report.console.web import people  # noqa: PLC0415

    store = opened(database)
    store.now(people.change, name, _now(), acting(), disabled=not undo)


@people_.command("password")
@click.argument("name")
@database_option
def password(name: str, database: str) -> None:
    """Give NAME a new password and print it; their sessions end."""
    from stillwatch.report.console.web import people  # noqa: PLC0415

    store = opened(database)
    click.echo(store.now(people.new_password, name, _now(), acting()))


for _part in (*COMMANDS, serve):
    command.add_command(_part)


def told(first: tuple[str, str] | None) -> None:
    """Tell the first account, if one was made."""
    if first is not None:
        click.echo(f"first account: {first[0]}, password: {first[1]}", err=True)


def _now() -> int:
    return time.time_ns() // 1000
