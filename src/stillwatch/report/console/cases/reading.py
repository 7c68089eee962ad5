"""A scan's folder in, rows of the console's tables out.

Prompts never get here: ``campaigns.json`` holds none, and the report, which shows some where the
operator asked for them (``scan --show-prompts``), is not read.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError
from stillwatch.report.documents import FINDINGS, VERDICTS, read_campaigns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stillwatch.report.documents import PublishedScan

__all__ = ["Found", "ScanFolder", "digest_of", "held", "micros", "read_folder"]

_LARGEST = 4 << 30
_DAY = 86_400_000_000
_COST = "made_by_people"
"""The figure of damage that is sorted by and added up: what the data would have cost to make."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan says of one campaign, as rows."""

    campaign_id: str
    digest: str
    row: Mapping[str, Any]
    body: str
    """What is shown and neither sorted nor filtered, as JSON."""
    members: tuple[Mapping[str, Any], ...]
    votes: tuple[Mapping[str, Any], ...]
    entities: tuple[Mapping[str, Any], ...]
    edges: tuple[Mapping[str, Any], ...]
    streams: tuple[Mapping[str, Any], ...]
    bins: tuple[Mapping[str, Any], ...]
    merged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScanFolder:
    """A scan's results."""

    digest: str
    run: Mapping[str, Any]
    campaigns: tuple[Found, ...]
    days: tuple[Mapping[str, Any], ...]
    verdicts: pa.Table
    """Columns of ``records.verdict_schema``, account ids as text."""
    groups: tuple[Mapping[str, Any], ...] = field(default=())


