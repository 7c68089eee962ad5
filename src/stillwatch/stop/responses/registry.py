"""The measures, who approved them, and the log of all that was done: in tables.

Every act is one transaction and one line of the log, chained by hashes and signed by who acted.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import canonical, dsse
from stillwatch.stop.responses.canary_registry import canary_sets
from stillwatch.stop.responses.decoys import planted
from stillwatch.stop.responses.governance import check_measure, people_needed
from stillwatch.stop.responses.measures import EVERYTHING, MEASURE, Measure
from stillwatch.stop.responses.people import opened, signed_also
from stillwatch.store import measure_tables as tables
from stillwatch.store import migrations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from stillwatch.ledger import SigningKey
    from stillwatch.stop.responses.people import Analysts
    from stillwatch.stop.responses.policy import Policy

__all__ = ["Acting", "Listed", "action_lines", "listed", "prepare", "snapshot_of", "verify_actions"]

ACTION_START = hashlib.sha256(b"stillwatch actions v1\n").digest()
"""What the first line of the log is chained to."""
_ACTION = "application/vnd.stillwatch.action+json"
_RESUME = "application/vnd.stillwatch.resume+json"
_RESUMED_BY = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """A measure and how it stands."""

    measure: Measure
    state: str
    """``in force``, ``waiting``, ``expired`` or ``lifted``."""
    why: str
    """Why it waits."""


def prepare(connection: Connection) -> None:
    """Make or migrate the tables."""
    migrations.upgrade(connection, "measures")
    if connection.execute(sa.select(tables.head.c.one)).first() is None:
        first = {"one": 1, "actions": 0, "action_hash": ACTION_START}
        connection.execute(sa.insert(tables.head).values(**first))


@dataclass(frozen=True, slots=True)
class Acting:
    """An analyst who acts, in one transaction.

    Raises:
        RefusedError: G-12, by every act, where the key is nobody's who may sign.
    """

    connection: Connection
    key: SigningKey
    analysts: Analysts
    now: int
    """Microseconds since 1970."""

    def propose(self, measure: Measure, policy: Policy) -> None:
        """Keep a measure, approved by who proposes it.

        Raises:
            RefusedError: nobody may approve it, by the rule named.
        """
        why = check_measure(measure, policy)
        if why:
            rule, _, words = why.partition(": ")
            raise RefusedError(rule, words, where=measure.measure_id, todo="propose another")
        envelope = signed_also(b"", MEASURE, measure.statement(), self.key)
        row = {
            "measure_id": measure.measure_id,
            "state": "open",
            "expires": measure.expires,
            "envelope": envelope,
        }
        self._log("propose", measure.measure_id, {"envelope": _text(envelope)})
        self.connection.execute(sa.insert(tables.measures).values(**row))

    def approve(self, measure_id: str, policy: Policy) -> Measure:
        """Add one person's approval; return the measure with all of them.

        Raises:
            ConfigurationError: there is no such measure.
            RefusedError: it has expired or was lifted, or nobody may approve it any more.
        """
        row = self._row(measure_id)
        measure = Measure.read(row.envelope, self.analysts)
        why = check_measure(measure, policy)
        if row.state != "open" or measure.expires <= self.now or why:
            rule, _, words = why.partition(": ")
            raise RefusedError(
                rule or "G-13",
                words or "the measure is over",
                where=measure_id,
                todo="propose another",
            )
        envelope = signed_also(row.envelope, MEASURE, measure.statement(), self.key)
        self._log("approve", measure_id, {"envelope": _text(envelope)})
        self._update(measure_id, envelope=envelope)
        return Measure.read(envelope, self.analysts)

    def lift(self, measure_id: str, why: str) -> None:
        """End a measure now; one person is enough for what is milder.

        Raises:
            ConfigurationError: there is no such measure.
        """
        self._row(measure_id)
        self._log("lift", measure_id, {"why": why})
        self._update(measure_id, state="lifted")

    def kill(self, scope: str, why: str) -> None:
        """Pull a kill switch; one person is enough.

        Args:
            scope: ``everything``, a measure's kind or a measure's id.
            why: in words.
        """
        self._log("kill", scope, {"why": why})
        resume = dsse.seal_envelope(_RESUME, canonical({"scope": scope, "since": self.now}), [])
        row = {"scope": scope, "since": self.now, "resume": resume}
        table = tables.kills
        self.connection.execute(sa.delete(table).where(table.c.scope == scope))
        self.connection.execute(sa.insert(table).values(**row))

    def resume(self, scope: str) -> tuple[str, ...]:
        """Agree to release a kill switch; return who agrees, two of whom release it.

        Raises:
            ConfigurationError: it is not pulled.
        """
        table = tables.kills
        row = self.connection.execute(sa.select(table).where(table.c.scope == scope)).first()
        if row is None:
            raise ConfigurationError("this kill switch is not pulled", where=scope)
        payload = opened(row.resume, _RESUME, self.analysts).payload
        envelope = signed_also(row.resume, _RESUME, payload, self.key)
        people = self.analysts.people(opened(envelope, _RESUME, self.analysts).signers)
        self._log("resume", scope, {"envelope": _text(envelope)})
        if len(people) < _RESUMED_BY:
            change: sa.UpdateBase = (
                sa.update(table).where(table.c.scope == scope).values(resume=envelope)
            )
        else:
            change = sa.delete(table).where(table.c.scope == scope)
        self.connection.execute(change)
        return people

    def note(self, action: str, about: str, more: dict[str, Any]) -> int:
        """Put a line into the log; return its number, from 1."""
        return self._log(action, about, more)

    def _row(self, measure_id: str) -> Any:  # noqa: ANN401 - a row of the table
        table = tables.measures
        query = sa.select(table).where(table.c.measure_id == measure_id)
        row = self.connection.execute(query).first()
        if row is None:
            raise ConfigurationError(
                "there is no such measure", where=measure_id, todo="stillwatch measures list"
            )
        return row

    def _update(self, measure_id: str, **values: Any) -> None:  # noqa: ANN401 - columns
        table = tables.measures
        change = sa.update(table).where(table.c.measure_id == measure_id).values(**values)
        self.connection.execute(change)

    def _log(self, action: str, about: str, more: dict[str, Any]) -> int:
        name = self.analysts.name(self.key.public)
        head = self.connection.execute(sa.select(tables.head).with_for_update()).one()
        number = int(head.actions) + 1
        said = {"number": number, "time": self.now, "by": name, "action": action, "about": about}
        content = canonical(said | more)
        line = dsse.seal_envelope(_ACTION, content, [self.key])
        hashed = hashlib.sha256(bytes(head.action_hash) + line).digest()
        row = {"number": number, "line": line, "hash": hashed}
        self.connection.execute(sa.insert(tables.actions).values(**row))
        self.connection.execute(sa.update(tables.head).values(actions=number, action_hash=hashed))
        return number


def listed(
    connection: Connection, analysts: Analysts, policy: Policy, now: int
) -> Iterator[Listed]:
    """Yield all measures, newest last, and how they stand."""
    killed = _killed(connection)
    table = tables.measures
    for row in connection.execute(sa.select(table).order_by(table.c.expires, table.c.measure_id)):
        measure = Measure.read(row.envelope, analysts)
        needed, given = people_needed(measure, policy), len(measure.people)
        why = check_measure(measure, policy)
        if killed & {EVERYTHING, measure.rung.name.lower(), measure.measure_id}:
            why = "its kill switch is pulled"
        elif not why and given < needed:
            why = f"{given} of {needed} people have approved it"
        state = "waiting" if why else "in force"
        if row.state == "lifted":
            state = "lifted"
        elif measure.expires <= now:
            state = "expired"
        yield Listed(measure, state, why if state == "waiting" else "")


def snapshot_of(connection: Connection, now: int) -> bytes:
    """Return what ``MeasuresInForce.read`` reads: envelopes, kill switches, decoys and canaries.

    It holds the keys of the canaries, and is to be kept as they are.

    Args:
        connection: to the tables.
        now: microseconds since 1970; what has expired is left out.
    """
    table = tables.measures
    query = (
        sa.select(table.c.envelope)
        .where(table.c.state == "open", table.c.expires > now)
        .order_by(table.c.measure_id)
    )
    version = connection.execute(sa.select(tables.head.c.actions)).scalar_one()
    measures = [bytes(row.envelope) for row in connection.execute(query)]
    canaries = [
        {"set_id": one.set_id, "campaign": one.campaign, "slots": one.slots, "key": one.key}
        for one in canary_sets(connection).values()
    ]
    return msgspec.json.encode(
        {
            "version": version,
            "killed": sorted(_killed(connection)),
            "measures": measures,
            "decoys": sorted(planted(connection)),
            "canaries": canaries,
        }
    )


def action_lines(connection: Connection) -> Iterator[bytes]:
    """Yield the log, oldest first: lines of JSON with ``action`` (an envelope) and ``hash``."""
    query = sa.select(tables.actions).order_by(tables.actions.c.number)
    for row in connection.execute(query):
        yield b'{"action":%b,"hash":"%b"}\n' % (
            bytes(row.line),
            bytes(row.hash).hex().encode(),
        )


def verify_actions(lines: Iterable[bytes], analysts: Analysts) -> tuple[int, str]:
    """Return how many lines there are, and the hash of the last one.

    Keep both elsewhere: a log that was cut at its end shows by them alone.

    Raises:
        RefusedError: G-16 a line was changed, taken out or put in, or is not signed by an analyst.
    """
    last, count = ACTION_START, 0
    for raw in lines:
        try:
            line = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            envelope = bytes(line["action"])
            told = bytes.fromhex(msgspec.json.decode(line["hash"], type=str))
            held = opened(envelope, _ACTION, analysts)
            number = msgspec.json.decode(held.payload, type=dict[str, Any])["number"]
        except (msgspec.MsgspecError, KeyError, ValueError, RefusedError) as error:
            raise RefusedError(
                "G-16", f"a line of the log cannot be read: {error}", where=f"line {count + 1}"
            ) from error
        last = hashlib.sha256(last + envelope).digest()
        count += 1
        if last != told or number != count or not held.signers:  # G-16
            raise RefusedError("G-16", "the log's chain is broken", where=f"line {count}")
    return count, last.hex()


def _killed(connection: Connection) -> set[str]:
    return set(connection.execute(sa.select(tables.kills.c.scope)).scalars())


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
