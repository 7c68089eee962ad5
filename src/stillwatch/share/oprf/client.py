"""A member's side: one batch to both operators, both proofs checked, pseudonyms out."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import msgspec

from stillwatch.errors import RefusedError, StillwatchError, UnreachableError
from stillwatch.ledger import dsse
from stillwatch.ledger.requests import sign_request
from stillwatch.share.oprf import wire
from stillwatch.share.oprf.epochs import EpochRecord, current, opened
from stillwatch.share.oprf.identifiers import encode
from stillwatch.share.oprf.protocol import LARGEST_BATCH, Blinded, blind, finalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stillwatch.ledger import SigningKey, VerifyKey

__all__ = ["Member", "OperatorAddress", "Pseudonym", "post_signed"]

_ROUTE = "/oprf/v1"
_LONGEST_ANSWER = 1 << 20
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class OperatorAddress:
    """Where an operator is, and by which key it is known."""

    url: str
    """Scheme and authority."""
    key: VerifyKey
    """Its key, told beforehand and not by the operator's own service."""


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """What stands in an identifier's place."""

    kind: str
    """Type of identifier."""
    epoch: int
    """Epoch; pseudonyms of different epochs do not compare."""
    value: str
    """128 hexadecimal digits."""


class Member:
    """A member that has identifiers evaluated (P-3, P-5).

    Args:
        exchange: its name.
        operators: a and b.
        key: signs requests.
        http: makes requests.
        clock: gives seconds since 1970.
        sleep: waits for seconds.
        patience: seconds to go on asking an operator that does not answer. A batch that one
            operator answered and the other never did leaves their counters apart (P-7).
    """

    def __init__(
        self,
        exchange: str,
        operators: tuple[OperatorAddress, OperatorAddress],
        key: SigningKey,
        http: httpx.Client,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = 30.0,
        logged: Sequence[bytes] | None = None,
    ) -> None:
        keys = [operator.key for operator in operators]
        self._logged = None if logged is None else [opened(raw, keys).record for raw in logged]
        self._sleep = sleep
        self._patience = patience
        self._exchange = exchange
        self._operators = operators
        self._key = key
        self._http = http
        self._clock = clock
        self._records: dict[int, EpochRecord] = {}

    def epochs(self) -> dict[int, EpochRecord]:
        """Return the records of all epochs, read from both operators and verified.

        Where a refresh is under way, the earlier generation counts: both still answer for it.

        Raises:
            RefusedError: P-5 a record is not signed by both operators, or an epoch's key changed;
                P-11 the log does not hold it.
            UnreachableError: an operator does not answer.
        """
        found: list[dict[int, EpochRecord]] = []
        keys = [operator.key for operator in self._operators]
        for operator in self._operators:
            raw = self._got(operator, "/epochs", signed=False)
            try:
                envelopes = msgspec.json.decode(raw, type=_Epochs).epochs
            except _UNREADABLE as error:
                raise RefusedError("P-5", "not a list of epochs", where=operator.url) from error
            held = [opened(bytes(envelope), keys).record for envelope in envelopes]
            found.append({r.epoch: r for r in held if r.exchange == self._exchange})
        first, second = found
        for number in first.keys() & second.keys():
            self._check_logged(first[number], second[number])
            record = min(first[number], second[number], key=lambda r: r.generation)
            self._keep(record)
            self._records[number] = record
            self._keep(max(first[number], second[number], key=lambda r: r.generation))
        return dict(self._records)

    def evaluate(
        self, kind: str, values: Sequence[str], *, purpose: str, epoch: int | None = None
    ) -> Iterator[Pseudonym]:
        """Yield the pseudonyms of identifiers, in order, as each batch of 100 is done.

        Args:
            kind: email, phone or par.
            values: clear identifiers; they do not leave.
            purpose: suspicion, or for par sign-up or payment-change (P-10).
            epoch: which; None for the one to publish under.

        Raises:
            InputFormatError: a value is no identifier; nothing was sent.
            RefusedError: an operator refused, or what it answered does not verify.
            UnreachableError: an operator does not answer, after all patience.
        """
        inputs = [encode(kind, value) for value in values]
        for start in range(0, len(inputs), LARGEST_BATCH):
            batch = blind(inputs[start : start + LARGEST_BATCH])
            yield from self._evaluated(kind, batch, purpose, epoch)

    def _evaluated(
        self, kind: str, batch: Blinded, purpose: str, epoch: int | None
    ) -> list[Pseudonym]:
        for attempt in range(2):
            record = self._record(epoch, fresh=attempt > 0)
            request = wire.EvaluateRequest(
                epoch=record.epoch,
                generation=record.generation,
                kind=kind,  # type: ignore[arg-type]
                purpose=purpose,  # type: ignore[arg-type]
                elements=[item.hex() for item in batch.elements],
            )
            try:
                outputs = self._finished(kind, batch, request, record)
            except RefusedError as error:
                if error.rule == "P-8" and not attempt:  # the shares were refreshed meanwhile
                    continue
                raise
            return [Pseudonym(kind, record.epoch, value.hex()) for value in outputs]
        raise AssertionError

    def counters(self, *, own: bool = False) -> tuple[wire.Counters, wire.Counters]:
        """Return both operators' counters, of all members or of this one (P-7).

        Raises:
            RefusedError: P-7 an operator did not sign them, or they are of another.
            UnreachableError: an operator does not answer.
        """
        first, second = (self._counters(place, own=own) for place in range(2))
        return first, second

    def _finished(
        self, kind: str, batch: Blinded, request: wire.EvaluateRequest, record: EpochRecord
    ) -> list[bytes]:
        body = msgspec.json.encode(request)
        answers = []
        for operator, role in zip(self._operators, ("a", "b"), strict=True):  # P-3
            url = f"{operator.url}{_ROUTE}/evaluate"
            raw = self._patiently(url, body)
            try:
                answer = msgspec.json.decode(raw, type=wire.EvaluateAnswer)
            except _UNREADABLE as error:
                raise RefusedError("P-5", "not an answer to a batch", where=operator.url) from error
            if answer.operator != role or answer.public != getattr(record.keys[kind], role):  # P-5
                raise RefusedError(
                    "P-5", "the operator used a key that is not in the record", where=operator.url
                )
            answers.append(answer.answer())
        try:
            return finalise(batch, answers, bytes.fromhex(record.keys[kind].sum))  # P-5
        except RefusedError as error:
            place = int(error.where) if error.where.isdigit() else None
            where = error.where if place is None else self._operators[place].url
            what = error.what.removeprefix(f"{error.rule}: ")
            raise RefusedError(error.rule, what, where=where, todo=error.todo) from error

    def _patiently(self, url: str, body: bytes) -> bytes:
        """Ask until there is an answer; the same batch is not charged twice."""
        wait, waited = 0.25, 0.0
        while True:
            try:
                return post_signed(self._http, url, body, self._key, self._clock)
            except UnreachableError:
                if waited >= self._patience:
                    raise
            self._sleep(wait)
            waited += wait
            wait = min(2 * wait, 5.0)

    def _record(self, epoch: int | None, *, fresh: bool) -> EpochRecord:
        now = int(self._clock())
        if fresh or not self._records or (epoch is None and not self._timely(now)):
            self.epochs()
        if epoch is None:
            return current(self._records, now)  # P-8
        if epoch not in self._records:  # P-8
            raise RefusedError("P-8", f"epoch {epoch} is not one that both operators know")
        return self._records[epoch]

    def _timely(self, now: int) -> bool:
        """Say whether what is known still says which epoch to publish under."""
        return any(record.starts <= now < record.turns for record in self._records.values())

    def _check_logged(self, *records: EpochRecord) -> None:
        """Refuse a record that the exchange's log does not hold.

        Raises:
            RefusedError: P-11.
        """
        for record in records:
            if self._logged is not None and record not in self._logged:  # P-11
                raise RefusedError(
                    "P-11",
                    f"the log does not hold the record of epoch {record.epoch}.{record.generation}",
                    todo="pull; if it stays so, ask both operators and other members",
                )

    def _keep(self, record: EpochRecord) -> None:
        known = self._records.get(record.epoch)
        if known is None:
            return
        sums = [{kind: keys.sum for kind, keys in r.keys.items()} for r in (known, record)]
        if sums[0] != sums[1]:  # P-8
            raise RefusedError("P-8", f"the keys of epoch {record.epoch} changed")

    def _counters(self, place: int, *, own: bool) -> wire.Counters:
        operator, role = self._operators[place], "ab"[place]
        raw = self._got(operator, "/counters/mine" if own else "/counters", signed=own)
        payload = dsse.open_envelope(raw, wire.COUNTERS_TYPE, [operator.key]).payload
        try:
            held = msgspec.json.decode(payload, type=wire.Counters)
        except _UNREADABLE as error:
            raise RefusedError("P-7", "these are no counters", where=operator.url) from error
        if (held.exchange, held.operator) != (self._exchange, role):  # P-7
            raise RefusedError("P-7", "these are another operator's counters", where=operator.url)
        return held

    def _got(self, operator: OperatorAddress, path: str, *, signed: bool) -> bytes:
        url = f"{operator.url}{_ROUTE}{path}"
        headers = {}
        if signed:
            headers = _signature("GET", url, {}, b"", self._key, self._clock)
        return _sent(self._http, httpx.Request("GET", url, headers=headers))


