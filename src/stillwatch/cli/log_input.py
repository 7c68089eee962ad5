"""What commands that read a log do alike: open and observe it, and refuse one without a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.cli.example_prompts import refuse_prompts
from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, NoUsableRowsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from stillwatch.find.features.files import Observations
    from stillwatch.find.sources import ColumnMapping, Quarantine

__all__ = ["Opened", "counted", "observations_at", "opened", "read_secret"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A log that is read and observed as its batches are taken."""

    account_type: pa.DataType
    """Arrow type of account_id: int64 or string."""
    key: str
    """Fingerprint of the key of the hashes."""
    batches: Iterator[pa.RecordBatch]
    """Observations, to be taken once; NoUsableRowsError where there is none."""


def opened(
    location: str,
    *,
    quarantine: Quarantine,
    key: int,
    mapping: ColumnMapping | None = None,
    format_: str | None = None,
    prompts: bool = False,
) -> Opened:
    """Open an exchange log, or observations of one.

    Args:
        location: what ``stillwatch scan`` takes.
        quarantine: takes bad rows while the batches are taken.
        key: of all hashes, 0 for none; observations have theirs, which must be this one if it is
            given.
        mapping: the operator's column names.
        format_: of the files; None tells by name and content.
        prompts: whether the log will be asked for prompts afterwards.

    Raises:
        ConfigurationError: prompts cannot be had from it.
        IncompatibleObservationsError: the key is not that of the observations.
        StillwatchError: see ``open_exchanges`` and ``find_observations``.
    """
    from stillwatch.find.campaigns import observe_all  # noqa: PLC0415 - help imports no kernel
    from stillwatch.find.features.files import key_fingerprint  # noqa: PLC0415 - as above
    from stillwatch.find.sources import open_exchanges  # noqa: PLC0415 - as above

    observations = observations_at(location, mapping, format_)
    refuse_prompts(location, observed=observations is not None, asked=prompts)
    if observations is None:
        source = open_exchanges(location, mapping=mapping, quarantine=quarantine, format=format_)
        batches = observe_all(counted(source.batches(), quarantine, location), key=key)
        return Opened(source.account_type, key_fingerprint(key), batches)
    if key:
        observations.check_key(key)
    batches = counted(observations.batches(quarantine), quarantine, location)
    return Opened(observations.account_type, observations.key, batches)


def observations_at(
    location: str, mapping: ColumnMapping | None, format_: str | None
) -> Observations | None:
    """Return the observations at a location, or None where it is an exchange log."""
    from stillwatch.find.features.files import find_observations  # noqa: PLC0415 - as above

    forced = None if mapping is None else mapping.account_type
    return find_observations(location, chosen=format_, account_type=forced)


def read_secret(path: Path | None, what: str = "the key file") -> bytes:
    """Return the secret of a file, white space around it left out; nothing without a file.

    Args:
        path: the file.
        what: what it is, in an error.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: the file holds nothing, which would be no key, or is none.
    """
    if path is None:
        return b""
    secret = read_small(path, what).strip()
    if not secret:
        raise ConfigurationError(
            f"{what} is empty", where=str(path), todo="put a long random secret in it"
        )
    return secret


def counted(
    batches: Iterator[pa.RecordBatch], quarantine: Quarantine, where: str
) -> Iterator[pa.RecordBatch]:
    """Pass batches on; refuse an input without a good row.

    Raises:
        NoUsableRowsError: there was none.
    """
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        if batch.num_rows:
            yield batch
    if rows == 0:
        bad = sum(sum(quarantine.rows(name).values()) for name in quarantine.inputs())
        raise NoUsableRowsError(
            f"no usable exchange; {bad} went to quarantine" if bad else "no exchange at all",
            where=where,
            todo="`stillwatch scan --check` says why",
        )
