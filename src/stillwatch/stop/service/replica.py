"""What a replica goes by: files that change and updates that come, put in force by assignment.

A file that cannot be used changes nothing: what was in force stays, and the log says so.
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, InputFormatError, RefusedError, StillwatchError
from stillwatch.stop.responses import DEFAULT, Analysts, MeasuresInForce, read_analysts, read_policy
from stillwatch.stop.responses.differences import differences
from stillwatch.stop.responses.governance import Governance
from stillwatch.stop.service.board import Board, Kept
from stillwatch.stop.service.bodies import read_indicators, read_scan_body
from stillwatch.stop.service.knowing import Recalls, knowledge_of, readable
from stillwatch.stop.service.scans import SOURCE, read_intelligence, read_scan, stamp, written
from stillwatch.stop.service.updates import Update

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from stillwatch.stop.responses import Policy
    from stillwatch.stop.service.live import LiveService
    from stillwatch.stop.service.metrics import Metrics
    from stillwatch.stop.service.settings import Settings
    from stillwatch.stop.serving import Knowledge

__all__ = ["Replica"]

_log = logging.getLogger(__name__)
_NEEDED = ("analysts", "policy", "accounts")
"""Files without which nothing is served; others may come later."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What is known, and what it was made of."""

    changes: int
    """Of the board."""
    accounts: pa.Table | None
    decoys: tuple[str, ...]
    knowledge: Knowledge
    broken: list[RefusedError]


