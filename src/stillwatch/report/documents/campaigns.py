"""``campaigns.json``: a scan's campaigns as a document, written and read back.

The format is published as ``campaigns.schema.json`` beside this file and described in
``docs/reference/outputs.md``.  Nothing in it depends on the wall clock: two scans of the same
log give the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from stillwatch import __version__
from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.records import Campaign, Finding
from stillwatch.report.documents.beside import beside_campaign, parse_beside, stated

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from stillwatch.records import ScanResult
    from stillwatch.report.assumptions import Assumptions
    from stillwatch.report.damage import Damage

__all__ = ["CAMPAIGNS", "PublishedScan", "campaigns_schema", "encode", "read_campaigns"]

CAMPAIGNS = "campaigns.json"
"""Name of the file in the output folder."""

_VERSION = 1
_LARGEST = 1e308


@dataclass(frozen=True, slots=True)
class PublishedScan:
    """What ``campaigns.json`` says."""

    as_of: datetime
    """Last look of the scan."""
    first: datetime | None
    """First exchange."""
    exchanges: int
    """Exchanges read."""
    accounts: int
    """Accounts seen."""
    looks: int
    """Looks taken."""
    groups_tested: int
    """Groups m over which the error rate is controlled."""
    alpha: float
    """Operator's false-coordination rate."""
    missing: tuple[str, ...]
    """What could not be judged, one sentence each."""
    campaigns: tuple[Campaign, ...]
    """Declared campaigns, earliest first."""
    digests: Mapping[str, str]
    """SHA-256 by name of the files written with this one."""
    document: Mapping[str, Any]
    """The JSON document itself, for callers that pass it on."""


