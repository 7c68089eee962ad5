"""What people decided about earlier scans' campaigns, as ``decisions.json`` holds it.

The file obeys ``decisions.schema.json`` beside this module; ``stillwatch console decisions`` writes
it.  It names nobody: the numbers lead to the console's log.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

__all__ = ["ACTIONS", "MORE", "NEW", "Ruling", "encode_rulings", "grown", "read_rulings", "schema"]

ACTIONS = ("confirm", "reject", "benign", "merge", "split", "move")
"""What a person can decide."""
NEW, MORE = 0.25, 3.0
"""Share of newcomers, in accounts decided on, and nats more than then, that are material growth."""
_FEWEST = 4
"""Newcomers that are material growth at least: as many as the smallest campaign has accounts."""
_LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision that stands."""

    number: int
    """Line of the console's log; decisions are applied in this order."""
    action: str
    """One of ACTIONS."""
    campaign_id: str
    at: datetime
    """When it was made, UTC."""
    reason: str
    """Why, in the person's words."""
    members: tuple[str, ...]
    """Accounts of the campaign when it was decided, as text."""
    log_odds: float | None = None
    """Evidence then, all of it weighed together, nats."""
    name: str = ""
    """Of the explanation (benign), or the id of the new campaign (split)."""
    other: str = ""
    """The campaign that it goes on in (merge, move); empty for none (move)."""
    accounts: tuple[str, ...] = ()
    """Those that are split off or moved."""


def grown(
    before: Collection[str],
    odds_before: float | None,
    now: Iterable[str],
    odds_now: float | None,
    *,
    explained: bool = False,
) -> str:
    """Say how a campaign's evidence grew materially since a decision, empty where it did not.

    Newcomers are material when they are four or more and a quarter of those decided on; so are
    three nats more of evidence, unless the campaign was explained: what explains it explains more
    of the same, and does not explain other accounts.

    Args:
        before: accounts decided on.
        odds_before: log odds then.
        now: accounts.
        odds_now: log odds.
        explained: whether it was found benign.

    >>> grown("abcdefgh", 5.0, "abcdefghij", 6.0), grown("abcdefgh", 5.0, "abcdefghijkl", 5.0)
    ('', '4 accounts have joined the 8 decided on')
    >>> grown("abcd", 5.0, "abcd", 8.5), grown("abcd", 5.0, "abcd", 8.5, explained=True)
    ('evidence rose from 5.0 to 8.5 nats', '')
    """
    fresh = len(set(now) - set(before))
    if fresh >= max(_FEWEST, math.ceil(NEW * len(before))):
        return f"{fresh} accounts have joined the {len(before)} decided on"
    if explained or odds_before is None or odds_now is None or odds_now < odds_before + MORE:
        return ""
    return f"evidence rose from {odds_before:.1f} to {odds_now:.1f} nats"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that the file obeys."""
    text = resources.files(__package__).joinpath("decisions.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def encode_rulings(rulings: Iterable[Ruling]) -> bytes:
    """Return the file's bytes, by number; the same decisions give the same bytes."""
    document = {
        "schema_version": 1,
        "decisions": [
            {
                "number": one.number,
                "action": one.action,
                "campaign_id": one.campaign_id,
                "at": one.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "reason": one.reason,
                "members": sorted(one.members),
                "log_odds": one.log_odds,
                "name": one.name,
                "other": one.other,
                "accounts": sorted(one.accounts),
            }
            for one in sorted(rulings, key=lambda one: one.number)
        ],
    }
    return (json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode()


def read_rulings(path: Path) -> tuple[Ruling, ...]:
    """Read ``decisions.json``.

    Args:
        path: the file.

    Raises:
        SourceNotFoundError: it cannot be opened.
        InputFormatError: it is not what this version writes.
    """
    raw = read_small(path, "the file of decisions", _LARGEST)
    try:
        document = json.loads(raw)
        if document["schema_version"] != 1:
            raise _not_ours(path, f"schema_version is {document['schema_version']!r}, not 1")
        found = tuple(_ruling(item) for item in document["decisions"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _not_ours(path, f"{type(error).__name__}: {error}") from error
    numbers = [one.number for one in found]
    if numbers != sorted(set(numbers)):
        raise _not_ours(path, "the decisions are not in the order of their numbers")
    return found


def _ruling(item: dict[str, Any]) -> Ruling:
    texts = {name: item[name] for name in ("action", "campaign_id", "reason", "name", "other")}
    lists = {name: item[name] for name in ("members", "accounts")}
    if not all(isinstance(text, str) for text in (*texts.values(), *lists["members"])):
        raise TypeError("a text is none")
    if not all(isinstance(text, str) for text in lists["accounts"]):
        raise TypeError("an account is no text")
    if texts["action"] not in ACTIONS or not isinstance(item["number"], int):
        raise ValueError(f"no decision: {texts['action']!r}, number {item['number']!r}")
    at = datetime.fromisoformat(item["at"])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return Ruling(
        number=item["number"],
        at=at.astimezone(UTC),
        log_odds=None if item["log_odds"] is None else float(item["log_odds"]),
        members=tuple(lists["members"]),
        accounts=tuple(lists["accounts"]),
        **texts,
    )


def _not_ours(path: Path, what: str) -> InputFormatError:
    return InputFormatError(
        f"not a file of decisions of this version: {what}",
        where=str(path),
        todo="write it with `stillwatch console decisions`",
    )