def digest_of(value: object) -> str:
    """Return the SHA-256 of a JSON value, in hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def held(text: object) -> str:
    r"""Return text that every database holds: NUL and lone surrogates are spelled out.

    >>> held("a\0b\ud800"), held(7)
    ('a\\x00b\\ud800', '7')
    """
    return str(text).encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def micros(text: str | None) -> int | None:
    """Return RFC 3339 text as microseconds since 1970.

    >>> micros("1970-01-01T00:00:00.000001Z")
    1
    """
    if text is None:
        return None
    whole, rest = divmod((datetime.fromisoformat(text) - _EPOCH).total_seconds(), 1)
    return int(whole) * 1_000_000 + round(rest * 1_000_000)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


def read_folder(folder: Path) -> ScanFolder:
    """Read a scan's output folder.

    Raises:
        SourceNotFoundError: a file is absent.
        InputFormatError: a file is damaged, or another scan's than ``campaigns.json``.
    """
    scan = read_campaigns(folder)
    verdicts, findings = (_table(folder / name, name, scan) for name in (VERDICTS, FINDINGS))
    try:
        kind = verdicts.schema.field("account_id").type
        place = verdicts.schema.get_field_index("account_id")
        texts = verdicts["account_id"].cast(pa.string())
        verdicts = verdicts.set_column(place, "account_id", texts)
        campaigns = tuple(_found(item) for item in scan.document["campaigns"])
        _single(texts.to_pylist(), "an account")
        _single([one.campaign_id for one in campaigns], "a campaign")
        return ScanFolder(
            digest=_mark(scan),
            run=_run(scan, verdicts, folder, str(kind)),
            campaigns=campaigns,
            days=_days(campaigns),
            verdicts=verdicts,
            groups=tuple(_groups(findings)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, pa.ArrowException) as error:
        raise InputFormatError(
            f"not a scan's results: {type(error).__name__}: {error}",
            where=str(folder),
            todo="scan again with this version of stillwatch",
        ) from error


def _mark(scan: PublishedScan) -> str:
    """Return what is another wherever the scan says something else.

    Digests of files for people are left out: a report tells how long the scan took.
    """
    said = {name: part for name, part in scan.document.items() if name != "files"}
    return digest_of([said, [scan.digests.get(name) for name in (VERDICTS, FINDINGS)]])


def _single(names: Sequence[str | None], what: str) -> None:
    if None in names or len({held(name) for name in names}) != len(names):
        raise ValueError(f"{what} stands twice, or has no id")


def _table(path: Path, name: str, scan: PublishedScan) -> pa.Table:
    raw = read_small(path, "a file of the scan", _LARGEST)
    if hashlib.sha256(raw).hexdigest() != scan.digests.get(name):
        raise InputFormatError(
            "this is not the file that campaigns.json was written with",
            where=str(path),
            todo="a scan is being published or a file was changed: import again, or scan again",
        )
    try:
        return pq.read_table(io.BytesIO(raw))
    except (pa.ArrowException, OSError) as error:
        raise InputFormatError(
            f"not a table: {error}", where=str(path), todo="scan again"
        ) from error


def _run(scan: PublishedScan, verdicts: pa.Table, folder: Path, kind: str) -> dict[str, Any]:
    said = scan.document["scan"]
    damages = [item.get("damage") for item in scan.document["campaigns"]]
    events = [
        [micros(event["time"]), held(event["type"]), held(event["model"] or "")]
        for event in said.get("events", ())
    ]
    return {
        "folder": held(folder),
        "as_of": micros(said["as_of"]),
        "first": micros(said["first"]),
        "exchanges": scan.exchanges,
        "accounts": scan.accounts,
        "campaigns": len(scan.campaigns),
        "flagged": len(verdicts) - verdicts["flagged_at"].null_count,
        "harvested": sum(one.exchanges for one in scan.campaigns),
        "leaked": sum(one.leaked for one in scan.campaigns),
        "groups_tested": scan.groups_tested,
        "alpha": scan.alpha,
        "account_type": kind,
        "currency": next((held(one["currency"]) for one in damages if one), ""),
        "missing": json.dumps([held(text) for text in scan.missing]),
        "events": json.dumps(events),
    }


def _found(item: Mapping[str, Any]) -> Found:
    name = held(item["campaign_id"])
    entities = {held(one["name"]): one for one in item.get("entities", ())}
    edges = sorted(
        {(entity, held(account)) for entity, one in entities.items() for account in one["members"]}
    )
    shares: dict[str, int] = {}
    for _, account in edges:
        shares[account] = shares.get(account, 0) + 1
    members = {held(one["account_id"]): one for one in item["members"]}
    return Found(
        campaign_id=name,
        digest=digest_of(item),
        row=_row(item),
        body=_body(item),
        members=tuple(
            {
                "account": account,
                "probability": float(one["probability"]),
                "flagged_at": micros(one["flagged_at"]),
                "shares": shares.get(account, 0),
            }
            for account, one in members.items()
        ),
        votes=tuple(
            {
                "family": held(one["family"]),
                "log_e": float(one["log_e"]),
                "crowd": json.dumps([float(value) for value in one["null"]]),
                "crowds": int(one["crowds"]),
            }
            for one in {held(one["family"]): one for one in item.get("votes", ())}.values()
        ),
        entities=tuple(
            {
                "name": entity,
                "kind": held(one["kind"]),
                "held": int(one["held"]),
                "others": int(one["others"]),
            }
            for entity, one in entities.items()
        ),
        edges=tuple({"name": entity, "account": account} for entity, account in edges),
        streams=tuple(_streams(item.get("usage", ()))),
        bins=tuple(_bins(item)),
        merged=tuple(held(one) for one in item.get("merged", ())),
    )


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": held(item["kind"]),
        "kind_confidence": float(item["kind_confidence"]),
        "members": len({held(one["account_id"]) for one in item["members"]}),
        "flagged": sum(one["flagged_at"] is not None for one in item["members"]),
        "first_seen": micros(item["first_seen"]),
        "declared_at": micros(item["declared_at"]),
        "exchanges": int(item["exchanges"]),
        "leaked": int(item["leaked"]),
        "log_e": _number(item["log_e"]),
        "log_odds": _number(item.get("log_odds")),
        "measure": held(item["recommended_measure"]),
        "review_only": bool(item["review_only"]),
        "cost": _cost(item)[1],
        "split_from": held(item.get("split_from") or ""),
    }


def _body(item: Mapping[str, Any]) -> str:
    names = ("explanations", "findings", "examples", "harvested", "damage", "merged")
    return json.dumps({name: item.get(name) for name in names}, ensure_ascii=True)


def _streams(usage: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = ("exchanges", "leaked", "input_tokens", "output_tokens")
    return [
        {"kind": "model", "name": model, **{name: int(one[name]) for name in names}}
        for model, one in {held(one["model"]): one for one in usage}.items()
    ]


def _bins(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return six hours each; what leaked is what came first."""
    left, rows = int(item["leaked"]), {}
    for one in sorted(item["activity"], key=lambda one: str(one["time"])):
        leaked = min(left, int(one["exchanges"]))
        left -= leaked
        time = micros(one["time"])
        rows[time] = {
            "time": time,
            "exchanges": int(one["exchanges"]),
            "leaked": leaked,
            "created": int(one["accounts_created"]),
            "blocked": int(one.get("accounts_blocked") or 0),
        }
    return list(rows.values())


