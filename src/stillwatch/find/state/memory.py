"""What earlier looks carried, kept in the state and found again when the log has grown."""

from __future__ import annotations

import hashlib
import time as clock
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns import weights_digest
from stillwatch.find.campaigns.checkpoint import CHECKPOINT_VERSION, decode, encode
from stillwatch.find.features.observe import OBSERVATION_VERSION
from stillwatch.find.features.rows import HOUR
from stillwatch.find.state.folder import Saved, StateFolder, look_name

if TYPE_CHECKING:
    from stillwatch.find.campaigns import Settings
    from stillwatch.find.campaigns.carried import Carried
    from stillwatch.find.features.facets import FacetIndex
    from stillwatch.find.features.log import Log

__all__ = ["LATE", "StateMemory"]

LATE = 48 * HOUR
"""How late exchanges may come that re-decide only the looks since; later ones re-decide more."""
_DAY = 24 * HOUR
_OFTEN = 120.0
"""Seconds after which a long replay is kept, so that a killed one goes on from there."""


class StateMemory:
    """Remembers looks in a state folder.

    Midnights within the bound for late data are kept, and the last two looks, of which the
    last has often seen only part of its hour.

    Args:
        state: the folder.
        settings: what the looks are decided with.
        late: the bound, microseconds.
    """

    def __init__(self, state: StateFolder, settings: Settings, late: int = LATE) -> None:
        self._state, self._settings, self._late = state, settings, late
        self._print = _fingerprint(settings)
        self._at = clock.monotonic()
        self.went_on_from: int | None = None
        """Look from which the replay went on, None where it began at the first."""

    def recall(self, log: Log, index: FacetIndex) -> Carried | None:
        """Return what the latest look carried before which nothing has changed.

        Args:
            log: the log now.
            index: its facets.
        """
        as_of = self._settings.as_of
        until = np.iinfo(np.int64).max if as_of is None else as_of.timestamp() * 1e6
        for saved in reversed(self._valid(log)):
            if saved.look > until:
                continue
            try:
                data = (self._state.path / "looks" / saved.name).read_bytes()
            except OSError:
                continue
            carried = decode(data, log, index)
            if carried is not None and carried.time == saved.look:
                self.went_on_from = saved.look
                return carried
        return None

    def keep(self, carried: Carried, log: Log, index: FacetIndex, *, last: bool) -> None:
        """Keep what a look carried where it will be wanted.

        Args:
            carried: by the look.
            log: the log.
            index: its facets.
            last: whether no look follows.
        """
        step = self._settings.step
        end = -(-(int(log.time[-1]) + 1) // step) * step
        wanted = last or carried.time == end - step
        wanted |= carried.time % _DAY == 0 and carried.time >= end - self._late
        if not wanted and clock.monotonic() - self._at < _OFTEN:
            return
        name = look_name(carried.time)
        self._state.write(f"looks/{name}", encode(carried, log, index))
        saved = Saved(carried.time, carried.rows, self._print, name)
        looks = [one for one in self._valid(log) if one.look != carried.time]
        if last:
            bound = end - self._late
            looks = [
                o for o in looks if o.look == end - step or (o.look % _DAY == 0 and o.look >= bound)
            ]
        self._state.commit(looks=tuple(sorted([*looks, saved], key=lambda one: one.look)))
        self._at = clock.monotonic()

    def _valid(self, log: Log) -> list[Saved]:
        """Return the looks before which the log is as it was, decided as they would be now."""
        return [
            one
            for one in self._state.manifest.looks
            if one.settings == self._print and np.searchsorted(log.time, one.look) == one.rows
        ]


def _fingerprint(settings: Settings) -> str:
    said = (
        CHECKPOINT_VERSION,
        OBSERVATION_VERSION,
        weights_digest(),
        settings.step,
        settings.alpha,
        sorted(settings.without),
    )
    return hashlib.blake2b(repr(said).encode(), digest_size=8).hexdigest()