def campaigns_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that ``campaigns.json`` obeys."""
    text = resources.files(__package__).joinpath("campaigns.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def encode(
    result: ScanResult,
    digests: Mapping[str, str],
    activity: pa.Table | None,
    damages: Mapping[str, Damage] | None = None,
    assumptions: Assumptions | None = None,
) -> str:
    """Return the document as JSON text, ASCII only.

    Args:
        result: the scan.
        digests: SHA-256 by file name of the files published with it.
        activity: table with the columns of ``tables.ACTIVITY``, or None.
        damages: by campaign id.
        assumptions: what they rest on.
    """
    bins, damages = _bins(activity), damages or {}
    document = {
        "schema_version": _VERSION,
        "stillwatch": __version__,
        "scan": {
            "as_of": _text(result.as_of),
            "first": _text(result.first),
            "exchanges": int(result.exchanges),
            "accounts": int(result.accounts),
            "looks": int(result.looks),
            "groups_tested": int(result.groups_tested),
            "alpha": float(result.alpha),
            "account_type": str(result.account_type),
            "missing": list(result.missing),
            "events": [
                {"time": _text(event.time), "type": event.type, "model": event.model}
                for event in result.events
            ],
        },
        "files": {name: {"sha256": value} for name, value in digests.items()},
        "campaigns": [
            _campaign(campaign, bins.get(campaign.campaign_id, []))
            | beside_campaign(campaign, damages.get(campaign.campaign_id))
            for campaign in result.campaigns
        ],
        "assumptions": stated(assumptions) if damages and assumptions is not None else [],
    }
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def read_campaigns(out: Path) -> PublishedScan:
    """Read ``campaigns.json`` of an output folder.

    Args:
        out: the folder that ``stillwatch scan --out`` wrote.

    Raises:
        SourceNotFoundError: there is no such file.
        InputFormatError: the file is not what this version writes.
    """
    path = out / CAMPAIGNS
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise _no_scan(path, error) from error
    except UnicodeDecodeError as error:
        raise _not_ours(path, str(error)) from error
    try:
        document = json.loads(text)
        if document["schema_version"] != _VERSION:
            raise _not_ours(path, f"schema_version is {document['schema_version']!r}, not 1")
        return _published(document)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _not_ours(path, f"{type(error).__name__}: {error}") from error


def _published(document: Any) -> PublishedScan:  # noqa: ANN401 - whatever the JSON holds
    scan = document["scan"]
    return PublishedScan(
        as_of=datetime.fromisoformat(scan["as_of"]),
        first=_time(scan["first"]),
        exchanges=int(scan["exchanges"]),
        accounts=int(scan["accounts"]),
        looks=int(scan["looks"]),
        groups_tested=int(scan["groups_tested"]),
        alpha=float(scan["alpha"]),
        missing=tuple(scan["missing"]),
        campaigns=tuple(_parse_campaign(item) for item in document["campaigns"]),
        digests={name: entry["sha256"] for name, entry in document["files"].items()},
        document=document,
    )


def _campaign(campaign: Campaign, bins: list[dict[str, Any]]) -> dict[str, Any]:
    members = sorted(campaign.members.items(), key=lambda item: (-item[1], str(item[0])))
    return {
        "campaign_id": campaign.campaign_id,
        "kind": campaign.kind,
        "kind_confidence": _number(campaign.kind_confidence),
        "log_e": _number(campaign.log_e),
        "first_seen": _text(campaign.first_seen),
        "declared_at": _text(campaign.declared_at),
        "exchanges": int(campaign.exchanges),
        "leaked": int(campaign.leaked),
        "recommended_measure": campaign.recommended_measure,
        "review_only": bool(campaign.review_only),
        "explanations": list(campaign.explanations),
        "members": [
            {
                "account_id": _plain(account),
                "probability": _number(probability),
                "flagged_at": _text(campaign.flagged_at.get(account)),
            }
            for account, probability in members
        ],
        "findings": [_finding(finding) for finding in campaign.findings],
        "activity": bins,
        "signature": _plain(campaign.signature),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "detector": finding.detector,
        "family": finding.family,
        "group": finding.group,
        "role": finding.role,
        "log_e": _number(finding.log_e),
        "enough_data": bool(finding.enough_data),
        "effect": _number(finding.effect),
        "n": int(finding.n),
        "first": _text(finding.first),
        "last": _text(finding.last),
        "explanation": finding.explanation,
        "exchanges": list(finding.exchanges),
    }


def _parse_campaign(item: Mapping[str, Any]) -> Campaign:
    members = item["members"]
    return Campaign(
        campaign_id=item["campaign_id"],
        members={m["account_id"]: _float(m["probability"]) for m in members},
        flagged_at={
            m["account_id"]: datetime.fromisoformat(m["flagged_at"])
            for m in members
            if m["flagged_at"] is not None
        },
        findings=tuple(_parse_finding(finding) for finding in item["findings"]),
        log_e=_float(item["log_e"]),
        first_seen=datetime.fromisoformat(item["first_seen"]),
        declared_at=datetime.fromisoformat(item["declared_at"]),
        exchanges=int(item["exchanges"]),
        leaked=int(item["leaked"]),
        kind=item["kind"],
        kind_confidence=_float(item["kind_confidence"]),
        recommended_measure=item["recommended_measure"],
        review_only=item["review_only"],
        explanations=tuple(item["explanations"]),
        signature=item["signature"],
        **parse_beside(item),
    )


def _parse_finding(item: Mapping[str, Any]) -> Finding:
    return Finding(
        detector=item["detector"],
        family=item["family"],
        group=item["group"],
        log_e=_float(item["log_e"]),
        enough_data=item["enough_data"],
        effect=_float(item["effect"]),
        n=int(item["n"]),
        first=_time(item["first"]),
        last=_time(item["last"]),
        explanation=item["explanation"],
        exchanges=tuple(item["exchanges"]),
        role=item["role"],
    )


def _bins(activity: pa.Table | None) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    if activity is None:
        return found
    for row in activity.sort_by([("campaign_id", "ascending"), ("time", "ascending")]).to_pylist():
        found.setdefault(row["campaign_id"], []).append(
            {
                "time": _text(row["time"]),
                "exchanges": row["exchanges"],
                "accounts_created": row["accounts_created"],
                "accounts_blocked": row.get("accounts_blocked") or 0,
            }
        )
    return found


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _number(value: float) -> float | None:
    """JSON has no infinity and no NaN: the former is clamped, the latter null."""
    value = float(value)
    return None if math.isnan(value) else max(-_LARGEST, min(_LARGEST, value))


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _plain(value: object) -> Any:  # noqa: ANN401, PLR0911 - a JSON value of any type, a case each
    """Return what JSON can hold; a signature may hold arrays, bytes and times."""
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return _number(value)
        case datetime():
            return _text(value)
        case bytes() | bytearray():
            return bytes(value).hex()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case AbstractSet():
            return sorted((_plain(item) for item in value), key=str)
        case Sequence():
            return [_plain(item) for item in value]
        case _ if hasattr(value, "tolist"):  # numpy scalars and arrays
            return _plain(value.tolist())
        case _:
            message = f"a signature cannot hold {type(value).__name__}"
            raise TypeError(message)


def _no_scan(path: Path, error: OSError) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"no scan to read: {error.strerror or error}",
        where=str(path),
        todo="run stillwatch scan first, or name its output folder with --out",
    )


def _not_ours(path: Path, what: str) -> InputFormatError:
    return InputFormatError(
        f"not a campaigns document of this version: {what}",
        where=str(path),
        todo="scan again with this version of stillwatch",
    )
