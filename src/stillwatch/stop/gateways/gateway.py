"""What every gateway does: ask the service about a request, and tell it of the answer."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from stillwatch.stop.gateways.bodies import decoded
from stillwatch.stop.gateways.outcomes import Outcome, UndecidedError
from stillwatch.stop.gateways.room import Room
from stillwatch.stop.gateways.trust import Trust
from stillwatch.stop.interface import Answer, FailMode, Request
from stillwatch.stop.responses.answers import AnswerFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillwatch.stop.gateways.trust import Client
    from stillwatch.stop.interface import Decision, Effect, Service, Shape

__all__ = ["Filter", "Gateway", "Passing"]

_log = logging.getLogger(__name__)
_CLIENT_LEFT = 499
"""Status of an answer that did not begin before the client left."""
_NOTHING = Answer(0, 0, -1, -1, -1, "", "")


class Filter(Protocol):
    """What an answer goes through on its way to the client."""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes of the answer, and return those that may go on."""

    def end(self) -> bytes:
        """Return the rest: the answer is over."""

    @property
    def answer(self) -> Answer:
        """What was read of the answer."""


def _now() -> int:
    return time.time_ns() // 1000


def _filter(decision: Decision, effect: Effect, status: int) -> Filter:
    """Return the filter that keeps no text and checks nothing but what the effect says."""
    model = decision.asked.model or decision.request.model
    return AnswerFilter(effect, decision.request.shape, status=status, model=model)


def _ignore(outcome: Outcome) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a gateway asks, and what it takes for granted."""

    service: Service
    filters: Callable[[Decision, Effect, int], Filter] = _filter
    """Makes the filter of an answer, given its HTTP status."""
    trust: Trust = field(default_factory=Trust)
    undecided: FailMode | Callable[[], FailMode] = FailMode.OPEN
    """What becomes of a request that cannot be decided; a function where that may change."""
    longest: int = 10 << 20
    """Bytes of a body, as sent and decompressed."""
    deadline: float = 1.0
    """Seconds that the service has for a decision."""
    note: Callable[[Outcome], None] = _ignore
    """Is told of every request's outcome, for counting."""
    clock: Callable[[], int] = _now
    """Microseconds since 1970."""
    room: Room = field(default_factory=Room)
    """What bodies under way may have together, where they are read from clients."""

    @property
    def closed(self) -> bool:
        """Whether a request that cannot be decided is not passed on, as things are now."""
        mode = self.undecided if isinstance(self.undecided, FailMode) else self.undecided()
        return mode is FailMode.CLOSED

    async def unanswered(self, decisions: Sequence[Decision]) -> None:
        """Tell the service of exchanges whose answers nobody told it of."""
        for decision in decisions:
            await _tell(self.service, decision, replace(_NOTHING, time=self.clock()))

    async def decide(
        self, client: Client, shape: Shape, model: str, body: bytes, encodings: Sequence[str]
    ) -> tuple[Decision, Effect]:
        """Ask the service about a request.

        Args:
            client: who asks.
            shape: of the body.
            model: that the path names; empty where the body does.
            body: as it came.
            encodings: values of ``Content-Encoding``, as they came.

        Raises:
            UndecidedError: the body cannot be read, or the service did not decide.
        """
        if len(encodings) > 1:
            raise UndecidedError(Outcome.REPEATED_HEADER)
        plain = decoded(body, encodings[0] if encodings else "", self.longest)
        request = Request(
            time=self.clock(),
            request_id=secrets.token_hex(16),
            account=client.account,
            shape=shape,
            body=plain,
            model=model,
            ip=client.ip,
            asn=client.asn,
            user_agent=client.user_agent,
            tls_fingerprint=client.tls_fingerprint,
            end_user=client.end_user,
            organization=client.organization,
            zero_retention=client.zero_retention,
        )
        try:
            async with asyncio.timeout(self.deadline):
                decision, effect = await self.service.decide(request)
        except TimeoutError as error:
            raise UndecidedError(Outcome.NOT_IN_TIME) from error
        except Exception as error:
            _failed("decide", error)
            raise UndecidedError(Outcome.FAILED) from error
        self.note(_outcome(effect))
        return decision, effect


class Passing:
    """An answer on its way to the client: filtered, read, and told to the service once.

    Args:
        gateway: that it passes.
        decision: on its request.
        effect: of the decision.
    """

    def __init__(self, gateway: Gateway, decision: Decision, effect: Effect) -> None:
        self.alters = effect.withhold or effect.hold > 0 or bool(effect.model)
        self._gateway = gateway
        self._decision = decision
        self._effect = effect
        self._filter: Filter | None = None
        self._status = _CLIENT_LEFT
        self._told = False

    def begin(self, status: int) -> None:
        """Note the status with which the answer begins."""
        self._status = status
        self._filter = self._gateway.filters(self._decision, self._effect, status)

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes of the answer, and return those that may go on."""
        if self._filter is None and self.alters:
            self.begin(200)  # a proxy that does not send headers: nothing passes unchecked for it
        return chunk if self._filter is None else self._filter.feed(chunk)

    def end(self) -> bytes:
        """Return the rest of the answer."""
        return b"" if self._filter is None else self._filter.end()

    async def tell(self) -> None:
        """Tell the service what came back, whole or cut short; once, whoever calls again."""
        if self._told:
            return
        self._told = True
        gateway, answer = self._gateway, _NOTHING
        if self._filter is not None:
            answer = self._filter.answer
        answer = replace(answer, time=gateway.clock(), status=self._status)
        await _tell(gateway.service, self._decision, answer)


async def _tell(service: Service, decision: Decision, answer: Answer) -> None:
    try:
        await service.answered(decision, answer)
    except Exception as error:  # noqa: BLE001 - the client has its answer
        _failed("answered", error)


def _outcome(effect: Effect) -> Outcome:
    if effect.status:
        return Outcome.ANSWERED
    changed = effect.forward or effect.model or effect.withhold or effect.hold
    changed = changed or any(value for _, value in effect.forward_headers)
    return Outcome.CHANGED if changed else Outcome.PASSED


def _failed(what: str, error: Exception) -> None:
    # a traceback may hold a prompt: only the kind of error is said
    _log.error("the service failed to %s: %s", what, type(error).__name__)
