"""``stillwatch scan``: find campaigns in an exchange log."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.example_prompts import prompts_of, refuse_prompts
from stillwatch.cli.log_input import observations_at, opened, read_secret
from stillwatch.cli.progress import progress
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa

    from stillwatch.find.campaigns import Settings
    from stillwatch.find.sources import ColumnMapping, Quarantine
    from stillwatch.records import ScanResult
    from stillwatch.report.assumptions import Assumptions

__all__ = ["beside", "command"]


@click.command("scan")
@click.argument("exchanges")
@options.accounts
@options.events
@options.tokens
@options.intelligence
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Output folder.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="Last look, UTC; nothing after it is used.",
)
@options.step
@options.alpha
@options.mapping
@options.format_name
@options.key_file(
    "Secret that keys all hashes; without it they are not keyed. Observations have theirs."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps what is read and decided; the next scan reads only what is new.",
)
@click.option(
    "--late",
    default=48,
    show_default=True,
    help="Hours by which exchanges may come late and re-decide only the looks since.",
)
@click.option(
    "--damage",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file of prices and costs that damage is reckoned with, in place of ours.",
)
@click.option(
    "--decisions",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What people decided in the console, as `stillwatch console decisions` writes it.",
)
@click.option("--show-prompts", is_flag=True, help="Put the prompts of examples in the report.")
@click.option("--check", is_flag=True, help="Only validate, and say what could be detected.")
@click.option("--plan", is_flag=True, help="Only say what there is to read and what it takes.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    exchanges: str,
    accounts: str | None,
    events: tuple[str, ...],
    tokens: str | None,
    intelligence: str | None,
    out: Path | None,
    as_of: datetime | None,
    step: int,
    alpha: float,
    map_: ColumnMapping | None,
    format_: str | None,
    key_file: Path | None,
    state: Path | None,
    late: int,
    damage: Path | None,
    decisions: Path | None,
    show_prompts: bool,
    check: bool,
    plan: bool,
    as_json: bool,
) -> None:
    """Find coordinated distillation campaigns in EXCHANGES.

    EXCHANGES is a file, a folder, a database URL, or what `stillwatch observe` wrote; see
    docs/reference/inputs.md.
    """
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415
    from stillwatch.report.assumptions import read_assumptions  # noqa: PLC0415

    if check:
        _check(exchanges, accounts, events, tokens, intelligence, map_, format_, as_json=as_json)
        return
    if plan:
        from stillwatch.cli.plan import show_plan  # noqa: PLC0415

        show_plan(exchanges, state, map_, format_, step=step, key_file=key_file, as_json=as_json)
        return
    if out is None:
        raise ConfigurationError("--out is missing", todo="name a folder for the results")
    with Quarantine(out) as quarantine:
        result = run(
            exchanges, out, quarantine=quarantine, accounts=accounts, events=events,
            tokens=tokens, intelligence=intelligence, mapping=map_, format_=format_,
            key=read_secret(key_file), as_of=as_of, step=step, alpha=alpha, state=state, late=late,
            assumptions=read_assumptions(damage), decisions=decisions, show_prompts=show_prompts,
        )  # fmt: skip
        _say(result, out, quarantine, as_json=as_json)


def run(
    exchanges: str,
    out: Path,
    *,
    quarantine: Quarantine,
    accounts: str | None = None,
    events: tuple[str, ...] = (),
    tokens: str | None = None,
    intelligence: str | None = None,
    mapping: ColumnMapping | None = None,
    format_: str | None = None,
    key: bytes = b"",
    as_of: datetime | None = None,
    step: int = 1,
    alpha: float = 0.05,
    without: frozenset[str] = frozenset(),
    state: Path | None = None,
    late: int = 48,
    assumptions: Assumptions | None = None,
    decisions: Path | None = None,
    show_prompts: bool = False,
) -> ScanResult:
    """Read, scan and write; the command's work, also used by the demo and benchmarks."""
    from datetime import UTC  # noqa: PLC0415

    from stillwatch.find.campaigns import Settings, read_rulings  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.find.features.rows import HOUR  # noqa: PLC0415

    settings = Settings(
        as_of=None if as_of is None else as_of.replace(tzinfo=UTC),
        step=step * HOUR,
        alpha=alpha,
        key=key_from_secret(key),
        # os.path answers also about a name that no folder can have: what it is, is said on writing
        scratch=next(p for p in (out, *out.absolute().parents) if os.path.isdir(p)),  # noqa: PTH112
        without=without,
        rulings=() if decisions is None else read_rulings(decisions),
    )
    given = beside(accounts, events, tokens, intelligence, mapping, quarantine)
    if state is not None:
        refuse_prompts(str(state), observed=True, asked=show_prompts)
        return _continue(
            state, exchanges, out, given, settings, quarantine=quarantine, mapping=mapping,
            format_=format_, late=late, assumptions=assumptions,
        )  # fmt: skip
    happened = given.pop("provider_events", None)
    return _afresh(
        exchanges, out, given, settings, happened, quarantine=quarantine, mapping=mapping,
        format_=format_, assumptions=assumptions, show_prompts=show_prompts,
    )  # fmt: skip


