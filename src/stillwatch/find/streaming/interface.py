"""What a stream is to its reader: partitions of messages, each at a place that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Message", "Reader"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the broker has it."""

    partition: str
    """Partition; ``0`` where the broker has none."""
    position: int
    """Sequence or offset, which rises within the partition and is never given twice."""
    data: bytes | None
    """What it holds; None for a message without a value."""


class Reader(Protocol):
    """Reads a stream in order within each partition, from where it is told.

    Whoever reads keeps the positions. What the broker remembers of them is for people to look
    at, and nothing is read by it.
    """

    name: str
    """What the state and the quarantine call the stream; without a password."""
    connected: bool
    """Whether the broker answered last."""
    missed: int
    """Messages, at most, that the broker had dropped before they were read."""

    def open(self, taken: Mapping[str, int]) -> None:
        """Begin to read after the positions taken, or at the oldest message where there is none.

        Args:
            taken: last position by partition.

        Raises:
            UnreachableError: the broker is away.
            ConfigurationError: there is no such stream, or not one that can be read so.
        """

    def read(self, seconds: float) -> list[Message]:
        """Return what came, after so many seconds at most.

        Raises:
            UnreachableError: the broker is away; :meth:`open` begins again.
        """

    def acknowledge(self, taken: Mapping[str, int]) -> None:
        """Tell the broker what is kept, for people to see; does nothing where it is away.

        Args:
            taken: last position by partition.
        """

    def lag(self) -> Mapping[str, int]:
        """Return messages that wait in each partition, as last known."""

    def close(self) -> None:
        """Let go of the broker."""