def _cost(item: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    for figure in (item.get("damage") or {}).get("figures", ()):
        if figure["name"] == _COST:
            whole = figure["whole"]
            return float(whole["low"]), float(whole["likely"]), float(whole["high"])
    return None, None, None


def _days(campaigns: Sequence[Found]) -> tuple[Mapping[str, Any], ...]:
    """Return sums by day; a campaign's cost is spread evenly over its exchanges."""
    days: dict[int, dict[str, Any]] = {}
    for campaign in campaigns:
        cost = _cost(json.loads(campaign.body))
        sent = max(int(campaign.row["exchanges"]), 1)
        for one in campaign.bins:
            day = one["time"] // _DAY * _DAY
            sums = days.setdefault(
                day,
                {"day": day, "exchanges": 0, "leaked": 0, "created": 0, "blocked": 0}
                | dict.fromkeys(("low", "likely", "high")),
            )
            for name in ("exchanges", "leaked", "created", "blocked"):
                sums[name] += one[name]
            for name, value in zip(("low", "likely", "high"), cost, strict=True):
                if value is not None:
                    sums[name] = (sums[name] or 0.0) + value * one["exchanges"] / sent
    return tuple(days[day] for day in sorted(days))


def _groups(findings: pa.Table) -> list[dict[str, Any]]:
    """Return the groups that were not declared, strongest first."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in findings.filter(pc.is_null(findings["campaign_id"])).to_pylist():
        by_name.setdefault(held(row["group"]), []).append(row)
    found = []
    for name, rows in by_name.items():
        spoken = [row["explanation"] for row in rows if row["detector"] == "decision"]
        explained = [row for row in rows if row["role"] == "explanation" and row["enough_data"]]
        rule = (spoken or [row["explanation"] for row in explained] or [""])[0]
        for row in rows:
            for side in ("first", "last"):
                row[side] = row[side].isoformat() if row[side] else None
            row["log_e"], row["effect"] = _number(row["log_e"]), _number(row["effect"])
        weights = [row["log_e"] or 0.0 for row in rows if row["role"] == "evidence"]
        weak = any(rule.startswith(f"not declared, J-{n}:") for n in (2, 9, 10, 11, 12))
        found.append(
            {
                "name": name,
                "accounts": max(row["n"] for row in rows),
                "log_e": float(sum(weights)),
                "rule": held(rule),
                "explained": bool(explained) and not weak,
                "body": json.dumps(rows, ensure_ascii=True),
            }
        )
    return found


def _number(value: float | None) -> float | None:
    """Return a number that JSON and every database hold: 1e308 for what is infinite."""
    if value is None or math.isnan(value):
        return None
    return max(-1e308, min(1e308, float(value)))
