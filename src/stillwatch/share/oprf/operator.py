"""What an operator does with a request: who asks, what for, is it allowed, then its share of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import canonical, dsse
from stillwatch.share.oprf import database as db
from stillwatch.share.oprf import wire
from stillwatch.share.oprf.epochs import current
from stillwatch.share.oprf.quotas import PURPOSES
from stillwatch.share.oprf.shares import KeyShare, Scalar, read_shares
from stillwatch.share.oprf.steps import GRACE, Steps
from stillwatch.share.oprf.terms import expected, terms_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.ledger.requests import Signed
    from stillwatch.share.oprf.home import Home

__all__ = ["Operator", "ready", "shares_of"]


def shares_of(home: Home, epoch: int, generation: int, now: int) -> dict[str, KeyShare]:
    """Return the shares of a generation by type, empty where they are not held.

    After a refresh the shares before are kept for `GRACE` seconds, then deleted (P-8).
    """
    found: dict[str, KeyShare] = {}
    before = home.share_path(epoch, "previous")
    with suppress(FileNotFoundError):
        # the time of the new shares' arrival: renaming does not change the old file's own
        if now - home.share_path(epoch).stat().st_mtime > GRACE:
            before.unlink(missing_ok=True)
    for path in (home.share_path(epoch), before):
        if path.exists():
            held = read_shares(path)
            if held.generation == generation:
                found = {kind: Scalar(value) for kind, value in held.scalars().items()}
    return found


def ready(home: Home, now: int) -> None:
    """Refuse to begin with a folder that cannot answer as its records say.

    Raises:
        StillwatchError: a file is missing or wrong.
        ConfigurationError: P-1 a share is not the one whose public half is in the record.
    """
    home.members()
    for epoch, held in home.certificates().items():
        shares = shares_of(home, epoch, held.record.generation, now)
        for kind, share in shares.items():
            wanted = getattr(held.record.keys[kind], home.settings.operator)
            if share.public.hex() != wanted:  # P-1
                raise ConfigurationError(
                    f"P-1: the share of {kind} is not the one of epoch {epoch}'s record",
                    where=str(home.share_path(epoch)),
                    todo="restore the share, or make the next epoch with --lost",
                )


class Operator:
    """One of the two key operators.

    Args:
        home: its folder.
        load: gives the shares of a generation.
    """

    def __init__(
        self,
        home: Home,
        load: Callable[[Home, int, int, int], dict[str, KeyShare]] = shares_of,
    ) -> None:
        self.home = home
        self._load = load

    def evaluate(self, raw: bytes, signed: Signed, member: str, now: int) -> bytes:
        """Answer a member's batch.

        Args:
            raw: the request's body.
            signed: who signed it.
            member: the member whose key that is.
            now: seconds since 1970.

        Returns:
            The answer as JSON.

        Raises:
            RefusedError: P-3, P-4, P-7, P-8 or P-10.
        """
        request = wire.decoded(raw)
        fault: RefusedError | None = None
        points: list[bytes] = []
        shares: dict[str, KeyShare] = {}
        try:
            points = request.points()  # P-3, P-4
            _purpose(request)  # P-10
            shares = self._open(request, now)  # P-8
        except RefusedError as error:
            fault = error
        noted = db.Request(
            at=now,
            member=member,
            keyid=signed.keyid,
            epoch=request.epoch,
            generation=request.generation,
            kind=request.kind,
            purpose=request.purpose,
            elements=len(request.elements),
            batch=wire.batch_digest(member, request),
        )
        quota = self.home.settings.quotas[request.kind]
        with db.connected(self.home.path / "operator.db") as database:
            db.charge(database, noted, (signed.nonce, signed.created), quota, fault)  # P-7
        answer = shares[request.kind].answer(points)  # P-4
        return msgspec.json.encode(
            wire.EvaluateAnswer(
                operator=self.home.settings.operator,
                public=answer.public.hex(),
                evaluated=[item.hex() for item in answer.evaluated],
                proof=answer.proof.hex(),
            )
        )

    def counters(self, now: int, member: str | None = None) -> bytes:
        """Return what was evaluated, of all or of one member, in a signed envelope (P-7)."""
        with db.connected(self.home.path / "operator.db") as database:
            rows = db.spent(database, member)
        held = wire.Counters(
            exchange=self.home.settings.exchange,
            operator=self.home.settings.operator,
            at=now,
            member=member or "",
            counters=[wire.Counter(**asdict(row)) for row in rows],
        )
        raw = canonical(msgspec.to_builtins(held))
        return dsse.seal_envelope(wire.COUNTERS_TYPE, raw, [self.home.key])

    def records(self) -> list[bytes]:
        """Return the signed records of all epochs, by number."""
        return [held.envelope for _, held in sorted(self.home.certificates().items())]

    def ceremony(self, raw: bytes, now: int) -> bytes:
        """Answer the other operator's message of a ceremony (P-1).

        Raises:
            RefusedError: P-1, P-4, P-8 or L-18, see `steps`.
        """
        terms = terms_in(raw, self.home)
        expected(self.home, terms)  # P-8
        return Steps(self.home, terms, now).take(raw)

    def _open(self, request: wire.EvaluateRequest, now: int) -> dict[str, KeyShare]:
        """Return the shares that are to answer.

        Raises:
            RefusedError: P-8 the epoch is not open, or the generation not held.
        """
        records = {n: c.record for n, c in self.home.certificates().items()}
        lost = {n for r in records.values() if r.starts <= now for n in r.lost}
        record = records.get(request.epoch)
        if record is None or not record.open_at(now) or request.epoch in lost:  # P-8
            newest = current(records, now).epoch if records else 0
            raise RefusedError(
                "P-8",
                f"epoch {request.epoch} is not open",
                todo=f"evaluate in epoch {newest}" if newest else "wait for an epoch",
            )
        shares = self._load(self.home, request.epoch, request.generation, now)
        if request.kind not in shares:  # P-8
            raise RefusedError(
                "P-8",
                f"shares of generation {request.generation} are not held",
                todo=f"read the epoch's record again: it is {record.generation}",
            )
        return shares


def _purpose(request: wire.EvaluateRequest) -> None:
    if request.purpose not in PURPOSES[request.kind]:  # P-10
        raise RefusedError(
            "P-10",
            f"{request.kind} is evaluated for {' or '.join(PURPOSES[request.kind])} alone",
            todo="evaluate it for accounts that are locally suspicious",
        )
