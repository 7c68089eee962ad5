"""What a campaign harvests: phrases by which each kind of training data is asked for.

An observation holds no prompt, but keyed hashes of the pieces of its head and tail.  The phrases
of ``harvests.toml`` are hashed with the scan's key and looked up there.  Since half of all pieces
are kept and wordings vary, a phrase is seen in a part of the exchanges that carry it; so a kind's
share among the campaign's exchanges is compared with its share among everyone's.  Code shows in
its brackets and semicolons too.  Nothing here is evidence: the campaign was declared before.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.text import FORM_NAMES, sketch_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["HARVESTS", "Harvests", "harvests_of"]

_SAMPLE = 4_000
"""Exchanges of a campaign that are looked at."""
_USUAL = 20_000
"""Exchanges of everyone else that are looked at."""
_NONE, _FULL = 0.06, 0.4
"""Share of exchanges above everyone's at which a kind is thought of, and is as sure as it gets."""
_TRUST = 0.7
"""Most that a kind is believed: people too ask for steps and marks,
and a campaign may wear a tool's template over what it wants."""
_LEAST = 0.25
"""Confidence below which a kind is not named."""
_CODE = FORM_NAMES.index("code")
_TOKENS = FORM_NAMES.index("tokens")
_DENSE = 0.12
"""Code symbols a token from which on a text is code."""


@cache
def _phrases() -> Mapping[str, tuple[str, tuple[str, ...]]]:
    path = resources.files("stillwatch.find.campaigns") / "harvests.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    return {kind: (entry["says"], tuple(entry["phrases"])) for kind, entry in table.items()}


HARVESTS: Mapping[str, str] = {
    **{kind: says for kind, (says, _) in _phrases().items()},
    "unknown": "nothing asked for stands out, or the scan had another key than the observations",
}
"""Every kind of harvest, with what it means."""


class Harvests:
    """Tells harvests by their phrases under one key.

    Args:
        key: 64-bit key of the observations' hashes.
    """

    def __init__(self, key: int = 0) -> None:
        self._pieces = {kind: _hashes(said, key) for kind, (_, said) in _phrases().items()}
        self._made: tuple[View, dict[str, float]] | None = None

    def shares(self, rows: NDArray[np.int64], view: View) -> dict[str, float]:
        """Return, for each kind, the share of exchanges that carry one of its phrases.

        Args:
            rows: (n,) exchanges, any number.
            view: what is known.
        """
        log = view.log
        sizes = log.facet_ptr[rows + 1] - log.facet_ptr[rows]
        ends = np.cumsum(sizes)
        within = np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - sizes, sizes)
        pieces = log.facets[np.repeat(log.facet_ptr[rows], sizes) + within]
        owner = np.repeat(np.arange(rows.size), sizes)
        found = {}
        for kind, known in self._pieces.items():
            carry = np.zeros(rows.size, np.bool_)
            carry[owner[np.isin(pieces, known)]] = True
            if kind == "code":
                form = log.form[rows].astype(np.float64)
                carry |= form[:, _CODE] > _DENSE * np.maximum(form[:, _TOKENS], 1.0)
            found[kind] = float(carry.mean()) if rows.size else 0.0
        return found

    def usual(self, view: View) -> dict[str, float]:
        """Return the shares among everyone's exchanges, worked out once for a view."""
        if self._made is None or self._made[0] is not view:
            rows = np.arange(0, view.rows, max(1, view.rows // _USUAL), dtype=np.int64)
            self._made = (view, self.shares(rows, view))
        return self._made[1]


def harvests_of(rows: NDArray[np.int64], view: View, harvests: Harvests) -> dict[str, float]:
    """Return what was harvested, one of ``HARVESTS`` each with a confidence, surest first.

    Args:
        rows: (n,) exchanges of the campaign.
        view: what is known.
        harvests: under the key of the observations.

    Returns:
        Confidence in 0 to 1 by kind; empty where nothing stands out.
    """
    if rows.size == 0:
        return {}
    own = harvests.shares(rows[:: max(1, rows.size // _SAMPLE)], view)
    usual = harvests.usual(view)
    found = {}
    for kind, share in own.items():
        above = (share - usual[kind] - _NONE) / (_FULL - _NONE)
        # a few exchanges say little: three in ten of twenty are six
        enough = rows.size / (rows.size + 10.0)
        confidence = _TRUST * enough * min(1.0, max(0.0, above))
        if confidence >= _LEAST:
            found[kind] = round(confidence, 3)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _hashes(phrases: tuple[str, ...], key: int) -> NDArray[np.uint64]:
    texts = [phrase.encode() for phrase in phrases]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
    data = np.frombuffer(b"".join(texts), np.uint8)
    facets, _, counts, *_ = sketch_texts(data, offsets, key=key)
    return np.unique(facets[np.arange(facets.shape[1])[None, :] < counts[:, None]])
