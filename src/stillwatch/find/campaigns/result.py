"""What a replay found, as records for people and files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stillwatch.find.campaigns.detail import entities_of, examples_of, spread, usage_of
from stillwatch.find.campaigns.harvests import Harvests, harvests_of
from stillwatch.find.campaigns.kinds import kind_of
from stillwatch.find.campaigns.missing import missing_columns
from stillwatch.find.campaigns.nulls import Nulls
from stillwatch.find.campaigns.trace import Tracer
from stillwatch.find.campaigns.weigh import weigh
from stillwatch.find.detectors import DETECTORS
from stillwatch.find.features.files import UNKEYED
from stillwatch.records import TIME, Campaign, Event, Finding, ScanResult, Verdict, utc

if TYPE_CHECKING:
    from datetime import datetime

    from stillwatch.find.campaigns.carried import Declared
    from stillwatch.find.campaigns.judge import Judged
    from stillwatch.find.campaigns.replay import Replay
    from stillwatch.find.features.view import View

__all__ = ["assemble", "set_aside"]

_BIN = 6 * 3_600_000_000
_SAMPLE = 8
_EXPLAINED = 40
"""Groups that fell short which are reported, heaviest first."""
_BY_SLUG = {detector.slug: detector for detector in DETECTORS}


def assemble(
    found: Replay,
    alpha: float,
    seconds: dict[str, float],
    *,
    key: int = 0,
    fingerprint: str = UNKEYED,
    without: frozenset[str] = frozenset(),
    provider_events: pa.Table | None = None,
) -> tuple[ScanResult, pa.Table]:
    """Return the scan's result and the campaigns' activity by six hours.

    Args:
        found: what the looks said.
        alpha: rate of false coordination.
        seconds: by stage.
        key: of the observations' hashes; what was harvested is told by it.
        fingerprint: of that key, for signatures.
        without: families and detectors that were left out.
        provider_events: columns as in ``records.PROVIDER_EVENT``, or None.
    """
    view, log = found.view, found.view.log
    nulls = Nulls(view, without) if found.campaigns else None
    beside = _Beside(Tracer(view, fingerprint), Harvests(key), nulls)
    campaigns, findings, activity = [], [], []
    names: dict[int, str] = {}
    for declared in found.campaigns:
        name = declared.parts[0].name
        own = _findings(declared.judged, name, view)
        for account in declared.flagged_at:
            names.setdefault(account, name)
        rows = np.array(sorted(declared.rows), np.int64)
        campaigns.append(_campaign(declared, name, own, rows, view, beside))
        findings.extend(own)
        activity.append(_activity(name, declared, rows, view))
    fallen = sorted(
        ((judged, rule) for judged, rule in found.refused.values()),
        key=lambda item: (-item[0].total, item[0].accounts.tobytes()),
    )
    for number, (judged, rule) in enumerate(fallen[:_EXPLAINED]):
        findings.extend(set_aside(judged, rule, f"group-{number + 1}", view))
    result = ScanResult(
        account_type=log.accounts.ids.type,
        verdicts=_verdicts(found, names, fallen, view),
        campaigns=tuple(sorted(campaigns, key=lambda c: (c.declared_at, c.campaign_id))),
        findings=tuple(findings),
        as_of=utc(view.time),
        first=utc(int(log.time[0])) if len(log) else None,
        exchanges=view.rows,
        accounts=len(log.accounts),
        looks=found.looks,
        groups_tested=found.tested,
        alpha=alpha,
        missing=missing_columns(log),
        seconds=seconds,
        events=_events(provider_events, view.time),
    )
    return result, _table(activity)


def _table(activity: list[list[tuple[str, datetime, int, int, int]]]) -> pa.Table:
    rows = [row for part in activity for row in part]
    names = ("campaign_id", "time", "exchanges", "accounts_created", "accounts_blocked")
    types = (pa.string(), TIME, pa.int64(), pa.int64(), pa.int64())
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pa.Table.from_arrays(arrays, names=list(names))


@dataclass(frozen=True, slots=True)
class _Beside:
    """What campaigns are compared with."""

    tracer: Tracer
    harvests: Harvests
    nulls: Nulls | None


def _events(table: pa.Table | None, until: int) -> tuple[Event, ...]:
    if table is None:
        return ()
    models = table["model"] if "model" in table.schema.names else pa.nulls(table.num_rows)
    rows = zip(
        table["time"].to_pylist(), table["type"].to_pylist(), models.to_pylist(), strict=True
    )
    events = [Event(time, kind, model) for time, kind, model in rows if time <= utc(until)]
    return tuple(sorted(events, key=lambda event: (event.time, event.type, event.model or "")))


def _findings(judged: Judged, name: str, view: View) -> list[Finding]:
    sample = _sample(judged.rows, view)
    first = last = None
    if judged.rows.size:
        times = view.log.time[judged.rows]
        first, last = utc(int(times.min())), utc(int(times.max()))
    found = [
        Finding(
            detector=slug,
            family=_BY_SLUG[slug].family,
            group=name,
            log_e=value,
            enough_data=judged.enough[slug],
            effect=judged.effect[slug] if judged.enough[slug] else 0.0,
            n=judged.support[slug],
            first=first,
            last=last,
            explanation=(
                _BY_SLUG[slug].explain(judged.effect[slug], judged.support[slug])
                if judged.enough[slug]
                else "not enough data"
            ),
            exchanges=sample if value > 0 else (),
        )
        for slug, value in judged.log_e.items()
    ]
    found.append(_proposal(judged, name, view, first, last, sample))
    return sorted(found, key=lambda f: (-f.log_e, f.detector))


def _proposal(
    judged: Judged,
    name: str,
    view: View,
    first: datetime | None,
    last: datetime | None,
    sample: tuple[str, ...],
) -> Finding:
    carried = int(view.carriers[judged.facets].max(initial=0))
    return Finding(
        detector="shared-segments",
        family="content",
        group=name,
        log_e=0.0,
        enough_data=True,
        effect=float(judged.facets.size),
        n=judged.members.size,
        first=first,
        last=last,
        explanation=(
            f"{judged.facets.size} rare pieces of text come back again and again in the exchanges "
            f"of {judged.members.size} accounts; the most common of them has {carried} carriers "
            "among all accounts"
        ),
        exchanges=sample,
        role="proposal",
    )


def set_aside(judged: Judged, rule: str, name: str, view: View) -> list[Finding]:
    """Return the findings of a group that carried weight and was not declared.

    Args:
        judged: the group.
        rule: that it fell short of.
        name: of the group.
        view: what is known.
    """
    own = [f for f in _findings(judged, name, view) if f.log_e > 0 or f.role == "proposal"]
    own.append(
        Finding(
            detector="decision",
            family="content",
            group=name,
            log_e=0.0,
            enough_data=True,
            effect=judged.total,
            n=judged.members.size,
            first=own[0].first,
            last=own[0].last,
            explanation=f"not declared, {rule}",
            role="explanation",
        )
    )
    return own


def _sample(rows: np.ndarray[Any, Any], view: View) -> tuple[str, ...]:
    """Return ids of exchanges spread evenly over the group's rows."""
    return tuple(view.log.exchange_id[row].as_py() for row in spread(rows, _SAMPLE).tolist())


