"""``stillwatch report filing|notice``: to an authority, to the holder of an account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli.report_options import (
    Output,
    as_json,
    in_a_form,
    measures_option,
    needing,
    opened_templates,
    put,
    put_paper,
    read_scan,
    results_option,
)
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.report.statements.notice import Notice
    from stillwatch.stop.appeals import Contested

__all__ = ["filing", "notice"]

_RUNGS = ("observe", "limit", "verify", "withhold", "cap", "mark", "hold", "decoy", "perturb")
_file = click.Path(path_type=Path, dir_okay=False)


@click.command("filing")
@click.argument("campaign_id", metavar="ID")
@results_option
@in_a_form("html", "pdf", "md", "json")
@click.option(
    "--stage",
    type=click.Choice(["early-warning", "notification", "final"]),
    default="final",
    show_default=True,
    help="Which of the reports on one incident.",
)
@click.option(
    "--form",
    "forms",
    multiple=True,
    type=click.Choice(["incident", "export-control"]),
    help="Kind of authority; both if absent.",
)
@click.option("--answers", type=_file, help="TOML file of what only your organisation knows.")
@click.option("--with-accounts", is_flag=True, help="List account ids, which are personal data.")
@measures_option
def filing(
    campaign_id: str,
    results: Path,
    output: Output,
    stage: str,
    forms: tuple[str, ...],
    answers: Path | None,
    measures: Path | None,
    *,
    with_accounts: bool,
) -> None:
    """Draft a filing of the campaign ID for an authority.

    Fields that only your organisation can answer are marked and named on standard error; what the
    scan has nothing on says so.
    """
    from stillwatch.report.statements.campaign import campaign_of  # noqa: PLC0415
    from stillwatch.report.statements.filing import (  # noqa: PLC0415 - help imports no table
        FORMS,
        Filing,
        filing_facts,
        read_answers,
    )
    from stillwatch.report.statements.measures import read_measures  # noqa: PLC0415

    scan = read_scan(results)
    campaign = campaign_of(scan, campaign_id)
    applied = None if measures is None else read_measures(measures)
    wanted = Filing(
        stage=stage,
        forms=tuple(dict.fromkeys(forms)) or FORMS,
        with_accounts=with_accounts,
        answers={} if answers is None else read_answers(answers),
        applied=None
        if applied is None
        else [one for one in applied if one.campaign == campaign.campaign_id],
    )
    templates = opened_templates(output)
    facts = filing_facts(scan, campaign, wanted, templates)
    missing: Any = facts["open"]
    if missing:
        click.echo("to be filled in: " + ", ".join(answer.key for answer in missing), err=True)
    if output.form == "json":
        put(as_json(_plain_filing(facts)), output)
    else:
        put_paper("filing", facts, output, templates, scan.as_of)


def _plain_filing(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filing as JSON."""
    return {
        "campaign_id": facts["campaign"].campaign_id,
        "stage": facts["stage"],
        "forms": list(facts["forms"]),
        "fields": [
            {
                "section": section.key,
                "field": answer.key,
                "asks": answer.asks,
                "status": answer.status,
                "answer": answer.says,
                "sources": list(answer.sources),
            }
            for section in facts["sections"]
            for answer in section.answers
        ],
        "indicators": [
            {
                "indicator": item.key,
                "says": item.says,
                "status": item.status,
                "findings": [
                    {"detector": finding.detector, "explanation": finding.explanation}
                    for finding in item.findings
                ],
            }
            for item in facts["indicators"]
        ],
        "accounts": [member.account_id for member in facts["members"]],
        "sources": facts["sources"],
    }


