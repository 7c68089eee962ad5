"""Asks one model everything that is still open, at the pace and within the bounds that are set.

Several questions are under way at once; each ends as one line of the transcript or as several, of
which the last says so.  What a line says of a response is decided in `_judged`, in one place.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from stillwatch.errors import InputFormatError, StillwatchError
from stillwatch.listening import is_loopback
from stillwatch.prove.lineage.querying.limits import Limits, Tally, check_key, most_of
from stillwatch.prove.lineage.querying.pace import Budget, Pace, Spent, waited
from stillwatch.prove.lineage.querying.protocols import authorization, body_of, read_answer, url_of
from stillwatch.prove.lineage.querying.transcripts import Line, kept, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stillwatch.prove.lineage.asking import Asking, Model
    from stillwatch.prove.lineage.querying.protocols import Said
    from stillwatch.prove.lineage.querying.questions import Question
    from stillwatch.prove.lineage.querying.transcripts import Outcome, Transcript

__all__ = ["Asker"]

_AGAIN = frozenset({408, 409, 425, 429, *range(500, 600)})
_NEVER = frozenset({400, 403, 413, 422, 451})
"""Of one question: the endpoint refuses it, and would again."""
_KEPT = ("date", "server", "via", "content-type", "retry-after", "x-request-id", "request-id")
_LONGEST_HEADER = 300
_SHOWN = 1 << 16
"""Bytes that are kept of a response that is too long."""
_IN_A_ROW = 10
"""Questions that may fail one after the other before the endpoint counts as gone."""


@dataclass(slots=True)
class _Got:
    """A response, as far as there is one."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    error: str | None = None


