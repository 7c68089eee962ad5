"""``stillwatch measures``: propose, approve, lift and stop what is done about a campaign."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli.databases import opened
from stillwatch.cli.extras import extra
from stillwatch.disk import write_whole
from stillwatch.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.stop.responses import Analysts, Measure, Policy
    from stillwatch.stop.responses.registry import Acting

__all__ = ["command"]

_HOUR = 3_600_000_000
_RUNGS = ("limit", "verify", "withhold", "cap", "mark", "hold", "decoy", "perturb", "refuse")
_FAMILIES = ("content", "rhythm", "infrastructure", "identity", "lifecycle", "intelligence")
_file = click.Path(path_type=Path, dir_okay=False)

_database = click.option(
    "--database", required=True, help="sqlite:///path or postgresql://user@host/name."
)
_analysts = click.option(
    "--analysts", "analysts_", type=_file, required=True, help="TOML file of who may sign."
)
_policy = click.option("--policy", "policy_", type=_file, required=True, help="The policy file.")
_key = click.option("--key", type=_file, required=True, help="Your signing key.")
_why = click.option("--why", required=True, help="In your words; never shown to account holders.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


def _acts(function: Callable[..., Any]) -> Callable[..., Any]:
    return _database(_analysts(_key(function)))


@click.group("measures")
def command() -> None:
    """Propose, approve, lift and stop what is done about a campaign."""
    with extra("share", "measures need"):
        import stillwatch.stop.responses.registry  # noqa: F401, PLC0415 - help imports no tables


@command.command("init")
@_database
def init(database: str) -> None:
    """Make the tables, or bring them to the newest layout."""
    from stillwatch.stop.responses.registry import prepare  # noqa: PLC0415

    opened(database).now(prepare)


@command.command("propose")
@click.argument("rung", type=click.Choice(_RUNGS))
@click.option("--campaign", default="", help="On all members of this campaign.")
@click.option("--account", default="", help="On this account.")
@click.option("--hours", default=24.0, show_default=True, help="How long it lasts.")
@_why
@click.option(
    "--ground",
    "grounds",
    multiple=True,
    type=click.Choice(_FAMILIES),
    help="Family of a finding that it rests on; may be repeated.",
)
@click.option(
    "--accounts",
    type=click.IntRange(1),
    help="Accounts concerned; counted in --scan for a campaign, 1 for an account.",
)
@click.option("--scan", type=_file, help="campaigns.json: grounds and accounts are taken from it.")
@click.option("--most-of-traffic", type=click.FloatRange(0, 1), help="Policy's bound if absent.")
@click.option("--most-of-accounts", type=click.FloatRange(0, 1), help="Policy's bound if absent.")
@_policy
@_acts
@_json
def propose(
    rung: str,
    campaign: str,
    account: str,
    hours: float,
    why: str,
    grounds: tuple[str, ...],
    accounts: int | None,
    scan: Path | None,
    most_of_traffic: float | None,
    most_of_accounts: float | None,
    policy_: Path,
    database: str,
    analysts_: Path,
    key: Path,
    *,
    as_json: bool,
) -> None:
    """Propose the measure RUNG on a campaign or an account, and be the first who approves it."""
    from stillwatch.stop.interface import Rung  # noqa: PLC0415
    from stillwatch.stop.responses import Measure, read_policy  # noqa: PLC0415

    if bool(campaign) == bool(account):
        raise ConfigurationError("a measure is on a campaign or on an account", todo="give one")
    policy = read_policy(policy_)
    rule = policy.rules[Rung[rung.upper()]]
    found, counted = _of_scan(scan, campaign) if scan else ((), 1)
    if accounts is None and campaign and not scan:
        raise ConfigurationError(
            "how many accounts are concerned is not known", todo="give --scan or --accounts"
        )
    now = _now()
    measure = Measure(
        measure_id=f"m-{secrets.token_hex(8)}",
        rung=Rung[rung.upper()],
        campaign=campaign,
        account=account,
        proposed=now,
        expires=now + round(hours * _HOUR),
        why=why,
        grounds=tuple(dict.fromkeys([*grounds, *found])),
        accounts=accounts or counted,
        most_of_traffic=rule.most_of_traffic if most_of_traffic is None else most_of_traffic,
        most_of_accounts=rule.most_of_accounts if most_of_accounts is None else most_of_accounts,
    )
    _act(database, analysts_, key, lambda acting: acting.propose(measure, policy))
    _say(measure, policy, _holder(analysts_, key), as_json=as_json)


@command.command("approve")
@click.argument("measure_id")
@_policy
@_acts
@_json
def approve(
    measure_id: str, policy_: Path, database: str, analysts_: Path, key: Path, *, as_json: bool
) -> None:
    """Approve a measure, with your own key."""
    from stillwatch.stop.responses import read_policy  # noqa: PLC0415

    policy = read_policy(policy_)
    measure = _act(database, analysts_, key, lambda acting: acting.approve(measure_id, policy))
    _say(measure, policy, measure.people, as_json=as_json)


@command.command("lift")
@click.argument("measure_id")
@_why
@_acts
def lift(measure_id: str, why: str, database: str, analysts_: Path, key: Path) -> None:
    """End a measure now."""
    _act(database, analysts_, key, lambda acting: acting.lift(measure_id, why))


@command.command("kill")
@click.argument("scope")
@_why
@_acts
def kill(scope: str, why: str, database: str, analysts_: Path, key: Path) -> None:
    """Stop SCOPE at once: `everything`, a kind of measure, or a measure's id."""
    if scope not in {"everything", *_RUNGS} and not scope.startswith("m-"):
        raise ConfigurationError(
            f"{scope!r} is nothing that can be stopped",
            todo=f"give everything, {', '.join(_RUNGS)}, or a measure's id",
        )
    _act(database, analysts_, key, lambda acting: acting.kill(scope, why))