@click.command("notice")
@click.argument("account", required=False, default="")
@click.option(
    "--results", type=click.Path(path_type=Path, file_okay=False), help="Output folder of the scan."
)
@in_a_form("html", "pdf", "md", "json")
@click.option("--token", default="", help="Token of the appeal link that a decision came with.")
@click.option("--token-key", type=_file, help="Key of appeal tokens.")
@click.option("--measure", type=click.Choice([*_RUNGS, "refuse"]), help="What is done.")
@click.option("--reason", "reasons", multiple=True, help="Code of a reason; may be repeated.")
@click.option("--approved", is_flag=True, help="A person approved it; automatic if absent.")
@click.option("--decided", help="When it was decided, ISO 8601.")
@click.option("--until", help="When it ends, ISO 8601.")
@click.option(
    "--lifted-by",
    type=click.Choice(["time", "verification", "appeal"]),
    help="What lifts it.",
)
@click.option("--policy", type=_file, help="Policy file: its links of appeal and terms are taken.")
@click.option("--service", default="", help="What it applies to, in your words.")
@click.option("--territory", default="", help="Where it applies, in your words.")
@click.option("--terms", default="", help="Link of the terms.")
@click.option("--clause", default="", help="Which of the terms, and why it is broken.")
@click.option("--appeal", default="", help="Link where it is contested.")
@click.option("--dispute", default="", help="Who settles disputes out of court.")
@click.option("--contact", default="", help="Who sends it, with address.")
def notice(
    account: str,
    results: Path | None,
    output: Output,
    token: str,
    token_key: Path | None,
    measure: str | None,
    reasons: tuple[str, ...],
    decided: str | None,
    until: str | None,
    lifted_by: str | None,
    policy: Path | None,
    *,
    approved: bool,
    **texts: str,
) -> None:
    """Write a notice to the holder of ACCOUNT: a statement of reasons.

    The decision is that of --token, or that of --results and --measure. The words reveal no part of
    a signature. What is missing is marked, and named on standard error.
    """
    with needing("serve"):
        from stillwatch.report.statements.notice import (  # noqa: PLC0415 - help imports no table
            notice_facts,
        )

        if token:
            made, dated = _contested(token, token_key), None
        elif results is not None and account and measure:
            made, dated = _by_hand(account, results, measure, reasons, approved=approved)
        else:
            raise ConfigurationError(
                "which decision is not said", todo="give --token, or ACCOUNT, --results, --measure"
            )
        said: dict[str, Any] = {
            "decided": _time(decided) if decided else None,
            "expires": _time(until) if until else None,
            "lifted_by": lifted_by,
            **_links(policy),
            **{name: text for name, text in texts.items() if text},
        }
        made = replace(made, **{name: value for name, value in said.items() if value})
        templates = opened_templates(output)
        facts = notice_facts(made, output.language, templates)
    missing: Any = facts["missing"]
    if missing:
        click.echo("to be filled in before it is sent: " + ", ".join(missing), err=True)
    if output.form == "json":
        plain = {n: v.isoformat() if isinstance(v, datetime) else v for n, v in facts.items()}
        put(as_json(plain), output)
    else:
        put_paper("notice", facts, output, templates, made.decided or dated or datetime.now(UTC))


def _links(policy: Path | None) -> dict[str, str]:
    from stillwatch.stop.responses import read_policy  # noqa: PLC0415

    if policy is None:
        return {}
    links = read_policy(policy).links
    return {"appeal": links.appeal, "terms": links.terms}


def _by_hand(
    account: str, results: Path, measure: str, reasons: tuple[str, ...], *, approved: bool
) -> tuple[Notice, datetime]:
    """Return what a scan says, with the measure that is named, and the scan's last look."""
    from stillwatch.report.documents import read_verdict  # noqa: PLC0415
    from stillwatch.report.statements.notice import Notice, codes_of  # noqa: PLC0415
    from stillwatch.stop.interface import Rung  # noqa: PLC0415

    scan = read_scan(results)
    verdict = read_verdict(results, scan, account)
    codes = reasons or codes_of(scan, verdict)
    made = Notice(
        account=verdict.account_id,
        rung=Rung[measure.upper()],
        codes=("approved-measure", *codes) if approved else codes,
        automatic=not approved,
        decided=None,
        expires=None,
    )
    return made, scan.as_of


def _contested(token: str, token_key: Path | None) -> Notice:
    """Return the decision that a link's token holds."""
    from stillwatch.records import utc  # noqa: PLC0415
    from stillwatch.report.statements.notice import Notice  # noqa: PLC0415
    from stillwatch.stop.appeals import TokenKey  # noqa: PLC0415
    from stillwatch.stop.interface import Rung  # noqa: PLC0415
    from stillwatch.stop.responses.reasons import WORDS  # noqa: PLC0415

    if token_key is None:
        raise ConfigurationError("a token is sealed", todo="give the desk's key with --token-key")
    now = round(datetime.now(UTC).timestamp() * 1e6)
    held: Contested = TokenKey.read(token_key).open(token, now=now)
    return Notice(
        account=held.account,
        rung=Rung(held.rung),
        codes=tuple(code for code in held.codes if code in WORDS),
        automatic=held.codes[:1] != ["approved-measure"],
        decided=utc(held.decided),
        expires=utc(held.expires) if held.expires else None,
        lifted_by=held.lifted_by,
    )


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            "not a time of ISO 8601", where=ascii(text)[:80], todo="write 2026-09-01T12:00:00Z"
        ) from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