class Asker:
    """Asks one model.

    Args:
        model: whom.
        asking: how.
        transcript: takes the lines.
        plan: SHA-256 of the plan.
        key: the endpoint's, or None.
        limits: pace and bounds.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        model: Model,
        asking: Asking,
        transcript: Transcript,
        plan: str,
        key: str | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if key is not None:
            check_key(key)
        self.model = model
        """Whom."""
        self._asking, self._transcript, self._plan, self._key = asking, transcript, plan, key
        self._limits, self._clock = limits or Limits(), clock
        self._pace = Pace(self._limits.requests_a_minute, self._limits.tokens_a_minute)
        self._budget = Budget(
            self._limits.most_tokens,
            self._limits.most_cost,
            model.input_price,
            model.output_price,
            transcript.spent,
        )
        self._luck = random.Random()
        self._lost = 0  # questions that failed one after the other
        self._answered = 0
        self._under_way = 0
        self._ended, self._settled = asyncio.Event(), asyncio.Event()

    async def run(
        self, questions: Sequence[Question], tell: Callable[[Tally], None] = lambda _: None
    ) -> Tally:
        """Ask what is open, and return what came of it.

        Args:
            questions: all that the plan asks of this model.
            tell: called after every request.

        Raises:
            OutputError: the transcript cannot be written.
        """
        left = [one for one in questions if one.number not in self._transcript.done]
        waiting = iter(left)
        tally = Tally(len(questions), done=len(questions) - len(left))
        remote = not is_loopback(urlsplit(self.model.url).hostname or "")
        client = httpx.AsyncClient(
            timeout=self._limits.patience,
            follow_redirects=False,
            trust_env=remote,  # a proxy would be between us and this machine
            limits=httpx.Limits(max_connections=self._limits.concurrency),
        )
        try:
            async with client, asyncio.TaskGroup() as group:
                for _ in range(self._limits.concurrency):
                    group.create_task(self._work(client, waiting, tally, tell))
        except* StillwatchError as failed:
            raise failed.exceptions[0] from None
        tally.spent = self._transcript.spent
        return tally

    async def _work(
        self,
        client: httpx.AsyncClient,
        waiting: Iterator[Question],
        tally: Tally,
        tell: Callable[[Tally], None],
    ) -> None:
        for question in waiting:
            for attempt in range(1, self._limits.attempts + 1):
                line, wait = await self._once(client, question, attempt, tally)
                if line is None:
                    return
                tally.done += line.outcome != "failed"
                tally.spent = self._transcript.spent
                tell(tally)
                self._watch(line, wait, attempt, tally)
                if line.outcome != "failed" or tally.stopped:
                    break
                if attempt < self._limits.attempts:
                    await self._rest(waited(attempt, self._luck.random(), wait))
            if tally.stopped:
                return

    async def _once(
        self, client: httpx.AsyncClient, question: Question, attempt: int, tally: Tally
    ) -> tuple[Line | None, float | None]:
        """Ask once; None where the run ends before."""
        most = most_of(question)
        if not await self._reserved(most, tally):
            return None, None
        at = self._pace.slot(time.monotonic(), most.tokens)
        while (left := max(at, self._pace.held) - time.monotonic()) > 0 and not tally.stopped:
            await self._rest(left)
        if tally.stopped:
            self._settle(most, Spent())
            return None, None
        tally.requests += 1
        line, wait = await self._request(client, question, attempt)
        self._transcript.add(line)
        self._settle(most, line.used)
        self._pace.used(most.tokens, line.used.tokens)
        if wait is not None:
            self._pace.hold(time.monotonic() + min(wait, self._limits.longest_wait))
        return line, wait

    def _watch(self, line: Line, wait: float | None, attempt: int, tally: Tally) -> None:
        """Say whether the run has to end."""
        if line.outcome == "answered":
            self._answered += 1
            self._lost = 0
            return
        if line.outcome == "unanswered" or attempt == self._limits.attempts:
            self._lost += 1
        if wait is not None and wait > self._limits.longest_wait:
            self._end(tally, f"the endpoint asks to wait {wait:,.0f} seconds")
        elif line.status is not None and line.outcome == "failed" and not _passing(line.status):
            self._end(tally, f"the endpoint answers with status {line.status}")
        elif self._lost >= _IN_A_ROW and (line.outcome == "failed" or not self._answered):
            self._end(tally, f"{self._lost} questions in a row have no answer: {line.error}")

    async def _reserved(self, most: Spent, tally: Tally) -> bool:
        """Set aside what a question may use, once what is under way leaves room for it."""
        while not tally.stopped:
            if self._budget.reserve(most):
                self._under_way += 1
                return True
            if not self._under_way:
                self._end(tally, "the next question could pass the budget's bound")
                tally.budget = True
                break
            self._settled.clear()
            await self._settled.wait()
        return False

    def _settle(self, most: Spent, used: Spent) -> None:
        self._budget.settle(most, used)
        self._under_way -= 1
        self._settled.set()

    def _end(self, tally: Tally, why: str) -> None:
        tally.stopped = tally.stopped or why
        self._ended.set()
        self._settled.set()

    async def _rest(self, seconds: float) -> None:
        """Wait, or until the run ends."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def _request(
        self, client: httpx.AsyncClient, question: Question, attempt: int
    ) -> tuple[Line, float | None]:
        """Send one request and return its line, and the seconds that Retry-After asks for."""
        body = body_of(self.model, self._asking, question)
        sent = self._clock()
        got = await self._send(client, body)
        received = self._clock()
        outcome, said, error = self._judged(got, attempt)
        wait = None if outcome == "answered" else _retry_after(got.headers, received)
        held, redacted = self._without_key(got.raw)
        kept_headers = {
            name: self._hidden(value[:_LONGEST_HEADER]) for name, value in got.headers.items()
        }
        line = Line(
            plan=self._plan,
            subject=self.model.name,
            question=question.number,
            part=question.part,
            item=question.item,
            sample=question.sample,
            attempt=attempt,
            sent=spelled(sent),
            received=spelled(received),
            outcome=outcome,
            url=url_of(self.model),
            request=body.decode(),
            protocol=self.model.protocol,
            status=got.status,
            headers=kept_headers,
            redacted=redacted,
            error=None if error is None else self._hidden(error),
            served=None if said is None else said.model,
            fingerprint=None if said is None else said.fingerprint,
            input_tokens=None if said is None else said.input_tokens,
            output_tokens=None if said is None else said.output_tokens,
            **kept(held),
        )
        return line, wait

    async def _send(self, client: httpx.AsyncClient, body: bytes) -> _Got:
        """Send one request and return what came back, or what went wrong, in words."""
        got = _Got()
        headers = {
            "content-type": "application/json",
            "accept-encoding": "identity",
            **authorization(self.model, self._key),
        }
        try:
            async with (
                asyncio.timeout(self._limits.patience),
                client.stream(
                    "POST", url_of(self.model), content=body, headers=headers
                ) as response,
            ):
                got.status = response.status_code
                for name in _KEPT:
                    if name in response.headers:
                        got.headers[name] = response.headers[name]
                coded = response.headers.get("content-encoding", "identity")
                got.raw = await self._read(response)
                if coded != "identity":
                    got.error = f"the response is encoded as {coded[:50]}, which was not asked for"
        except TimeoutError:
            got.error = "no whole response in time"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as failed:
            got.error = f"{type(failed).__name__}: {failed}"[:500]
        if len(got.raw) > self._limits.most_answer:
            got.raw = got.raw[:_SHOWN]
            got.error = f"the response is over {self._limits.most_answer:,} bytes"
        return got

    async def _read(self, response: httpx.Response) -> bytes:
        """Return a response's bytes; what is over the bound is not waited for."""
        whole = bytearray()
        async for piece in response.aiter_raw():
            whole += piece
            if len(whole) > self._limits.most_answer:
                break
        return bytes(whole)

    def _judged(self, got: _Got, attempt: int) -> tuple[Outcome, Said | None, str | None]:
        """Return what becomes of a question, what was said, and what was wrong."""
        last = self._limits.give_up and attempt == self._limits.attempts
        outcome: Outcome = "unanswered" if last else "failed"
        if got.error is not None:
            return outcome, None, got.error
        if got.status in _NEVER:
            return "unanswered", None, f"status {got.status}"
        if got.status != 200:
            # a key that is wrong says nothing of the question
            passing = _passing(got.status or 0)
            return (outcome if passing else "failed"), None, f"status {got.status}"
        try:
            said = read_answer(self.model.protocol, self._without_key(got.raw)[0])
        except InputFormatError as failed:
            return outcome, None, failed.what
        return "answered", said, None

    def _without_key(self, raw: bytes) -> tuple[bytes, bool]:
        if self._key is None or self._key.encode() not in raw:
            return raw, False
        return raw.replace(self._key.encode(), b"[key]"), True

    def _hidden(self, text: str) -> str:
        return text if self._key is None else text.replace(self._key, "[key]")


def _passing(status: int) -> bool:
    """Say whether a status may be another one later."""
    return status in _AGAIN or status in _NEVER or status == 200


def _retry_after(headers: dict[str, str], now: float) -> float | None:
    """Return the seconds that Retry-After asks for, as a number or as a date."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit() and len(value) < 20:
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
