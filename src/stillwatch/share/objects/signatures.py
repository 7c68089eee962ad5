"""A campaign's signature as behaviour that may travel, and back.

Hashes leave under the veil (:mod:`.veil`), and are compared with observations under the same one.

The sizes of the campaign and of the rest, and the habits of everybody else, stay at home: they
would tell how many customers a provider has and what these do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import UNSET

from stillwatch.errors import IncompatibleObservationsError
from stillwatch.find.signatures.record import Entity, Piece, Signature
from stillwatch.find.signatures.record import Levels as SignatureLevels
from stillwatch.share.objects.content import Behaviour, Habits, Levels, Seen, Sketch
from stillwatch.share.objects.fields import on_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec import UnsetType

    from stillwatch.find.features.veil import Veil
    from stillwatch.share.objects.record import Indicator

__all__ = ["behaviour_of", "signature_of", "sketch_of"]

_HIGHEST = 10_000_000


def behaviour_of(signature: Signature, epoch: int, veil: Veil) -> Behaviour:
    """Return what of a signature may travel.

    Args:
        signature: made from observations under the epoch's sketch key.
        epoch: its number.
        veil: of the epoch's secret.

    Raises:
        IncompatibleObservationsError: it was made without a key, or holds no piece.
    """
    pieces = _pieces(signature, veil)
    levels = signature.levels
    return Behaviour(
        epoch=epoch,
        key=signature.key,
        observation=3,
        pieces=[f"{piece.value:016x}" for piece in pieces],
        weights=[max(piece.weight, 1) for piece in pieces],
        mine=[piece.mine for piece in pieces],
        others=[on_grid(piece.others) for piece in pieces],
        levels=Levels(
            exchanges=list(levels.exchanges),
            others_exchanges=[min(on_grid(n), _HIGHEST) for n in levels.others_exchanges],
            accounts=list(levels.accounts),
            others_accounts=[on_grid(n) for n in levels.others_accounts],
        ),
        habits=Habits(**{name: list(mine) for name, (mine, _) in signature.habits.items()}),
        clients=_seen(signature.clients, veil),
        blocks=_seen(signature.blocks, veil),
    )


def sketch_of(signature: Signature, epoch: int, veil: Veil) -> Sketch:
    """Return a signature's pieces of text alone.

    Raises:
        IncompatibleObservationsError: it was made without a key, or holds no piece.
    """
    pieces = _pieces(signature, veil)
    return Sketch(
        epoch=epoch,
        key=signature.key,
        observation=3,
        pieces=[f"{piece.value:016x}" for piece in pieces],
        weights=[max(piece.weight, 1) for piece in pieces],
    )


def signature_of(indicator: Indicator) -> Signature:
    """Return a behaviour indicator as a signature, to be matched with veiled observations.

    Sizes are 0, and the habits of others are put level with the campaign's: at the receiver they
    are counted from its own log, and no departure from the sender's customers is claimed.
    """
    content = indicator.content
    if not isinstance(content, Behaviour):
        raise TypeError(content)
    rows = zip(content.pieces, content.weights, content.mine, content.others, strict=True)
    found = [Piece(int(value, 16), weight, mine, others) for value, weight, mine, others in rows]
    found.sort(key=lambda piece: (-piece.weight, piece.value))
    reference = indicator.fields.campaign.removeprefix("campaign-")
    levels = content.levels
    habits = {
        name: tuple(getattr(content.habits, name))
        for name in content.habits.__struct_fields__
        if getattr(content.habits, name) is not UNSET
    }
    return Signature(
        key=content.key,
        campaign=f"campaign-{reference[:16]}-{reference[16:]}",
        declared=0,
        accounts=0,
        exchanges=0,
        background=0,
        pieces=tuple(found),
        levels=SignatureLevels(
            exchanges=tuple(levels.exchanges),
            others_exchanges=tuple(levels.others_exchanges),
            accounts=tuple(levels.accounts),
            others_accounts=tuple(levels.others_accounts),
        ),
        habits={name: (mine, mine) for name, mine in habits.items()},
        clients=_entities(content.clients),
        blocks=_entities(content.blocks),
    )


def _pieces(signature: Signature, veil: Veil) -> list[Piece]:
    if signature.key == "none" or not signature.pieces:
        raise IncompatibleObservationsError(
            "the signature was made without a key"
            if signature.key == "none"
            else "the signature holds no piece of text",
            where=signature.campaign,
            todo="observe with the epoch's sketch key (`--key-file`), and scan these observations",
        )
    hidden = [replace(piece, value=veil.one(piece.value)) for piece in signature.pieces]
    return sorted(hidden, key=lambda piece: piece.value)


def _seen(entities: Sequence[Entity], veil: Veil) -> list[Seen] | UnsetType:
    hidden = [replace(entity, value=veil.one(entity.value)) for entity in entities]
    found = sorted(hidden, key=lambda entity: entity.value)
    if not found:
        return UNSET
    return [
        Seen(value=f"{entity.value:016x}", mine=entity.mine, others=on_grid(entity.others))
        for entity in found
    ]


def _entities(seen: list[Seen] | UnsetType) -> tuple[Entity, ...]:
    if isinstance(seen, list):
        return tuple(Entity(int(item.value, 16), item.mine, item.others) for item in seen)
    return ()
