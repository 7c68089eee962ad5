"""Steps E-10 to E-19: what the parts say, and that they say it of the right times."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import VerifyKey, checkpoints, merkle
from stillwatch.prove.evidence.days import DayEntry  # noqa: TC001 - msgspec reads it
from stillwatch.prove.evidence.tables import lines_of, openings, read_commits
from stillwatch.prove.evidence.tested import check_results, first_query, planned_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stillwatch.ledger import Checkpoint
    from stillwatch.prove.evidence.case import Document
    from stillwatch.prove.evidence.verifying import Bundle

__all__ = ["CHECKS"]


class _Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``parts/daily/<day>.json``."""

    entry: DayEntry
    index: int
    inclusion: tuple[str, ...]
    consistency: tuple[str, ...]


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of ``parts/daily/places.jsonl``."""

    day: str
    leaf: int
    proof: tuple[str, ...]


def _case(bundle: Bundle) -> str:
    case = bundle.case
    named = [one.file for one in case.documents]
    named += [name for one in case.moments for name in (one.part, *one.stamps)]
    lacking = [name for name in named if name not in bundle.files]
    if lacking or not case.campaigns:  # E-10
        raise RefusedError("E-10", "the case names what is not there", where=", ".join(lacking[:5]))
    if set(bundle.below("parts/moments/")) != {n for one in case.moments for n in one.stamps}:
        raise RefusedError("E-10", "a timestamp of a part is of no part")  # E-10
    return f"{len(case.documents)} documents, {len(case.moments)} parts stamped when made"


def _daily(bundle: Bundle) -> str | None:
    days = _days(bundle)
    for day, shown in days.items():
        point = _note(bundle, f"parts/daily/{day}.note")
        if point.size != shown.index + 1 or shown.entry.day != day:  # E-11
            raise RefusedError("E-11", "a note is of another entry", where=day)
        leaf = merkle.leaf_hash(shown.entry.encode())
        with _holding("E-11", day):
            merkle.verify_inclusion(
                leaf, shown.index, point.size, _raw(shown.inclusion), point.root
            )
    return f"{len(days)} days" if days else None


def _places(bundle: Bundle) -> str | None:
    if "parts/exchanges.commits" not in bundle.files:
        return None
    days = _days(bundle)
    path = bundle.folder / "parts" / "daily" / "places.jsonl"
    if not path.is_file():  # E-12
        raise RefusedError("E-12", "exchanges have no places in daily digests")
    commits = read_commits(bundle.folder / "parts" / "exchanges.commits")
    shown = bundle.folder / "open" / "exchanges.jsonl"
    waiting = openings(shown) if shown.is_file() else iter(())
    opening = next(waiting, None)
    seen: set[tuple[str, int]] = set()
    many = 0
    for at, line in enumerate(lines_of(path, "E-12")):
        place = _decoded(line, _Place, "E-12")
        commitment = next(commits, None)
        day = days.get(place.day)
        if commitment is None or day is None or (place.day, place.leaf) in seen:  # E-12
            raise RefusedError("E-12", "a place is of no exchange, day, or taken", where=place.day)
        seen.add((place.day, place.leaf))
        many += 1
        with _holding("E-12", place.day):
            merkle.verify_inclusion(
                merkle.leaf_hash(commitment),
                place.leaf,
                day.entry.exchanges,
                _raw(place.proof),
                bytes.fromhex(day.entry.root),
            )
        if opening is not None and opening.index == at:
            if not str(opening.record.get("time", "")).startswith(f"{place.day}T"):  # E-12
                raise RefusedError("E-12", "an exchange is of another day", where=place.day)
            opening = next(waiting, None)
    if next(commits, None) is not None:  # E-12
        raise RefusedError("E-12", "an exchange has no place in a daily digest")
    return f"{many:,} exchanges"


def _punctual(bundle: Bundle) -> str | None:
    days = _days(bundle)
    for day, shown in days.items():
        stamp = bundle.moment(f"parts/daily/{day}.note", "E-13")
        if not _midnight(day) < stamp.time <= shown.entry.latest:  # E-13
            raise RefusedError("E-13", f"the digest was stamped at {stamp.time}", where=day)
    return f"{len(days)} days" if days else None


def _one_log(bundle: Bundle) -> str | None:
    days = _days(bundle)
    if not days:
        return None
    last = _note(bundle, "parts/daily/last.note", "E-14")
    ordered = sorted(days.items(), key=lambda one: one[1].index)
    for (earlier, _), (later, _) in pairwise(ordered):
        if earlier >= later:  # E-14
            raise RefusedError("E-14", "days are out of order in the log", where=later)
    for day, shown in ordered:
        point = _note(bundle, f"parts/daily/{day}.note", "E-14")
        with _holding("E-14", day):
            merkle.verify_consistency(
                point.size, last.size, point.root, last.root, _raw(shown.consistency)
            )
    return f"one log of {last.size} days"


def _reveals(bundle: Bundle) -> str | None:
    from stillwatch.prove.watermark import Reveal, verify_reveal  # noqa: PLC0415 - loads kernels

    keys = _keys(bundle.statement.predicate.marks_keys, "E-15")
    names = [name for name in bundle.below("parts/marks/") if name.endswith(".reveal.json")]
    planned = planned_keys(bundle)
    notes = {bundle.read(n, "E-15") for n in bundle.below("parts/marks/") if n.endswith(".note")}
    for name in names:
        try:
            reveal = Reveal.decode(bundle.read(name, "E-15"))
            key, _ = verify_reveal(reveal, keys)
        except RefusedError as error:  # E-15
            raise RefusedError("E-15", f"a key is not proven: {error}", where=name) from error
        if planned is not None and key.id not in planned:  # E-15
            raise RefusedError("E-15", "a revealed key is none of the plan's", where=name)
        if reveal.note not in notes:  # E-15
            raise RefusedError("E-15", "a reveal is of another note", where=name)
    return f"{len(names)} keys revealed" if names else None


def _committed(bundle: Bundle) -> str | None:
    from stillwatch.prove.watermark import parse_commitment  # noqa: PLC0415 - loads kernels

    keys = _keys(bundle.statement.predicate.marks_keys, "E-15")
    queried = first_query(bundle)
    names = [name for name in bundle.below("parts/marks/") if name.endswith(".note")]
    for name in names:
        try:
            made = parse_commitment(bundle.read(name, "E-16"), keys)
        except RefusedError as error:  # E-15
            raise RefusedError("E-15", f"a commitment: {error}", where=name) from error
        stamp = bundle.moment(name, "E-16")
        if stamp.time >= datetime.fromtimestamp(made.draw.not_before, UTC):  # E-16
            raise RefusedError("E-16", "a commitment came after its beacon's round", where=name)
        if queried is not None and stamp.time >= queried:  # E-16
            raise RefusedError("E-16", "a commitment came after the first query", where=name)
    return f"{len(names)} commitments" if names else None


def _planned(bundle: Bundle) -> str | None:
    queried = first_query(bundle)
    if "parts/lineage/plan.json" not in bundle.files:
        if bundle.below("parts/lineage/"):  # E-17
            raise RefusedError("E-17", "there are tests and no plan of them")
        return None
    stamp = bundle.moment("parts/lineage/plan.json", "E-17")
    if queried is not None and stamp.time >= queried:  # E-17
        raise RefusedError("E-17", "the plan came after the first query")
    return f"planned by {stamp.time}, first query {queried}"


def _times(bundle: Bundle) -> str:
    case = bundle.case
    told = [case.declared_at, *(one.at for one in case.documents)]
    told += [one.at for one in case.custody]
    told += [case.legal_hold.at] if case.legal_hold else []
    if bundle.signed and max(told) > min(bundle.signed):  # E-19
        raise RefusedError("E-19", "the case tells of a time after it was signed")
    for earlier, later in pairwise(case.custody):
        if later.at < earlier.at:  # E-19
            raise RefusedError("E-19", "the chain of custody is out of order", where=later.who)
    accepted = _accepted(bundle, [one for one in case.documents if one.kind == "terms"])
    path = bundle.folder / "open" / "exchanges.jsonl"
    for opening in openings(path) if path.is_file() else ():
        account = opening.record.get("account_id")
        time = str(opening.record.get("time"))
        if account in accepted and _time(time, "E-19") < accepted[account]:  # E-19
            raise RefusedError("E-19", "an exchange came before its account's terms", where=time)
    return f"{len(accepted)} accounts accepted terms, {len(case.custody)} links of custody"


def _accepted(bundle: Bundle, terms: list[Document]) -> dict[Any, datetime]:
    """Return when each opened account accepted terms first."""
    path = bundle.folder / "open" / "accounts.jsonl"
    forces = {one.file: one.at for one in terms}
    found: dict[Any, datetime] = {}
    for opening in openings(path) if path.is_file() else ():
        for one in opening.record.get("accepted", []):
            at = _time(str(one.get("at")), "E-19")
            if one.get("terms") not in forces or at < forces[one["terms"]]:  # E-19
                raise RefusedError("E-19", "terms were accepted before they were in force")
            account = opening.record.get("account_id")
            found[account] = min(at, found.get(account, at))
    return found


def _days(bundle: Bundle) -> dict[str, _Shown]:
    names = [name for name in bundle.below("parts/daily/") if name.endswith(".json")]
    return {
        name.removeprefix("parts/daily/").removesuffix(".json"): _decoded(
            bundle.read(name, "E-11"), _Shown, "E-11"
        )
        for name in names
    }


def _note(bundle: Bundle, name: str, rule: str = "E-11") -> Checkpoint:
    keys = _keys(bundle.statement.predicate.log_keys, rule)
    raw = bundle.read(name, rule)
    for key in keys:
        try:
            return checkpoints.open_checkpoint(raw, key.name, [key])[0]
        except RefusedError:
            continue
    raise RefusedError(rule, "no key of the log signed a note", where=name)


def _keys(texts: Iterable[str], rule: str) -> list[VerifyKey]:
    try:
        return [VerifyKey.decode(text) for text in texts]
    except RefusedError as error:
        raise RefusedError(rule, f"a key that the statement names: {error}") from error


def _decoded(raw: bytes, kind: type, rule: str) -> Any:  # noqa: ANN401 - of the type asked for
    try:
        made: Any = msgspec.json.decode(raw, type=kind)
        if isinstance(made, _Shown):
            _midnight(made.entry.day)
            bytes.fromhex(made.entry.root)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RefusedError(rule, f"not in its form: {error}") from error
    return made


@contextmanager
def _holding(rule: str, where: str) -> Iterator[None]:
    try:
        yield
    except (RefusedError, ValueError) as error:
        raise RefusedError(rule, f"a proof does not hold: {error}", where=where) from error


def _raw(proof: tuple[str, ...]) -> list[bytes]:
    return [bytes.fromhex(part) for part in proof]


def _midnight(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)


def _time(text: str, rule: str) -> datetime:
    try:
        made = datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusedError(rule, "a time is none", where=text) from error
    if made.tzinfo is None:
        raise RefusedError(rule, "a time has no zone", where=text)
    return made


CHECKS: tuple[tuple[str, Callable[[Bundle], str | None]], ...] = (
    ("E-10", _case),
    ("E-11", _daily),
    ("E-12", _places),
    ("E-13", _punctual),
    ("E-14", _one_log),
    ("E-15", _reveals),
    ("E-16", _committed),
    ("E-17", _planned),
    ("E-18", check_results),
    ("E-19", _times),
)
"""Steps in order, each with what it checks."""
