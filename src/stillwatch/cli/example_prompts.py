"""Prompts of the examples in a report, read from the log again where the operator asks for them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.find.sources import ColumnMapping
    from stillwatch.records import ScanResult

__all__ = ["prompts_of", "refuse_prompts"]


def refuse_prompts(location: str, *, observed: bool, asked: bool) -> None:
    """Refuse to show prompts of a log that holds none or can be read only once.

    Args:
        location: of the exchanges.
        observed: whether they are observations.
        asked: whether prompts are to be shown at all.

    Raises:
        ConfigurationError: prompts cannot be had.
    """
    if not asked:
        return
    if observed:
        raise ConfigurationError(
            "observations hold no prompts to show",
            where=location,
            todo="leave --show-prompts out, or scan the exchanges",
        )
    if location == "-":
        raise ConfigurationError(
            "standard input can be read only once, and prompts need a second reading",
            where="--show-prompts",
            todo="leave --show-prompts out, or scan a file",
        )


def prompts_of(
    result: ScanResult,
    location: str,
    mapping: ColumnMapping | None,
    format_: str | None,
    *,
    asked: bool,
) -> dict[str, str]:
    """Return the prompts of all campaigns' examples by exchange id.

    Args:
        result: of a scan of the same log.
        location: of the exchanges.
        mapping: the operator's column names.
        format_: of the exchange files.
        asked: whether prompts are to be shown; none are read otherwise.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    from stillwatch.find.sources import Quarantine, open_exchanges  # noqa: PLC0415

    wanted = pa.array(
        sorted({e.exchange_id for campaign in result.campaigns for e in campaign.examples}),
        pa.string(),
    )
    found: dict[str, str] = {}
    if len(wanted) == 0 or not asked:
        return found
    # bad rows were reported by the scan; what this reading sets aside is thrown away
    with tempfile.TemporaryDirectory() as folder, Quarantine(Path(folder)) as aside:
        source = open_exchanges(location, mapping=mapping, quarantine=aside, format=format_)
        for batch in source.batches():
            here = batch.filter(pc.is_in(batch.column("exchange_id"), value_set=wanted))
            found.update(
                zip(
                    here.column("exchange_id").to_pylist(),
                    here.column("prompt").to_pylist(),
                    strict=True,
                )
            )
            if len(found) == len(wanted):
                break
    return found