@command.command("resume")
@click.argument("scope")
@_acts
def resume(scope: str, database: str, analysts_: Path, key: Path) -> None:
    """Agree to let SCOPE go on; it does when two people have agreed."""
    people = _act(database, analysts_, key, lambda acting: acting.resume(scope))
    click.echo(f"{scope}: {', '.join(people)} agreed; {max(0, 2 - len(people))} more needed")


@command.command("list")
@_database
@_analysts
@_policy
@_json
def list_(database: str, analysts_: Path, policy_: Path, *, as_json: bool) -> None:
    """List measures, who approved them, and which are in force."""
    from stillwatch.stop.responses import read_analysts, read_policy  # noqa: PLC0415
    from stillwatch.stop.responses.registry import listed  # noqa: PLC0415

    policy, analysts = read_policy(policy_), read_analysts(analysts_)
    found = opened(database).now_reading(
        lambda connection: list(listed(connection, analysts, policy, _now()))
    )
    if as_json:
        click.echo(json.dumps([_shown(one.measure) | {"state": one.state} for one in found]))
        return
    for one in found:
        measure = one.measure
        click.echo(
            f"{measure.measure_id}  {one.state:9} {measure.rung.name.lower():8} "
            f"{measure.campaign or measure.account}  until {_time(measure.expires)}  "
            f"{', '.join(measure.people)}{f'  ({one.why})' if one.why else ''}"
        )


@command.command("snapshot")
@_database
@click.option("--out", type=_file, required=True, help="File to write, for gateways to read.")
def snapshot(database: str, out: Path) -> None:
    """Write what gateways are to apply: measures with their signatures, decoys and canaries.

    It holds the keys of the canaries: its owner alone can read it.
    """
    from stillwatch.stop.responses.registry import snapshot_of  # noqa: PLC0415

    raw = opened(database).now_reading(snapshot_of, _now())
    try:
        write_whole(out, raw + b"\n", private=True)
    except OSError as error:
        raise OutputError(
            f"the snapshot cannot be written: {error.strerror}", where=str(out), todo="name another"
        ) from error


@command.command("log")
@_database
@_analysts
def log(database: str, analysts_: Path) -> None:
    """Print all that was done, verified line by line; its length and hash go to standard error.

    Keep both elsewhere: that lines were cut off at the end shows by them alone.
    """
    from stillwatch.stop.responses import read_analysts  # noqa: PLC0415
    from stillwatch.stop.responses.registry import action_lines, verify_actions  # noqa: PLC0415

    lines = opened(database).now_reading(lambda connection: list(action_lines(connection)))
    count, last = verify_actions(lines, read_analysts(analysts_))
    for line in lines:
        click.echo(line, nl=False)
    click.echo(f"{count} lines, {last}", err=True)


