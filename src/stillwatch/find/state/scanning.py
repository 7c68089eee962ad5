"""A scan that reads what is new and goes on from where the last one ended."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from stillwatch.find.campaigns import Settings, scan
from stillwatch.find.features.files import Observations
from stillwatch.find.sources import Quarantine, align_account_ids
from stillwatch.find.state.memory import LATE, StateMemory
from stillwatch.find.state.revisions import Revision, flags_of, revisions_of
from stillwatch.find.state.tables import merge_tables
from stillwatch.find.state.taking_in import observed_files
from stillwatch.records import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from stillwatch.find.state.folder import StateFolder
    from stillwatch.records import ScanResult

__all__ = ["Continued", "conclude", "scan_state"]


@dataclass(frozen=True, slots=True)
class Continued:
    """What a scan of a state found."""

    result: ScanResult
    activity: pa.Table
    """See :func:`stillwatch.find.campaigns.scan`."""
    went_on_from: datetime | None
    """Look from which it went on, None where it began at the first."""
    revisions: tuple[Revision, ...]
    """What the scan before had said otherwise."""


def scan_state(
    state: StateFolder,
    given: Mapping[str, pa.Table],
    *,
    settings: Settings,
    late: int = LATE,
    progress: Callable[[str, float], None] | None = None,
) -> Continued:
    """Scan all that a state holds, deciding only the looks that are new or changed.

    Args:
        state: the folder, with what is new taken in.
        given: tables by name, see ``merge_tables``; merged into those held.
        settings: what to do.
        late: how late exchanges may come that re-decide only the looks since, microseconds.
        progress: called with a stage and the share of it that is done.
    """
    observations = Observations(observed_files(state))
    tables = merge_tables(state, given)
    happened = tables.pop("provider_events", None)
    kind = observations.account_type
    tables = {name: align_account_ids(table, kind) for name, table in tables.items()}
    settings = replace(settings, key_fingerprint=state.manifest.key)
    memory = StateMemory(state, settings, late)
    result, activity = scan(
        observations.batches(Quarantine(None)),
        tables.get("accounts"),
        account_events=tables.get("events"),
        provider_events=happened,
        tokens=tables.get("tokens"),
        intelligence=tables.get("intelligence"),
        settings=settings,
        observed=True,
        memory=memory,
        progress=progress,
    )
    at = memory.went_on_from
    before = state.flags()
    revised: list[Revision] = []
    if before is not None:
        until = min(datetime.fromisoformat(before["as_of"]), result.as_of)
        old = {
            account: said
            for account, said in before["accounts"].items()
            if datetime.fromisoformat(said["at"]) <= until
        }
        revised = revisions_of(old, flags_of(result), until)
    return Continued(
        result,
        activity,
        None if at is None else utc(at),
        tuple(revised),
    )


def conclude(state: StateFolder, found: Continued) -> None:
    """Make a scan the one that the next is compared with, once its results are written.

    Args:
        state: the folder.
        found: what the scan found.
    """
    name, serial = state.next_name()
    file = f"{name}.json"
    said = {"as_of": found.result.as_of.isoformat(), "accounts": flags_of(found.result)}
    state.write(f"flags/{file}", json.dumps(said).encode())
    revisions = state.manifest.revisions
    if found.revisions:
        changes = [one.as_dict() for one in found.revisions]
        held = {"as_of": said["as_of"], "changes": changes}
        state.write(f"revisions/{file}", (json.dumps(held, indent=1) + "\n").encode())
        revisions = (*revisions, file)
    state.commit(flags=file, revisions=revisions, serial=serial)
    state.tidy()
