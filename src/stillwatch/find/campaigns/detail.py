"""What a report shows of a campaign beyond the verdict: its use of models, shared values, examples.

A shared value has a name made from those who hold it, so that neither the value nor its hash
leaves the scan.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.log import IDENTITY
from stillwatch.find.features.ties import POPULAR
from stillwatch.records import Entity, Example, ModelUse, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from stillwatch.find.features.rows import Pairs
    from stillwatch.find.features.view import View

__all__ = ["entities_of", "examples_of", "spread", "usage_of"]

_KINDS = dict(zip(IDENTITY, ("card", "phone", "device", "mail pattern"), strict=True))
_ENTITIES = 60
"""Shared values that are kept of a campaign."""
_NAMED = 64
"""Members that are listed with a shared value."""
_EXAMPLES = 8


def usage_of(rows: NDArray[np.int64], declared_at: int, view: View) -> tuple[ModelUse, ...]:
    """Return what was asked of each model, most exchanges first.

    Args:
        rows: (n,) exchanges of the campaign.
        declared_at: look that declared it, microseconds since 1970.
        view: what is known.
    """
    log = view.log
    model = log.model[rows]
    asked = log.input_tokens[rows].astype(np.int64)
    given = log.output_tokens[rows].astype(np.int64)
    before = log.time[rows] < declared_at
    found = []
    for code in np.unique(model).tolist():
        here = model == code
        leak = here & before
        found.append(
            ModelUse(
                model=log.models[code],
                exchanges=int(here.sum()),
                input_tokens=_sum(asked[here]),
                output_tokens=_sum(given[here]),
                leaked=int(leak.sum()),
                leaked_input_tokens=_sum(asked[leak]),
                leaked_output_tokens=_sum(given[leak]),
                counted_input=int((asked[here] >= 0).sum()),
                counted_output=int((given[here] >= 0).sum()),
            )
        )
    return tuple(sorted(found, key=lambda use: (-use.exchanges, use.model)))


def _sum(tokens: NDArray[np.int64]) -> int:
    return int(np.maximum(tokens, 0).sum())


def entities_of(members: NDArray[np.int64], view: View) -> tuple[Entity, ...]:
    """Return the values that two members or more share, most members first, a few dozen at most.

    Addresses and clients that many accounts use are left out: they tie nobody.

    Args:
        members: (n,) members of the campaign.
        view: what is known.
    """
    log, derived = view.log, view.derived
    shared: list[tuple[str, NDArray[np.int64], int]] = []
    for number, name in enumerate(IDENTITY):
        codes = log.accounts.identity[members, number]
        degree = view.identity_degree[derived.identity_offset[number] :]
        shared += [
            (_KINDS[name], members[codes == code], int(degree[code])) for code in _repeated(codes)
        ]
    for kind, pairs, degree in (
        ("address block", derived.blocks, view.block_degree),
        ("client", derived.clients, view.client_degree),
    ):
        shared += _used(kind, members, pairs, degree, view)
    shared.sort(key=lambda item: (-item[1].size, item[0], item[1].tolist()))
    return tuple(_entity(kind, held, total, view) for kind, held, total in shared[:_ENTITIES])


def _repeated(codes: NDArray[np.int32]) -> list[int]:
    values, counts = np.unique(codes[codes >= 0], return_counts=True)
    return [int(value) for value in values[counts >= 2]]


def _used(
    kind: str, members: NDArray[np.int64], pairs: Pairs, degree: NDArray[np.int32], view: View
) -> Iterator[tuple[str, NDArray[np.int64], int]]:
    known = int(np.searchsorted(pairs.row, view.rows))
    here = np.isin(pairs.account[:known], members)
    account, value = pairs.account[:known][here].astype(np.int64), pairs.value[:known][here]
    for code in _repeated(value):
        if degree[code] <= POPULAR:
            yield kind, np.sort(account[value == code]), int(degree[code])


def _entity(kind: str, held: NDArray[np.int64], total: int, view: View) -> Entity:
    ids = view.log.accounts.ids
    holders = sorted((ids[int(a)].as_py() for a in held), key=str)
    text = "\n".join((kind, *map(str, holders)))
    name = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()
    return Entity(
        kind=kind,
        name=f"{kind} {name}",
        members=tuple(holders[:_NAMED]),
        held=len(holders),
        others=max(total - len(holders), 0),
    )


def spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most ``most`` of some rows, evenly spread over them, ends included.

    >>> spread(np.arange(10), 4).tolist()
    [0, 3, 6, 9]
    """
    return rows[np.linspace(0, rows.size - 1, min(most, rows.size)).astype(np.int64)]


def examples_of(rows: NDArray[np.int64], view: View) -> tuple[Example, ...]:
    """Return a few exchanges spread evenly over a campaign's own.

    Args:
        rows: (n,) exchanges of the campaign, ascending.
        view: what is known.
    """
    log = view.log
    return tuple(
        Example(
            exchange_id=log.exchange_id[row].as_py(),
            time=utc(log.time[row]),
            account_id=log.accounts.ids[int(log.account[row])].as_py(),
            model=log.models[int(log.model[row])],
            input_tokens=_known(log.input_tokens[row]),
            output_tokens=_known(log.output_tokens[row]),
        )
        for row in spread(rows, _EXAMPLES).tolist()
    )


def _known(tokens: np.int32) -> int | None:
    return int(tokens) if tokens >= 0 else None
