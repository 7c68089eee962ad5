"""``scan --check``: what the inputs hold, what is wrong, and what they let be detected."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from stillwatch.find.sources.exchanges import EXCHANGES
from stillwatch.find.sources.mapping import TABLES, printable
from stillwatch.find.sources.quarantine import Quarantine
from stillwatch.find.sources.source import Input
from stillwatch.find.sources.tables import (
    ACCOUNT_EVENTS,
    ACCOUNTS,
    IDENTIFIER_TOKENS,
    INTELLIGENCE,
    PROVIDER_EVENTS,
    event_locations,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from stillwatch.find.sources.mapping import ColumnMapping
    from stillwatch.find.sources.source import TableKind

__all__ = ["Ability", "CheckReport", "InputCheck", "Need", "check"]


@dataclass(frozen=True, slots=True)
class Need:
    """What one detector needs, as its author declares it."""

    detector: str
    """Slug of the detector."""
    family: str
    """One of FAMILIES."""
    all_of: tuple[str, ...] = ()
    """Columns that must all hold values, as ``exchange.ip`` or ``account.created_at``; a section
    alone, such as ``account_event``, asks for the table."""
    any_of: tuple[str, ...] = ()
    """Columns of which one is enough."""


@dataclass(frozen=True, slots=True)
class InputCheck:
    """What one input holds."""

    section: str
    """Table, as in a mapping file."""
    location: str
    """Where it is; without password."""
    files: int
    """Files read."""
    formats: tuple[str, ...]
    """Formats found."""
    good: int
    """Rows that a scan would use."""
    bad: Mapping[str, int]
    """Rows that would go to quarantine, by reason."""
    cells: Mapping[str, int]
    """Cells repaired or emptied, by reason."""
    filled: Mapping[str, float]
    """Share of good rows with a value, by canonical column present."""
    absent: tuple[str, ...]
    """Canonical columns not there."""
    unknown: tuple[str, ...]
    """Columns that nothing reads."""
    account_type: str
    """Type of account_id, or an empty string."""
    first: datetime | None
    """Earliest time."""
    last: datetime | None
    """Latest time."""


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether one detector could run."""

    detector: str
    """Slug."""
    family: str
    """Family of evidence."""
    possible: bool
    """Whether every column that it needs holds at least one value."""
    missing: tuple[str, ...]
    """What it lacks; alternatives are joined by ``or``."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of the inputs says."""

    inputs: tuple[InputCheck, ...]
    """One an input given."""
    abilities: tuple[Ability, ...]
    """One a detector."""

    @property
    def families(self) -> Mapping[str, bool]:
        """Whether any detector of each family could run."""
        families = {ability.family: False for ability in self.abilities}
        return families | {a.family: True for a in self.abilities if a.possible}

    @property
    def usable(self) -> bool:
        """Whether a scan could start: the exchange log has a good row."""
        return any(entry.section == "exchange" and entry.good for entry in self.inputs)

    def to_json(self) -> dict[str, object]:
        """Return the report in JSON's types."""
        inputs = []
        for entry in self.inputs:
            row = asdict(entry)
            for name in ("first", "last"):
                row[name] = row[name].isoformat() if row[name] else None
            inputs.append(row)
        return {
            "usable": self.usable,
            "inputs": inputs,
            "families": dict(self.families),
            "detectors": [asdict(ability) for ability in self.abilities],
        }

    def lines(self) -> list[str]:
        """Return the report as lines for a person."""
        lines: list[str] = []
        for entry in self.inputs:
            formats = ", ".join(entry.formats)
            lines.append(f"{entry.section}: {entry.location} ({formats}, {entry.files} files)")
            bad = sum(entry.bad.values())
            lines.append(f"  {entry.good:,} rows can be used, {bad:,} cannot")
            lines += [f"    {count:,} {reason}" for reason, count in entry.bad.items()]
            lines += [f"  {count:,} cells: {reason}" for reason, count in entry.cells.items()]
            if entry.first and entry.last:
                lines.append(f"  from {entry.first.isoformat()} to {entry.last.isoformat()}")
            columns = ", ".join(f"{name} {share:.0%}" for name, share in entry.filled.items())
            lines.append(f"  columns: {columns}")
            if entry.absent:
                lines.append(f"  absent: {', '.join(entry.absent)}")
            if entry.unknown:
                lines.append(f"  not read: {', '.join(map(printable, entry.unknown))}")
        for family, possible in self.families.items():
            lines.append(f"{family}: {'can be judged' if possible else 'cannot be judged'}")
            for ability in self.abilities:
                if ability.family == family:
                    lacks = f"no; needs {', '.join(ability.missing)}"
                    lines.append(f"  {ability.detector}: {'yes' if ability.possible else lacks}")
        return lines


