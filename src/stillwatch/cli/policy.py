"""``stillwatch policy``: check, compare, sign and try out a policy before it goes live."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.find.sources import ColumnMapping
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


@command.command("simulate")
@click.argument("policy", type=_file)
@click.argument("exchanges")
@options.accounts
@click.option(
    "--scan",
    type=click.Path(path_type=Path, file_okay=False),
    help="Output folder of a scan of these exchanges: its verdicts count from when they were.",
)
@options.intelligence
@click.option("--truth", type=_file, help="truth_accounts.parquet: the cohort of each account.")
@click.option("--cohorts", help="Column of the account table in place of --truth, such as plan.")
@options.key_file("Secret that keys all hashes.")
@options.mapping
@options.format_name
@_json
def simulate(
    policy: Path,
    exchanges: str,
    accounts: str | None,
    scan: Path | None,
    intelligence: str | None,
    truth: Path | None,
    cohorts: str | None,
    key_file: Path | None,
    map_: ColumnMapping | None,
    format_: str | None,
    *,
    as_json: bool,
) -> None:
    """Say who would have been affected if POLICY had been in force for EXCHANGES, by cohort.

    EXCHANGES is what `stillwatch scan` takes. Nothing is applied.
    """
    from stillwatch.cli.policy_trial import tried  # noqa: PLC0415
    from stillwatch.stop.responses import read_policy  # noqa: PLC0415

    if cohorts and not accounts:
        raise ConfigurationError("--cohorts names a column of --accounts", todo="give both")
    found = tried(
        read_policy(policy),
        exchanges,
        accounts=accounts,
        scan=scan,
        intelligence=intelligence,
        truth=truth,
        cohorts=cohorts,
        key_file=key_file,
        mapping=map_,
        format_=format_,
    )
    for one in found:
        if as_json:
            click.echo(json.dumps(asdict(one)))
            continue
        done = [
            f"{name} {one.requests_by[name]:,} ({one.accounts_by[name]:,} accounts)"
            for name in one.requests_by
            if one.requests_by[name]
        ]
        click.echo(
            f"{one.cohort}: {one.accounts:,} accounts, {one.requests:,} requests; "
            f"{', '.join(done) or 'none affected'}"
        )


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