def _afresh(
    exchanges: str,
    out: Path,
    given: Mapping[str, pa.Table],
    settings: Settings,
    happened: pa.Table | None,
    *,
    quarantine: Quarantine,
    mapping: ColumnMapping | None,
    format_: str | None,
    assumptions: Assumptions | None,
    show_prompts: bool,
) -> ScanResult:
    """Read everything, scan it and write; ``happened`` are the provider's events."""
    from dataclasses import replace  # noqa: PLC0415

    from stillwatch.find.campaigns import scan  # noqa: PLC0415
    from stillwatch.find.sources import align_account_ids  # noqa: PLC0415
    from stillwatch.report.documents import write_scan  # noqa: PLC0415

    log = opened(
        exchanges,
        quarantine=quarantine,
        key=settings.key,
        mapping=mapping,
        format_=format_,
        prompts=show_prompts,
    )
    aligned = {name: align_account_ids(table, log.account_type) for name, table in given.items()}
    with progress() as tick:
        result, activity = scan(
            log.batches,
            aligned.get("accounts"),
            account_events=aligned.get("events"),
            provider_events=happened,
            tokens=aligned.get("tokens"),
            intelligence=aligned.get("intelligence"),
            settings=replace(settings, key_fingerprint=log.key),
            observed=True,
            progress=tick,
        )
    shown = prompts_of(result, exchanges, mapping, format_, asked=show_prompts)
    write_scan(result, out, activity, assumptions=assumptions, prompts=shown)
    return result


def _continue(
    folder: Path,
    exchanges: str,
    out: Path,
    given: Mapping[str, pa.Table],
    settings: Settings,
    *,
    quarantine: Quarantine,
    mapping: ColumnMapping | None,
    format_: str | None,
    late: int,
    assumptions: Assumptions | None,
) -> ScanResult:
    """Read what is new, go on from the last looks, write, and only then move the state on."""
    from stillwatch.cli.state import continued  # noqa: PLC0415
    from stillwatch.find.features.rows import HOUR  # noqa: PLC0415
    from stillwatch.find.state import StateFolder, conclude  # noqa: PLC0415
    from stillwatch.report.documents import write_scan  # noqa: PLC0415

    if late < 0:
        raise ConfigurationError(f"--late {late} is no time", todo="give hours, 0 or more")
    with StateFolder.opened(folder) as state, progress() as tick:
        taken, found = continued(
            state,
            exchanges,
            given,
            settings,
            quarantine=quarantine,
            mapping=mapping,
            format_=format_,
            late=late * HOUR,
            progress=tick,
        )
        write_scan(found.result, out, found.activity, assumptions=assumptions)
        conclude(state, found)
    at = found.went_on_from
    click.echo(
        f"{taken.rows:,} new exchanges, {taken.known:,} known, {taken.skipped:,} files unchanged; "
        + ("decided from the first look" if at is None else f"went on from {at:%Y-%m-%d %H:%M} UTC")
        + (f"; {len(found.revisions):,} verdicts revised" if found.revisions else ""),
        err=True,
    )
    return found.result


