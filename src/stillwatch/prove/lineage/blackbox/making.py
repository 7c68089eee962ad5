"""A plan of canaries from what was registered and which requests it answered; no draw is looked at.

Every request that is given becomes a canary in every slot, so that nobody picks those that fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox.canaries import Canaries, Canary, CommittedSet, Slot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["canaries_of"]


class _Line(msgspec.Struct):
    set_id: str
    commitment: str
    slots: dict[str, list[str]]


def canaries_of(
    line: bytes,
    requests: Mapping[str, Sequence[str]],
    *,
    signs: Mapping[str, Sequence[Sequence[str]]] | None = None,
    samples: int = 4,
    system: str | None = None,
) -> Canaries:
    """Return the planned test of one set.

    Args:
        line: of ``stillwatch measures export-canaries``.
        requests: for each request that the gateway gave a variant, by its id, what elicits it: the
            request's prompt, rewordings, questions about the same.
        signs: for a slot, texts that show each variant; by default the variant itself.
        samples: askings of each prompt.
        system: system prompt of every asking.

    Raises:
        RefusedError: Q-3 the line is not in its form; Q-1 the plan is out of range.
    """
    try:
        held = msgspec.json.decode(line, type=_Line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise RefusedError("Q-3", f"a line is no set of canaries: {error}") from error
    told = signs or {}
    slots = [
        Slot(
            set_id=held.set_id,
            slot=slot,
            signs=tuple(
                tuple(of) for of in told.get(slot, [[variant] for variant in held.slots[slot]])
            ),
        )
        for slot in sorted(held.slots)
    ]
    return Canaries(
        sets=(CommittedSet(set_id=held.set_id, commitment=held.commitment),),
        slots=tuple(slots),
        canaries=tuple(
            Canary(slot=at, request_id=request, prompts=tuple(prompts))
            for request, prompts in requests.items()
            for at in range(len(slots))
        ),
        samples=samples,
        system=system,
    )