class _Epochs(msgspec.Struct):
    """What an operator lists."""

    epochs: list[msgspec.Raw]


def post_signed(
    http: httpx.Client, url: str, body: bytes, key: SigningKey, clock: Callable[[], float]
) -> bytes:
    """Return the answer to a signed request with a JSON body.

    Raises:
        RefusedError: it was refused, with the rule that the answer names.
        UnreachableError: there was no answer.
    """
    headers = {"Content-Type": "application/json"}
    headers |= _signature("POST", url, headers, body, key, clock)
    return _sent(http, httpx.Request("POST", url, headers=headers, content=body))


def _signature(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    key: SigningKey,
    clock: Callable[[], float],
) -> dict[str, str]:
    nonce = secrets.token_urlsafe(18)
    created = int(clock())
    return sign_request(method, url, headers, body, key, created=created, nonce=nonce)


def _sent(http: httpx.Client, request: httpx.Request) -> bytes:
    url = str(request.url)
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}"
    try:
        answer = http.send(request, stream=True)
        try:
            raw = _bounded(answer)
        finally:
            answer.close()
    except httpx.HTTPError as error:
        raise UnreachableError(
            f"the operator does not answer: {error or type(error).__name__}",
            where=where,
            todo="try again later: a batch is not charged twice within a day",
        ) from error
    if answer.status_code == httpx.codes.OK:
        return raw
    raise _problem(raw, answer.status_code, where)


def _bounded(answer: httpx.Response) -> bytes:
    raw = b""
    for part in answer.iter_bytes():
        raw += part
        if len(raw) > _LONGEST_ANSWER:
            raise httpx.DecodingError("the answer is too long")
    return raw


def _problem(raw: bytes, status: int, where: str) -> StillwatchError:
    try:
        held = msgspec.json.decode(raw, type=_Problem)
    except _UNREADABLE:
        held = _Problem()
    if not held.rule or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return UnreachableError(
            f"the operator answers with status {status} {held.title[:200]}".strip(),
            where=where,
            todo="tell the operator",
        )
    what = held.title.removeprefix(f"{held.rule}: ")
    place = f"{where} {held.where}".strip()
    return RefusedError(held.rule[:8], what[:400], where=place[:400], todo=held.detail[:400])


class _Problem(msgspec.Struct):
    """What is read of a problem (RFC 9457)."""

    title: str = ""
    rule: str = ""
    detail: str = ""
    where: str = ""
