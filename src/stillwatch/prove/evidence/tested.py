"""What a bundle asks of tests of a suspect: results that answer one plan, from these transcripts.

Only these fields are read, whichever tests were run; others are carried:

``lineage/plan.json``: ``tests``, ``suspects``, ``controls`` and ``keys``, lists of names;
``key_ids`` of those keys.
``lineage/results.json``: ``plan``, SHA-256 of the plan's bytes; ``transcripts``, names to
SHA-256; ``results``, a list with ``test``, ``subject`` and, of tests under a key, ``key``, and
one of ``p``, ``rank`` or ``not_enough_data``.
``lineage/transcripts/*.jsonl``: a line a query, with ``sent``, RFC 3339.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.prove.evidence.tables import lines_of

if TYPE_CHECKING:
    from stillwatch.prove.evidence.verifying import Bundle

__all__ = ["check_results", "first_query", "planned_keys"]

PLAN = "parts/lineage/plan.json"
RESULTS = "parts/lineage/results.json"
TRANSCRIPTS = "parts/lineage/transcripts/"


class _Plan(msgspec.Struct, frozen=True):
    tests: tuple[str, ...]
    suspects: tuple[str, ...]
    controls: tuple[str, ...]
    keys: tuple[str, ...] = ()
    key_ids: tuple[str, ...] = ()


class _Result(msgspec.Struct, frozen=True):
    test: str
    subject: str
    key: str | None = None
    p: float | None = None
    rank: int | None = None
    not_enough_data: bool = False


class _Results(msgspec.Struct, frozen=True):
    plan: str
    transcripts: dict[str, str]
    results: tuple[_Result, ...]


def first_query(bundle: Bundle) -> datetime | None:
    """Return when the first query of any transcript was sent; None without transcripts.

    Raises:
        RefusedError: E-17 a line of a transcript has no time.
    """
    first: datetime | None = None
    for name in bundle.below(TRANSCRIPTS):
        for line in lines_of(bundle.folder / name, "E-17"):
            try:
                sent = datetime.fromisoformat(json.loads(line)["sent"])
            except (ValueError, TypeError, KeyError, RecursionError) as error:  # E-17
                raise RefusedError("E-17", "a query has no time", where=name) from error
            if sent.tzinfo is None:  # E-17
                raise RefusedError("E-17", "a query's time has no zone", where=name)
            first = sent if first is None else min(first, sent)
    return first


def planned_keys(bundle: Bundle) -> set[str] | None:
    """Return the ids of the keys that the plan names; None where there is no plan.

    Raises:
        RefusedError: E-18 the plan is not in its form.
    """
    return set(_read(bundle.read(PLAN, "E-18"), _Plan).key_ids) if PLAN in bundle.files else None


def check_results(bundle: Bundle) -> str | None:
    """Refuse results that leave out anything that was planned; say what they answer.

    Raises:
        RefusedError: E-18 a test, key, suspect, control or transcript is missing or another.
    """
    if RESULTS not in bundle.files:
        return None
    raw = bundle.read(PLAN, "E-18")
    plan, results = _read(raw, _Plan), _read(bundle.read(RESULTS, "E-18"), _Results)
    if results.plan != hashlib.sha256(raw).hexdigest():  # E-18
        raise RefusedError("E-18", "the results are of another plan")
    digests = {one.name: one.digest.sha256 for one in bundle.statement.subject}
    named = {f"{TRANSCRIPTS}{name}": digest for name, digest in results.transcripts.items()}
    if named != {name: digests.get(name) for name in bundle.below(TRANSCRIPTS)}:  # E-18
        raise RefusedError("E-18", "the results are of other transcripts")
    found = _by_test(results)
    planned = {(test, who) for test in plan.tests for who in (*plan.suspects, *plan.controls)}
    if set(found) != planned or not plan.controls:  # E-18
        odd = sorted(f"{test} of {who}" for test, who in set(found) ^ planned)
        raise RefusedError("E-18", "results are not those planned", where=", ".join(odd[:5]))
    for (test, who), keys in found.items():
        if keys not in ({None}, set(plan.keys)):  # E-18
            raise RefusedError("E-18", "not every key that was planned", where=f"{test} of {who}")
    return f"{len(results.results)} results, {len(plan.controls)} controls"


def _by_test(results: _Results) -> dict[tuple[str, str], set[str | None]]:
    found: dict[tuple[str, str], set[str | None]] = {}
    for one in results.results:
        if one.p is None and one.rank is None and not one.not_enough_data:  # E-18
            raise RefusedError("E-18", "a result says nothing", where=f"{one.test} {one.subject}")
        if one.p is not None and not 0 <= one.p <= 1:  # E-18
            raise RefusedError("E-18", "a p-value is out of range", where=one.test)
        keys = found.setdefault((one.test, one.subject), set())
        if one.key in keys:  # E-18
            raise RefusedError("E-18", "a result is there twice", where=one.test)
        keys.add(one.key)
    return found


def _read(raw: bytes, kind: type) -> Any:  # noqa: ANN401 - of the type asked for
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # E-18
        raise RefusedError("E-18", f"plan or results are not in their form: {error}") from error