@command.command("plant")
@click.argument("account")
@click.option("--name", required=True, help="Where the account's credential was planted.")
@_acts
def plant(account: str, name: str, database: str, analysts_: Path, key: Path) -> None:
    """Register the decoy ACCOUNT; use of its credential is a finding."""
    from stillwatch.stop.responses.decoys import plant as keep  # noqa: PLC0415

    _act(database, analysts_, key, lambda acting: keep(acting, account, name))


@command.command("canaries")
@click.argument("variants", type=_file)
@click.option("--campaign", required=True, help="Campaign whose answers get them.")
@_acts
def canaries(variants: Path, campaign: str, database: str, analysts_: Path, key: Path) -> None:
    """Register the equivalent VARIANTS of a JSON file for a campaign, before they are used."""
    from stillwatch.stop.responses.canaries import CanarySet, read_slots  # noqa: PLC0415
    from stillwatch.stop.responses.canary_registry import register  # noqa: PLC0415

    chosen = CanarySet(
        f"k-{secrets.token_hex(8)}", campaign, read_slots(variants), secrets.token_bytes(32)
    )
    salt = secrets.token_bytes(32)
    number = _act(database, analysts_, key, lambda acting: register(acting, chosen, salt))
    click.echo(f"{chosen.set_id}, committed to in line {number} of the log")


@command.command("export-canaries")
@_database
def export_canaries(database: str) -> None:
    """Print every set with its key and what opens its commitment: secrets, for `lineage`."""
    from stillwatch.stop.responses.canary_registry import exported  # noqa: PLC0415

    for line in opened(database).now_reading(lambda connection: list(exported(connection))):
        click.echo(json.dumps(line))


def _holder(analysts_: Path, key: Path) -> tuple[str, ...]:
    """Return the name of a key's holder."""
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.stop.responses import read_analysts  # noqa: PLC0415

    return (read_analysts(analysts_).name(SigningKey.read(key).public),)


def _act(database: str, analysts_: Path, key: Path, does: Callable[[Acting], Any]) -> Any:  # noqa: ANN401 - what the act gives
    """Do one thing as one transaction."""
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.stop.responses import read_analysts  # noqa: PLC0415
    from stillwatch.stop.responses.registry import Acting, prepare  # noqa: PLC0415

    analysts: Analysts = read_analysts(analysts_)
    private = SigningKey.read(key)
    analysts.name(private.public)
    store = opened(database)
    store.now(prepare)
    return store.now(lambda connection: does(Acting(connection, private, analysts, _now())))


def _of_scan(path: Path, campaign: str) -> tuple[tuple[str, ...], int]:
    """Return the families of a campaign's findings and how many members it has."""
    from stillwatch.disk import read_small  # noqa: PLC0415

    raw = read_small(path, "the scan's campaigns", 1 << 30)
    try:
        found = [c for c in json.loads(raw)["campaigns"] if str(c["campaign_id"]) == campaign]
        families = {f["family"] for c in found for f in c["findings"] if _speaks(f)}
        counted = sum(len(c["members"]) for c in found)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"the scan's campaigns cannot be read: {error}", where=str(path), todo="scan again"
        ) from error
    if not found:
        raise ConfigurationError(f"the scan has no campaign {campaign}", where=str(path))
    return tuple(family for family in _FAMILIES if family in families), counted


def _speaks(finding: dict[str, Any]) -> bool:
    """Say whether a finding speaks against a campaign."""
    return bool(finding["enough_data"]) and finding["log_e"] > 0


def _say(measure: Measure, policy: Policy, people: tuple[str, ...], *, as_json: bool) -> None:
    from stillwatch.stop.responses.governance import people_needed  # noqa: PLC0415

    left = max(0, people_needed(measure, policy) - len(people))
    if as_json:
        click.echo(json.dumps(_shown(measure) | {"people": list(people), "needed": left}))
        return
    click.echo(measure.measure_id)
    click.echo(
        f"approved by {', '.join(people)}; {f'{left} more needed' if left else 'in force'}",
        err=True,
    )


def _shown(measure: Measure) -> dict[str, Any]:
    return {
        "measure_id": measure.measure_id,
        "rung": measure.rung.name.lower(),
        "campaign": measure.campaign,
        "account": measure.account,
        "proposed": _time(measure.proposed),
        "expires": _time(measure.expires),
        "grounds": list(measure.grounds),
        "accounts": measure.accounts,
        "people": list(measure.people),
        "why": measure.why,
    }


def _time(time_: int) -> str:
    return datetime.fromtimestamp(time_ / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> int:
    return time.time_ns() // 1000
