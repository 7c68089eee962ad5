"""What is known of accounts, campaigns and indicators: an immutable snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

__all__ = ["Knowledge", "Pieces", "Place"]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of text by which exchanges are recognised: a peer's sketch, or a mark of ours."""

    name: str
    """Indicator id, or id of the mark."""
    actor: str
    """Campaign that it is about."""
    values: Sequence[int]
    """Keyed 64-bit hashes, veiled where the core has a secret."""
    weights: Sequence[int]
    """Of each, hundredths of a nat."""
    own: bool = False
    """A provenance mark of ours, and no peer's word."""


@dataclass(frozen=True, slots=True)
class Place:
    """A network or client that peers named."""

    name: str
    """Indicator id."""
    actor: str
    """Campaign that it is about."""
    entity: str
    """asn, prefix, client (veiled hash of user agent and JA4, in hex) or ja4."""
    value: str
    nats: float
    """How much a request from there speaks for the actor."""


class Knowledge:
    """Verdicts, campaigns, indicators and accounts; made by :meth:`of`, never changed."""

    version: int
    """Greater for later ones."""
    as_of: int
    """Last look of the scan, microseconds since 1970; 0 where there was none."""

    @classmethod
    def of(
        cls,
        version: int = 0,
        *,
        verdicts: pa.Table | None = None,
        campaigns: Sequence[dict[str, object]] = (),
        as_of: int = 0,
        accounts: pa.Table | None = None,
        intelligence: pa.Table | None = None,
        pieces: Iterable[Pieces] = (),
        places: Iterable[Place] = (),
        decoys: Iterable[str] = (),
        secret: bytes = b"",
    ) -> Knowledge:
        """Build a snapshot.

        Args:
            version: number of it.
            verdicts: ``verdicts.parquet`` of scan.
            campaigns: the list ``campaigns`` of ``campaigns.json``.
            as_of: ``as_of`` of ``campaigns.json``, microseconds since 1970.
            accounts: columns as in ``records.ACCOUNT``.
            intelligence: what ``stillwatch exchange match`` wrote.
            pieces: sketches that peers shared, and provenance marks.
            places: networks and clients that peers named.
            decoys: account ids of decoy keys, whose use is a finding.
            secret: as the core's.

        Raises:
            InputFormatError: a table lacks a column.
        """
        raise NotImplementedError