def check(
    exchanges: str | InputCheck,
    *,
    needs: Sequence[Need],
    accounts: str | None = None,
    events: Sequence[str] = (),
    identifier_tokens: str | None = None,
    intelligence: str | None = None,
    mapping: ColumnMapping | None = None,
    quarantine: Quarantine | None = None,
    format: str | None = None,  # noqa: A002 - named as the option is
    now: datetime | None = None,
) -> CheckReport:
    """Read all inputs once and say what they are good for; nothing is scanned.

    Args:
        exchanges: location of the exchange log, or what was found of it already.
        needs: what each detector needs.
        accounts: location of the account table.
        events: locations of event tables or folders of them.
        identifier_tokens: location of the vault's tokens.
        intelligence: location of the matches with peers' indicators.
        mapping: the operator's column names.
        quarantine: takes bad rows; None only counts them.
        format: format of the exchange log's files; None tells.
        now: times more than a day after it are refused.

    Raises:
        StillwatchError: an input cannot be opened at all, as in ``open_exchanges``.
    """
    sink = quarantine or Quarantine(None)
    inputs: list[InputCheck] = []
    given: list[tuple[TableKind, str, str | None]] = []
    if isinstance(exchanges, InputCheck):
        inputs.append(exchanges)
    else:
        given.append((EXCHANGES, exchanges, format))
    if accounts is not None:
        given.append((ACCOUNTS, accounts, None))
    kinds = {"account": ACCOUNT_EVENTS, "provider": PROVIDER_EVENTS}
    found = event_locations(events, mapping)
    given += [(kinds[kind], location, None) for kind, location in found.items()]
    if identifier_tokens is not None:
        given.append((IDENTIFIER_TOKENS, identifier_tokens, None))
    if intelligence is not None:
        given.append((INTELLIGENCE, intelligence, None))
    for kind, location, chosen in given:
        source = Input(
            location,
            kind,
            mapping=mapping,
            quarantine=sink,
            chosen_format=chosen,
            now=now,
        )
        inputs.append(_measure(source, kind, sink))
    held = _held(inputs)
    return CheckReport(tuple(inputs), tuple(_ability(need, held) for need in needs))


def _held(inputs: Sequence[InputCheck]) -> set[str]:
    """Return the sections with a good row, and the columns with a value."""
    return {
        f"{entry.section}.{name}"
        for entry in inputs
        for name, share in entry.filled.items()
        if share > 0
    } | {entry.section for entry in inputs if entry.good}


def _measure(source: Input, kind: TableKind, quarantine: Quarantine) -> InputCheck:
    good = 0
    filled: Counter[str] = Counter(dict.fromkeys(source.columns, 0))
    first: datetime | None = None
    last: datetime | None = None
    for batch in source.batches():
        good += batch.num_rows
        for name in source.columns:
            filled[name] += batch.num_rows - batch.column(name).null_count
        if "time" in source.columns:
            span = pc.min_max(batch.column("time"))
            low, high = _instant(span["min"]), _instant(span["max"])
            first = low if first is None else min(first, low)
            last = high if last is None else max(last, high)
    names = [field.name for field in TABLES[kind.section]]
    return InputCheck(
        section=kind.section,
        location=source.files[0] if len(source.files) == 1 else source.shown,
        files=len(source.files),
        formats=source.formats,
        good=good,
        bad=quarantine.rows(kind.name),
        cells=quarantine.cells(kind.name),
        filled={name: filled[name] / good if good else 0.0 for name in source.columns},
        absent=tuple(name for name in names if name not in source.columns),
        unknown=source.unknown,
        account_type=str(source.account_type) if "account_id" in source.columns else "",
        first=first,
        last=last,
    )


def _instant(scalar: pa.Scalar) -> datetime:
    instant: datetime = scalar.as_py()
    return instant


def _ability(need: Need, held: set[str]) -> Ability:
    missing = [name for name in need.all_of if name not in held]
    if need.any_of and not held.intersection(need.any_of):
        missing.append(" or ".join(need.any_of))
    return Ability(need.detector, need.family, not missing, tuple(missing))