class Replica:
    """Keeps a service current; its methods run in the service's event loop.

    Args:
        settings: what the operator set.
        service: what is kept current.
        metrics: counts.
        secret: of core and buckets.
        clock: microseconds since 1970.

    Raises:
        StillwatchError: a file that the settings name cannot be used at the start.
    """

    def __init__(
        self,
        settings: Settings,
        service: LiveService,
        metrics: Metrics,
        *,
        secret: bytes = b"",
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.board = Board()
        """The newest updates."""
        self._settings, self._service, self._metrics = settings, service, metrics
        self._secret, self._clock = secret, clock
        self._kept = None if settings.state is None else _kept(settings.state)
        self._stamps: dict[str, object] = {}
        self._analysts: Analysts | None = None
        self._accounts: pa.Table | None = None
        self._built = 0
        self._ahead: _Made | None = None
        self._changed = asyncio.Event()
        self._building = asyncio.Lock()

    async def start(self) -> None:
        """Take in what was kept and what lies in the files, and put it in force.

        Raises:
            StillwatchError: the policy or the list of analysts cannot be used.
        """
        await self._look(_NEEDED, first=True)
        if self._kept is not None:
            for update in await asyncio.to_thread(lambda: list(self._kept.read())):  # type: ignore[union-attr]
                try:
                    await asyncio.to_thread(self._try, update)
                except RefusedError as error:
                    _log.error("a kept update cannot be used", extra={"error": str(error)})
                else:
                    self.board.take(update)
            if self._kept.damaged:
                _log.error("kept updates are damaged", extra={"files": self._kept.damaged})
        await self._look(first=True)
        if self._settings.policy is None:
            self.apply(DEFAULT)
        await self._rebuild()

    async def run(self) -> None:
        """Look at files, and put in force what changed, until cancelled."""
        looking = asyncio.create_task(self._look_often())
        try:
            while True:
                await self._changed.wait()
                await self._rebuild()
        finally:
            looking.cancel()

    async def look(self) -> None:
        """Look at the files now, whether or not they seem to have changed: at SIGHUP."""
        self._stamps.clear()
        await self._look()

    async def take(self, update: Update) -> None:
        """Take an update that was heard; it is in force soon, and on the disk on return.

        Raises:
            RefusedError: its body cannot be read; an earlier version stays in force.
            OSError: it could not be kept; it is in force.
        """
        if update.kind == "measures" or self.board.lacks(update):
            try:
                await asyncio.to_thread(self._try, update)
            except RefusedError:
                self._metrics.updates.labels(update.kind, "refused").inc()
                raise
        taken = self.board.take(update)
        self._metrics.updates.labels(update.kind, "taken" if taken else "known").inc()
        if taken:
            self._changed.set()
        # one that is known may be here again because it could not be kept the first time
        if self._kept is not None and update in self.board.of(update.kind):
            await asyncio.to_thread(self._kept.keep, update)

    def apply(self, policy: Policy) -> None:
        """Put a policy in force, with the measures that it permits."""
        service = self._service
        recalls = Recalls.of(readable(self.board, "recall", []), now=self._clock())
        measures = self._measures(policy, recalls)
        service.core.measures = measures
        service.core.terms = policy.terms
        service.gate.governance = Governance(policy, measures)
        service.policy = policy

    def _try(self, update: Update) -> None:
        """Check that an update can be put in force, so that one that cannot takes nobody's place.

        Raises:
            RefusedError: U-6 its body cannot be read, or nothing can be built of it; U-7 it has
                measures that are older than those in force, whose kill switches it may lack.
        """
        if update.kind == "measures":
            version = _version(update)
            if any(version < _version(held) for held in self.board.of("measures")):  # U-7
                raise RefusedError(
                    "U-7", "measures older than those in force", todo="write the snapshot anew"
                )
            return
        if update.kind == "scan" and self._try_ahead(update):
            return
        single, broken = Board(), list[RefusedError]()
        single.take(update)
        try:
            _, broken = knowledge_of(single, version=0, now=self._clock(), secret=self._secret)
        except Exception as error:  # U-6
            raise RefusedError(
                "U-6", f"nothing can be built of an update: {type(error).__name__}"
            ) from error
        if broken:
            raise broken[0]

    def _try_ahead(self, update: Update) -> bool:
        """Build all that will be known with a scan, which is most of the work, and keep it.

        False where that cannot be built, whichever update it is that is at fault.
        """
        read_scan_body(update.body)
        try:
            self._ahead = self._make(self.board.plus(update))
        except Exception:  # noqa: BLE001 - the caller finds out whose fault it is
            self._ahead = None
        return self._ahead is not None

    def _make(self, board: Board) -> _Made:
        now = self._clock()
        self._built += 1
        measures = self._measures(self._service.policy, Recalls.of((), now=now))
        changes, accounts, decoys = board.changes, self._accounts, tuple(measures.decoys)
        said = {"accounts": accounts, "decoys": decoys, "secret": self._secret}
        knowledge, broken = knowledge_of(board, version=self._built, now=now, **said)  # type: ignore[arg-type]
        return _Made(changes, accounts, decoys, knowledge, broken)

    def _made(self) -> _Made:
        """Return what is known now: made already where a scan was the last that came."""
        made, self._ahead = self._ahead, None
        measures = self._measures(self._service.policy, Recalls.of((), now=self._clock()))
        current = (self.board.changes, tuple(measures.decoys))
        if made and made.accounts is self._accounts and (made.changes, made.decoys) == current:
            return made
        return self._make(self.board)

    def _measures(self, policy: Policy, recalls: Recalls) -> MeasuresInForce:
        updates = self.board.of("measures")
        if not updates or self._analysts is None:
            return MeasuresInForce((), policy)
        found = MeasuresInForce.read(updates[-1].body, self._analysts, policy)
        return MeasuresInForce(
            recalls.in_force(found.by_id.values()),
            policy,
            killed=[rung.name.lower() for rung in found.killed],
            version=found.version,
            decoys=found.decoys,
            canaries=found.canaries.values(),
        )

    async def _look_often(self) -> None:
        while True:
            await asyncio.sleep(self._settings.watch)
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - files are looked at again, whatever one held
                _log.error("looking at files failed", extra={"error": type(error).__name__})

    async def _look(self, only: Sequence[str] = (), *, first: bool = False) -> None:
        settings = self._settings
        looks: tuple[tuple[str, Path | None, Callable[[Path], None]], ...] = (
            ("analysts", settings.analysts, self._read_analysts),
            ("policy", settings.policy, self._read_policy),
            ("accounts", settings.accounts, self._read_accounts),
            ("scan", settings.scan, self._read_scan),
            ("intelligence", settings.intelligence, self._read_intelligence),
            ("indicators", settings.indicators, self._read_indicators),
            ("measures", settings.measures, self._read_measures),
        )
        for name, path, read in looks:
            if path is None or (only and name not in only):
                continue
            seen = _stamps(name, path)
            if self._stamps.get(name) == seen:
                continue
            try:
                # policy and measures are applied by the loop's own thread
                if name in {"analysts", "policy"}:
                    read(path)
                else:
                    await asyncio.to_thread(read, path)
            except StillwatchError as error:
                self._metrics.reloads.labels(name, "refused").inc()
                if first and (name in _NEEDED or (name == "measures" and not self.board.of(name))):
                    raise  # without the measures nobody knows which kill switches are pulled
                _log.error(
                    "a file cannot be used; what was in force stays",
                    extra={"file": name, "error": str(error), "where": error.where},
                )
            else:
                self._metrics.reloads.labels(name, "taken").inc()
                self._changed.set()
            self._stamps[name] = seen

    def _read_analysts(self, path: Path) -> None:
        self._analysts = read_analysts(path)
        self._stamps.pop("policy", None)  # whose signatures count has changed

    def _read_policy(self, path: Path) -> None:
        try:
            policy = read_policy(path, self._analysts)
        except RefusedError:
            held = self._service.policy
            if held.signed_by and read_policy(path).digest == held.digest:
                # the policy in force has lost its signatures: an analyst is one no more (G-2)
                self.apply(replace(held, signed_by=()))
            raise
        changes = differences(self._service.policy, policy)
        self.apply(policy)
        _log.info(
            "a policy is in force",
            extra={
                "digest": policy.digest[:16],
                "mode": policy.terms.mode.value,
                "signed_by": list(policy.signed_by),
                "changes": [
                    f"{key}: {old or 'none'} -> {new or 'none'}" for key, old, new in changes
                ][:100],
            },
        )

    def _read_accounts(self, path: Path) -> None:
        try:
            table = pq.read_table(io.BytesIO(read_small(path, "the accounts", 4 << 30)))
        except (pa.ArrowException, OSError) as error:
            raise InputFormatError(
                "the accounts are no Parquet file", where=str(path), todo="write them as Parquet"
            ) from error
        if "account_id" not in table.column_names:
            raise InputFormatError("the accounts lack account_id", where=str(path), todo="add it")
        self._accounts = table

    def _read_scan(self, path: Path) -> None:
        self._take_file(read_scan(path, version=written(path / "campaigns.json")))

    def _read_intelligence(self, path: Path) -> None:
        self._take_file(read_intelligence(path, version=written(path)))

    def _read_indicators(self, path: Path) -> None:
        raw = read_small(path, "the indicators", 512 << 20)
        read_indicators(raw)
        self._take_file(Update("indicators", SOURCE, written(path), raw))

    def _read_measures(self, path: Path) -> None:
        raw = read_small(path, "the measures", 64 << 20)
        self._take_file(Update("measures", SOURCE, written(path), raw))

    def _take_file(self, update: Update) -> None:
        if update.kind != "measures" and not self.board.lacks(update):
            return  # it was kept, or came over the stream
        self._try(update)
        if self.board.take(update) and self._kept is not None:
            try:
                self._kept.keep(update)
            except OSError as error:
                _log.error(
                    "an update is in force and not kept", extra={"error": type(error).__name__}
                )

    async def _rebuild(self) -> None:
        async with self._building:
            service = self._service
            self._changed.clear()  # what changes from here on is for the next
            try:
                made = await asyncio.to_thread(self._made)
            except Exception as error:  # noqa: BLE001 - else nothing newer is ever put in force
                words = str(error)[:200] if isinstance(error, StillwatchError) else ""
                _log.error(
                    "what is known cannot be put together; what was known stays",
                    extra={"error": words or type(error).__name__},
                )
                return
            for fault in made.broken:
                _log.error("an update cannot be used", extra={"error": str(fault)})
            knowledge = service.core.knowledge = made.knowledge
            self.apply(service.policy)
            service.knowing = not self._expected() or bool(self.board.of("scan"))
            self._metrics.knowledge_version.set(knowledge.version)
            self._metrics.knowledge_as_of.set(knowledge.as_of / 1e6)
            _log.info(
                "what is known was replaced",
                extra={"version": knowledge.version, "campaigns": len(knowledge.campaigns)},
            )

    def _expected(self) -> bool:
        return self._settings.scan is not None or bool(self._settings.updates.nats)


def _version(measures: Update) -> int:
    return MeasuresInForce.read(measures.body, Analysts({}), DEFAULT).version


def _kept(state: Path) -> Kept:
    try:
        return Kept(state / "updates")
    except OSError as error:
        raise ConfigurationError(
            f"the folder of state cannot be made: {error.strerror}",
            where=str(state),
            todo="name another",
        ) from error


def _stamps(name: str, path: Path) -> Any:  # noqa: ANN401 - compared, and nothing else
    if name == "scan":
        return stamp(path / "campaigns.json"), stamp(path / "verdicts.parquet")
    if name == "policy":  # and its signatures, which lie beside it
        return stamp(path), *(stamp(one) for one in sorted(path.parent.glob(f"{path.name}.*")))
    return stamp(path)
