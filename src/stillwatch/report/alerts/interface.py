"""What passes between the outbox and the receivers, and what a receiver can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from stillwatch.report.documents.ocsf_event import Event

__all__ = ["DAY", "Message", "NotTakenError", "Receiver"]

DAY = 86_400.0
"""Seconds; the longest wait that a receiver can ask for."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is delivered at once: one change, or a batch of accounts with the same change."""

    sequence: int
    """Place in the outbox; each receiver gets messages in this order."""
    uid: str
    """Stable id, without a full stop; equal for every attempt and every receiver."""
    kind: str
    """campaign.declared, .changed, .withdrawn; accounts.flagged; verdicts.changed, .withdrawn."""
    time: datetime
    """When it happened, UTC."""
    playbook: str
    """Address of what to do."""
    events: tuple[Event, ...]
    """The OCSF events, in order."""


class NotTakenError(Exception):
    """A receiver did not take a message; it stays first in line.

    Args:
        what: why, without secrets and in few words.
        retry_after: seconds that the receiver asked to be left alone.
    """

    def __init__(self, what: str, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after


class Receiver(Protocol):
    """One place that alerts go to."""

    @property
    def name(self) -> str:
        """Return the name that the operator gave it; its place in line is kept under it."""

    @property
    def kind(self) -> str:
        """Return webhook, syslog, splunk or kafka."""

    def deliver(self, message: Message, now: float) -> None:
        """Deliver a message whole; return only when the receiver said that it has it.

        Args:
            message: what to deliver; part of it may have been delivered before.
            now: seconds since 1970.

        Raises:
            NotTakenError: it did not take it, or it is not known whether it did.
        """

    def close(self) -> None:
        """Let go of connections."""
