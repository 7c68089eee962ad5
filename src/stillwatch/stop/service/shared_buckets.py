"""Buckets of all replicas in Redis or Valkey: one script, one step, one deadline.

Charges that come while an answer is under way go together in the next pipeline over the same
connection; each stays one atomic script. Nothing is ever sent twice: a charge whose answer is late
may have been taken, and is then counted once there and once by the replica that fell back.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from importlib import resources
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from stillwatch.errors import ConfigurationError, UnreachableError
from stillwatch.stop.interface import Charged
from stillwatch.stop.service.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from stillwatch.stop.interface import Charge

__all__ = ["MOST", "RedisBuckets"]

MOST = 8
"""Buckets of one charge at most."""
_AT_ONCE = 128
"""Charges of a pipeline."""
_WAITING = 4096
"""Charges that wait for a pipeline."""
_SCRIPT = resources.files(__package__).joinpath("charge.lua").read_text("utf-8")
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class RedisBuckets:
    """Shared buckets; see :class:`stillwatch.stop.interface.SharedBuckets`.

    All keys have one hash tag, so that a cluster keeps them on one shard and a charge over several
    buckets stays one step. Redis holds a bucket only while it is not full.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``, with user and password where needed.
        prefix: of all keys, in place of a hash tag.
        deadline: seconds that a charge waits for its answer.
        failures: in a row, after which Redis is left alone.
        pause: seconds for which it is.
        server_time: reckon by Redis' clock, which all replicas share; else by the caller's.

    Raises:
        ConfigurationError: the URL is none.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "stillwatch",
        deadline: float = 0.02,
        failures: int = 5,
        pause: float = 1.0,
        server_time: bool = True,
    ) -> None:
        self.breaker = Breaker(failures=failures, pause=pause)
        """Whether Redis counts as away."""
        self._deadline = deadline
        self._server_time = server_time
        self._prefix = f"{{{prefix}}}:".encode()
        self._waiting: deque[_Asked] = deque()
        self._rounds: asyncio.Task[None] | None = None
        self._late = False
        slowest = max(0.25, 4 * deadline)
        try:
            self._redis: Redis = Redis.from_url(
                url,
                socket_timeout=slowest,
                socket_connect_timeout=slowest,
                retry=Retry(NoBackoff(), 0),
                max_connections=2,
                health_check_interval=0,
            )
        except ValueError as error:
            raise ConfigurationError(
                "the URL of the shared buckets cannot be read",
                where="buckets.url",
                todo="give redis://host:6379/0, rediss:// or unix:///path",
            ) from error

    async def charge(self, charges: Sequence[Charge], now: int) -> Sequence[Charged]:
        """Charge each bucket; where one does not allow it, none is charged.

        Args:
            charges: at most `MOST`.
            now: microseconds since 1970; used only without ``server_time``.

        Raises:
            UnreachableError: no answer in time, or Redis is left alone for a while.
        """
        if not charges:
            return ()
        if len(charges) > MOST:
            raise ValueError(f"{len(charges)} buckets in one charge; {MOST} at most")
        if len(self._waiting) >= _WAITING or not self.breaker.allows(time.monotonic()):
            raise _away("it did not answer lately, or too many charges wait for it")
        asked = _Asked(
            [self._prefix + charge.bucket for charge in charges],
            [0 if self._server_time else now],
            asyncio.get_running_loop().create_future(),
        )
        for charge in charges:
            asked.numbers += (max(charge.cost, 0), max(charge.rate, 1), max(charge.burst, 0))
        self._waiting.append(asked)
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._answer_all())
        try:
            async with asyncio.timeout(self._deadline):
                told = await asked.answer
        except TimeoutError:
            self._failed()
            raise _away(f"no answer in {self._deadline * 1000:.0f} ms") from None
        return [Charged(bool(one[0]), one[1], one[2], one[3]) for one in told]

    async def close(self) -> None:
        """Let go of the connection."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.wait([self._rounds])
        await self._redis.aclose()

    async def _answer_all(self) -> None:
        while self._waiting:
            taken: list[_Asked] = []
            while self._waiting and len(taken) < _AT_ONCE:
                asked = self._waiting.popleft()
                if not asked.answer.done():  # else its asker has gone: it must not be charged
                    taken.append(asked)
            if taken:
                await self._round(taken)

    async def _round(self, taken: Sequence[_Asked]) -> None:
        self._late = False
        try:
            told = await self._send(taken)
            again = [i for i, one in enumerate(told) if isinstance(one, NoScriptError)]
            if again:  # Redis restarted, or was told to forget scripts: nothing was charged
                await self._redis.script_load(_SCRIPT)
                for i, one in zip(again, await self._send([taken[i] for i in again]), strict=True):
                    told[i] = one
        except (RedisError, OSError, ValueError) as error:
            told = [error] * len(taken)
        for asked, one in zip(taken, told, strict=True):
            if isinstance(one, BaseException):
                self._failed()
                if not asked.answer.done():
                    asked.answer.set_exception(_away(type(one).__name__))
            elif not asked.answer.done():
                asked.answer.set_result(one)
        if not self._late:
            self.breaker.succeeded()

    def _failed(self) -> None:
        """Count a failure, once a round however many wait for it."""
        if not self._late:
            self._late = True
            self.breaker.failed(time.monotonic())

    async def _send(self, taken: Sequence[_Asked]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for asked in taken:
                pipeline.evalsha(_SHA, len(asked.keys), *asked.keys, *asked.numbers)
            told: list[Any] = await pipeline.execute(raise_on_error=False)
        return told


class _Asked:
    """One charge under way.

    Args:
        keys: of the buckets.
        numbers: the script's arguments.
        answer: what it will say.
    """

    __slots__ = ("answer", "keys", "numbers")

    def __init__(
        self, keys: list[bytes], numbers: list[int], answer: asyncio.Future[list[list[int]]]
    ) -> None:
        self.keys, self.numbers, self.answer = keys, numbers, answer


def _away(why: str) -> UnreachableError:
    return UnreachableError(
        f"the shared buckets are away: {why}",
        where="buckets.url",
        todo="check that Redis runs; until then each replica limits by itself",
    )
