"""The scan as ``stillwatch.worlds.evaluation.ablation`` asks for it, with parts left out.

Runs in this process what the command line runs, since leaving out a detector is no option of it.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from stillwatch.cli.observe import run as observe_command
from stillwatch.cli.scan import run as scan_command
from stillwatch.find.detectors import DETECTORS
from stillwatch.find.sources import Quarantine
from stillwatch.records import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Method:
    """A scan of worlds; satisfies ``ablation.Scan``.

    Args:
        work: folder for what the scans write.
        step: hours between looks.
    """

    def __init__(self, work: Path, step: int = 1) -> None:
        self._work = work
        self._step = step
        self._scans = 0

    def __call__(
        self,
        world: Path,
        /,
        *,
        observations: bool = False,
        key: bytes = b"",
        without_families: Sequence[str] = (),
        without_detectors: Sequence[str] = (),
    ) -> Path:
        """Scan a world and return the folder of its verdicts.

        Args:
            world: folder in the layout of ``stillwatch simulate``.
            observations: scan what ``stillwatch observe`` makes of the exchanges, and no prompt.
            key: secret that keys all hashes; by default they are not keyed.
            without_families: families of evidence to leave out.
            without_detectors: slugs of detectors to leave out.

        Raises:
            ValueError: there is no such family or detector.
        """
        unknown = {*without_families} - {*FAMILIES}
        unknown |= {*without_detectors} - {detector.slug for detector in DETECTORS}
        if unknown:
            what = f"no such family or detector: {', '.join(sorted(unknown))}"
            raise ValueError(what)
        self._scans += 1
        begin = time.perf_counter()
        out = self._work / f"scan-{self._scans}"
        source = world / "exchanges"
        if observations:
            source = self._work / f"observations-{self._scans}"
            with Quarantine(source) as quarantine:
                observe_command(str(world / "exchanges"), source, quarantine=quarantine, key=key)
        accounts = world / "accounts.parquet"
        with Quarantine(out) as quarantine:
            scan_command(
                str(source),
                out,
                quarantine=quarantine,
                accounts=str(accounts) if accounts.is_file() else None,
                events=(str(world),) if any(world.glob("*_events.parquet")) else (),
                key=b"" if observations else key,
                step=self._step,
                without=frozenset({*without_families, *without_detectors}),
            )
        seconds = time.perf_counter() - begin
        print(f"scan {self._scans} took {seconds:.0f} s", file=sys.stderr, flush=True)
        return out