def _campaign(
    declared: Declared,
    name: str,
    findings: list[Finding],
    rows: np.ndarray[Any, Any],
    view: View,
    beside: _Beside,
) -> Campaign:
    ids = view.log.accounts.ids
    times = view.log.time[rows]
    judged = declared.judged
    kind, confidence = kind_of(judged, view)
    nulls = beside.nulls
    return Campaign(
        campaign_id=name,
        members={ids[a].as_py(): declared.probability[a] for a in declared.flagged_at},
        flagged_at={ids[a].as_py(): utc(t) for a, t in declared.flagged_at.items()},
        findings=tuple(findings),
        log_e=judged.total,
        first_seen=utc(int(times.min()) if times.size else declared.declared_at),
        declared_at=utc(declared.declared_at),
        exchanges=int(rows.size),
        leaked=int((times < declared.declared_at).sum()),
        kind=kind,
        kind_confidence=confidence,
        recommended_measure="withhold reasoning trace",
        explanations=_considered(judged),
        signature=beside.tracer.trace(
            name, np.array(sorted(declared.flagged_at), np.int32), rows, declared.declared_at
        ),
        harvested=harvests_of(rows, view, beside.harvests),
        usage=usage_of(rows, declared.declared_at, view),
        entities=entities_of(np.array(sorted(declared.flagged_at), np.int64), view),
        votes=() if nulls is None else nulls.votes(judged.families, judged.members.size),
        log_odds=weigh(judged),
        examples=examples_of(rows, view),
        split_from=declared.parts[0].of or None,
        merged=declared.parts[0].took,
    )