def beside(
    accounts: str | None,
    events: tuple[str, ...],
    tokens: str | None,
    intelligence: str | None,
    mapping: ColumnMapping | None,
    quarantine: Quarantine,
) -> dict[str, pa.Table]:
    """Read the tables beside the log that are given, by the names that ``merge_tables`` takes."""
    from stillwatch.find.sources import (  # noqa: PLC0415
        read_accounts,
        read_events,
        read_identifier_tokens,
        read_intelligence,
    )

    given: dict[str, pa.Table] = {}
    if accounts is not None:
        given["accounts"] = read_accounts(accounts, mapping=mapping, quarantine=quarantine)
    if events:
        found = read_events(list(events), mapping=mapping, quarantine=quarantine)
        if found.account is not None:
            given["events"] = found.account
        if found.provider is not None:
            given["provider_events"] = found.provider
    if tokens is not None:
        given["tokens"] = read_identifier_tokens(tokens, mapping=mapping, quarantine=quarantine)
    if intelligence is not None:
        given["intelligence"] = read_intelligence(
            intelligence, mapping=mapping, quarantine=quarantine
        )
    return given


def _check(
    exchanges: str,
    accounts: str | None,
    events: tuple[str, ...],
    tokens: str | None,
    intelligence: str | None,
    mapping: ColumnMapping | None,
    format_: str | None,
    *,
    as_json: bool,
) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    from stillwatch.cli.needs import needs  # noqa: PLC0415
    from stillwatch.find.features.files import check_observations  # noqa: PLC0415
    from stillwatch.find.sources import check as check_inputs  # noqa: PLC0415

    observations = observations_at(exchanges, mapping, format_)
    report = check_inputs(
        exchanges if observations is None else check_observations(observations, exchanges),
        needs=needs(),
        accounts=accounts,
        events=events,
        identifier_tokens=tokens,
        intelligence=intelligence,
        mapping=mapping,
        format=format_,
    )
    if as_json:
        click.echo(json.dumps(asdict(report), default=str, indent=1))
        return
    for item in report.inputs:
        click.echo(f"{item.section}: {item.good:,} good rows, {sum(item.bad.values()):,} bad")
        for reason, count in item.bad.items():
            click.echo(f"  quarantine {reason}: {count:,}")
        if item.absent:
            click.echo(f"  absent: {', '.join(item.absent)}")
    for ability in report.abilities:
        state = "can run" if ability.possible else "cannot run: " + ", ".join(ability.missing)
        click.echo(f"{ability.family}/{ability.detector}: {state}")


def _say(result: ScanResult, out: Path, quarantine: Quarantine, *, as_json: bool) -> None:
    bad = {name: sum(quarantine.rows(name).values()) for name in quarantine.inputs()}
    flagged = sum(v.flagged_at is not None for v in result.verdicts)
    if as_json:
        summary = {
            "exchanges": result.exchanges,
            "accounts": result.accounts,
            "campaigns": [c.campaign_id for c in result.campaigns],
            "flagged": flagged,
            "quarantined": bad,
            "seconds": result.seconds,
        }
        click.echo(json.dumps(summary))
        return
    click.echo(
        f"{result.exchanges:,} exchanges of {result.accounts:,} accounts, {result.looks:,} looks: "
        f"{len(result.campaigns)} campaigns, {flagged:,} accounts flagged"
    )
    for campaign in result.campaigns:
        click.echo(
            f"  {campaign.campaign_id}  {len(campaign.members):,} accounts, declared "
            f"{campaign.declared_at:%Y-%m-%d %H:%M} UTC, {campaign.exchanges:,} exchanges"
        )
    for name, rows in bad.items():
        if rows:
            click.echo(f"{rows:,} rows of {name} are in {out / 'quarantine'}", err=True)
    click.echo(f"report: {out / 'report.html'}", err=True)
