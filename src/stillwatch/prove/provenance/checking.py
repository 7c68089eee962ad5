"""A log's prompts by account: how many came with a partner's token, and whose key chose the forms.

The two are never added up.  A verified token is of one prompt and needs no statistics; forms are
evidence of many prompts together and need no token.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import RefusedError
from stillwatch.prove.provenance.marking import Shown, places_of
from stillwatch.prove.provenance.tokens import in_system, verify
from stillwatch.prove.watermark.tails import holm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillwatch.ledger import VerifyKey
    from stillwatch.prove.watermark import WatermarkKey

__all__ = ["Checked", "Group", "Row", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One exchange of a log, as far as this needs it."""

    group: str
    """Account, or whatever is judged together."""
    prompt: str
    """User's turn."""
    system_prompt: str | None = None
    """System prompt."""
    token: str | None = None
    """From the log's field; a line of the system prompt counts where it is None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One key tried on one group."""

    group: str
    """Account."""
    key: str
    """Name of the key."""
    places: int
    """Distinct places of equivalent forms."""
    hits: int
    """Those that show what the key drew."""
    expected: float
    """So many by chance."""
    log10_p: float
    """log10 of the exact p-value."""
    log10_adjusted: float
    """The same after Holm over all groups and keys."""


@dataclass(slots=True)
class Group:
    """What one account sent."""

    rows: int = 0
    """Prompts."""
    licensed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Prompts with a verified token, by partner and licence."""
    repeated: int = 0
    """Verified tokens whose number had been there before, in any group."""
    refused: Counter[str] = field(default_factory=Counter)
    """Tokens that did not verify, by the rule that they broke."""
    shown: Shown = field(default_factory=Shown)
    """Forms."""


def check(
    rows: Iterable[Row],
    keys: Mapping[str, WatermarkKey],
    lines: Mapping[str, Sequence[str]],
    partners: Sequence[VerifyKey],
    *,
    typography: bool = False,
) -> tuple[dict[str, Group], list[Checked]]:
    """Return groups with their tokens, and every key tried on every group that has places.

    Memory grows with groups, distinct places and verified tokens.  A token that does not verify is
    counted and ends nothing.

    Args:
        rows: exchanges in the order of the log.
        keys: by name.
        lines: the partner's variants by slot.
        partners: public keys that tokens are trusted by.
        typography: whether apostrophes and dots are read too.
    """
    groups: dict[str, Group] = {}
    numbers: set[tuple[str, str]] = set()
    for row in rows:
        group = groups.setdefault(row.group, Group())
        group.rows += 1
        _take_token(row, group, numbers, partners)
        if keys:
            group.shown.add(places_of(row.prompt, row.system_prompt, lines, typography=typography))
    tried = [
        (name, label, group.shown.score(key))
        for name, group in groups.items()
        for label, key in keys.items()
    ]
    tried = [one for one in tried if one[2][0]]
    adjusted = holm(np.array([score[3] for _, _, score in tried])) if tried else np.empty(0)
    return groups, [
        Checked(
            group=name,
            key=label,
            places=places,
            hits=hits,
            expected=expected,
            log10_p=log10_p,
            log10_adjusted=log10_adjusted,
        )
        for (name, label, (places, hits, expected, log10_p)), log10_adjusted in zip(
            tried, adjusted.tolist(), strict=True
        )
    ]


def _take_token(
    row: Row, group: Group, numbers: set[tuple[str, str]], partners: Sequence[VerifyKey]
) -> None:
    text = row.token if row.token is not None else in_system(row.system_prompt)
    if text is None:
        return
    try:
        token = verify(text, row.prompt, partners)
    except RefusedError as error:
        group.refused[error.rule] += 1
        return
    if (token.by, token.number) in numbers:
        group.repeated += 1
        return
    numbers.add((token.by, token.number))
    group.licensed[token.by, token.licence] += 1