def _considered(judged: Judged) -> tuple[str, ...]:
    """Say which innocent explanations were weighed and why each does not carry."""
    jobs = judged.log_e["job-queue"]
    said = [
        "a class, newsletter or public benchmark: "
        + (
            "whole texts do not repeat between the accounts"
            if jobs >= 0
            else f"whole texts repeat a little between the accounts ({jobs:.1f} nats against)"
        ),
        "one organisation or mail domain: ties within one were not counted",
        "licensed distillation: accounts with a licence were left out",
    ]
    if judged.families["identity"] >= 2:
        said.append("one household or customer: no single value ties the group together")
    return tuple(said)


def _activity(
    name: str, declared: Declared, rows: np.ndarray[Any, Any], view: View
) -> list[tuple[str, datetime, int, int, int]]:
    members = np.fromiter(declared.flagged_at, np.int64)
    created = view.log.accounts.created[members]
    blocked = view.log.accounts.blocked[members]
    sent = Counter((view.log.time[rows] // _BIN).tolist())
    ended = Counter((blocked[(blocked >= 0) & (blocked <= view.time)] // _BIN).tolist())
    earliest = min(sent, default=0) - 4 * 28
    born = Counter(b for b in (created[created >= 0] // _BIN).tolist() if b >= earliest)
    return [
        (name, utc(b * _BIN), sent[b], born[b], ended[b]) for b in sorted({*sent, *born, *ended})
    ]


def _verdicts(
    found: Replay,
    names: dict[int, str],
    fallen: list[tuple[Judged, str]],
    view: View,
) -> tuple[Verdict, ...]:
    flagged: dict[int, Declared] = {}
    for declared in found.campaigns:
        for account in declared.flagged_at:
            flagged.setdefault(account, declared)
    weighed: dict[int, tuple[float, str]] = {}
    for judged, rule in reversed(fallen):
        for account in judged.members.tolist():
            weighed[account] = (0.5 * judged.total / (judged.total + 20.0), rule)
    verdicts = []
    for account, value in enumerate(view.log.accounts.ids.to_pylist()):
        campaign = flagged.get(account)
        if campaign is not None:
            verdicts.append(
                Verdict(
                    account_id=value,
                    campaign_id=names[account],
                    flagged_at=utc(campaign.flagged_at[account]),
                    score=campaign.probability[account],
                    reasons=_reasons(campaign.judged),
                    recommended_measure="withhold reasoning trace",
                )
            )
            continue
        score, rule = weighed.get(account, (0.0, ""))
        reasons: tuple[str, ...] = (f"weighed in a group and not flagged, {rule}",) if rule else ()
        if view.log.accounts.licensed[account]:
            reasons = (*reasons, "licensed: left out of all groups")
        verdicts.append(Verdict(value, None, None, score, reasons, "observe"))
    return tuple(verdicts)


def _reasons(judged: Judged) -> tuple[str, ...]:
    strongest = sorted(judged.log_e.items(), key=lambda item: (-item[1], item[0]))
    said = [
        _BY_SLUG[slug].explain(judged.effect[slug], judged.support[slug])
        for slug, value in strongest
        if value >= 0.5
    ]
    shared = f"carries text that {judged.members.size} accounts of the campaign use again and again"
    return (shared, *said)
