"""Verification: the steps E-1 to E-22 over a bundle, offline, with bounded memory.

The first three have to hold for the others to make sense; the others are all tried, so that one
report names every step that fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.prove.evidence.case import Case
from stillwatch.prove.evidence.commands import stamp_names, verify_text
from stillwatch.prove.evidence.digests import digests_of
from stillwatch.prove.evidence.layout import COMMANDS, ENVELOPE, files_of, read_part
from stillwatch.prove.evidence.legal import Element, filled
from stillwatch.prove.evidence.stamps import MOST_STAMP, verify_stamp
from stillwatch.prove.evidence.statement import Envelope, Statement
from stillwatch.prove.evidence.steps import STEPS
from stillwatch.prove.evidence.tables import TABLES, openings, read_commits

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from stillwatch.prove.evidence.keys import PublicKey
    from stillwatch.prove.evidence.stamps import Authority, Stamp

__all__ = ["Bundle", "Outcome", "Trust", "opened", "verify"]


@dataclass(frozen=True, slots=True)
class Trust:
    """What a verifier knows from elsewhere: nothing in it comes from the bundle."""

    signers: tuple[PublicKey, ...]
    """Keys that have to have signed, at least one."""
    authorities: tuple[Authority, ...]
    """Timestamp authorities."""
    stamps: int = 2
    """Different authorities that each signature needs."""
    complete: bool = True
    """Whether all signers have to have signed by now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step found."""

    step: str
    """Its number, E-1 to E-22."""
    held: bool | None
    """Whether it holds; None where the bundle has nothing that it is about."""
    detail: str
    """What was found, one line."""


@dataclass(slots=True)
class Bundle:
    """A bundle that is being verified: what one step has read, later ones use."""

    folder: Path
    """Where it is."""
    trust: Trust
    """What its verifier knows."""
    files: dict[str, int]
    """Its files, bytes each."""
    envelope: Envelope
    """Nothing of it verified."""
    statement: Statement
    """What it holds."""
    signed: list[datetime] = field(default_factory=list)
    """Times of the signatures' stamps, UTC."""
    _case: Case | None = None

    @property
    def case(self) -> Case:
        """The case.

        Raises:
            RefusedError: E-10 it is missing or not in its form.
        """
        if self._case is None:
            self._case = Case.decode(self.read("parts/case.json", "E-10"))
        return self._case

    def read(self, name: str, rule: str) -> bytes:
        """Return a file that is read whole, see `read_part`."""
        return read_part(self.folder, name, rule)

    def below(self, prefix: str) -> list[str]:
        """Return the names of files that begin so."""
        return [name for name in self.files if name.startswith(prefix)]

    def moment(self, part: str, rule: str) -> Stamp:
        """Return the earliest stamp of a part that was stamped when it was made.

        Raises:
            RefusedError: under the caller's rule, there is none, or one does not verify.
        """
        stamps = [name for one in self.case.moments if one.part == part for name in one.stamps]
        if not stamps:
            raise RefusedError(rule, "it was not stamped when it was made", where=part)
        data = self.read(part, rule)
        found = [
            verify_stamp(
                read_part(self.folder, name, rule, MOST_STAMP), data, self.trust.authorities, rule
            )
            for name in stamps
        ]
        return min(found, key=lambda stamp: stamp.time)


def opened(folder: Path, trust: Trust) -> Bundle:
    """Return a bundle whose form holds.

    Raises:
        RefusedError: E-1 to E-3.
    """
    files = files_of(folder)
    envelope = Envelope.decode(read_part(folder, ENVELOPE, "E-2"))
    return Bundle(folder, trust, files, envelope, Statement.decode(envelope.content))


def verify(folder: Path, trust: Trust) -> tuple[Outcome, ...]:
    """Return the outcome of each step that was tried, in order.

    Args:
        folder: the bundle.
        trust: keys and authorities that the verifier knows from elsewhere.
    """
    from stillwatch.prove.evidence import contents  # noqa: PLC0415 - which needs this module

    try:
        bundle = opened(folder, trust)
    except RefusedError as error:
        return (Outcome(error.rule, held=False, detail=_said(error)),)
    done = [Outcome(step, held=True, detail=STEPS[step]) for step in ("E-1", "E-2", "E-3")]
    checks: tuple[tuple[str, Callable[[Bundle], str | None]], ...] = (
        ("E-4", _signatures),
        ("E-5", _trusted),
        ("E-6", _stamps),
        ("E-7", _parts),
        ("E-9", _tables),
        *contents.CHECKS,
        ("E-20", _matrix),
        ("E-21", _members),
        ("E-22", _commands),
    )
    for step, check in checks:
        try:
            said = check(bundle)
            done.append(Outcome(step, None if said is None else True, said or "nothing of it here"))
        except RefusedError as error:
            shown = error.rule if error.rule in STEPS else step
            done.append(Outcome(shown, held=False, detail=_said(error)))
    return tuple(done)


def _said(error: RefusedError) -> str:
    what = error.what.removeprefix(f"{error.rule}: ")
    return f"{what}: {error.where}" if error.where else what


def _signatures(bundle: Bundle) -> str:
    named = {one.public().key_id: one.public() for one in bundle.statement.predicate.signers}
    ids = [one.keyid for one in bundle.envelope.signatures]
    waited = bundle.trust.complete and len(ids) < len(named)
    if waited or len(ids) != len(set(ids)) or not set(ids) <= set(named):  # E-4
        raise RefusedError("E-4", f"{len(ids)} of {len(named)} signers have signed, or others")
    for one in bundle.envelope.signatures:
        if not named[one.keyid].verify(one.raw, bundle.envelope.signed):  # E-4
            raise RefusedError("E-4", "a signature does not verify", where=one.keyid)
    shown = {f"signers/{key_id[:16]}.pem": key.pem for key_id, key in named.items()}
    if set(bundle.below("signers/")) != set(shown) or any(
        bundle.read(name, "E-4") != pem for name, pem in shown.items()
    ):  # E-4
        raise RefusedError("E-4", "a signer's PEM file is not the key that the statement names")
    return f"signed by {', '.join(one.name for one in bundle.statement.predicate.signers)}"


def _trusted(bundle: Bundle) -> str:
    named = {one.public() for one in bundle.statement.predicate.signers}
    lacking = [key.key_id for key in bundle.trust.signers if key not in named]
    if lacking or not bundle.trust.signers:  # E-5
        raise RefusedError("E-5", "a pinned key is no signer", where=", ".join(lacking))
    return f"{len(bundle.trust.signers)} of {len(named)} keys are pinned"


def _stamps(bundle: Bundle) -> str:
    used: set[str] = set()
    for one in bundle.envelope.signatures:
        roots = set()
        for name in stamp_names(bundle.files, one.keyid):
            raw = read_part(bundle.folder, name, "E-6", MOST_STAMP)
            found = verify_stamp(raw, one.raw, bundle.trust.authorities, "E-6")
            used.add(name)
            bundle.signed.append(found.time)
            roots.add(found.root)
        if len(roots) < bundle.trust.stamps:  # E-6
            raise RefusedError(
                "E-6",
                f"{len(roots)} authorities stamped a signature, {bundle.trust.stamps} are needed",
                where=one.keyid,
            )
    if used != set(bundle.below("stamps/")):  # E-6
        raise RefusedError("E-6", "a timestamp is of no signature")
    return f"{len(used)} timestamps, the last at {max(bundle.signed)}" if used else "none is asked"


def _parts(bundle: Bundle) -> str:
    named = {one.name: one.digest for one in bundle.statement.subject}
    here = set(bundle.below("parts/"))
    if here != set(named):  # E-7
        odd = sorted(here ^ set(named))
        raise RefusedError("E-7", "a part is missing or was not signed", where=", ".join(odd[:5]))
    size = 0
    for name, digest in named.items():
        found = digests_of(bundle.folder / name)
        size += found.size
        if found.sha256 != digest.sha256:  # E-7
            raise RefusedError("E-7", "a part is not what was signed", where=name)
        if found.merkle != digest.merkle_1mib:  # E-8
            raise RefusedError("E-8", "a part has another Merkle root", where=name)
    return f"{len(named)} parts, {size:,} bytes"


def _tables(bundle: Bundle) -> str | None:
    said = []
    for table in TABLES:
        name = f"parts/{table}.commits"
        if name not in bundle.files:
            continue
        shown = f"open/{table}.jsonl"
        waiting = openings(bundle.folder / shown) if shown in bundle.files else iter(())
        opening = next(waiting, None)
        many = opens = 0
        for many, commitment in enumerate(read_commits(bundle.folder / name), 1):
            if opening is not None and opening.index == many - 1:
                if opening.commitment() != commitment:  # E-9
                    raise RefusedError("E-9", "a record does not open its commitment", where=shown)
                opens += 1
                opening = next(waiting, None)
        if opening is not None:  # E-9
            raise RefusedError("E-9", "an opening is of no record", where=shown)
        said.append(f"{table}: {opens:,} of {many:,} opened")
    known = {f"open/{table}.jsonl" for table in TABLES if f"parts/{table}.commits" in bundle.files}
    if not set(bundle.below("open/")) <= known:  # E-9
        raise RefusedError("E-9", "an opening is of no table")
    return "; ".join(said) or None


def _matrix(bundle: Bundle) -> str | None:
    if bundle.statement.predicate.members:
        return None
    rows = bundle.case.matrix
    elements = [Element(r.theory, r.element, (*r.held, *r.missing)) for r in rows]
    again = filled(elements, (one.name for one in bundle.statement.subject))
    if [(set(r.held), set(r.missing)) for r in again] != [
        (set(r.held), set(r.missing)) for r in rows
    ]:  # E-20
        raise RefusedError("E-20", "the matrix says what the bundle does not hold")
    whole = sum(not row.missing for row in rows)
    return f"{whole} of {len(rows)} elements have all of their evidence"


def _members(bundle: Bundle) -> str | None:
    members = bundle.statement.predicate.members
    mine = {one.public() for one in bundle.statement.predicate.signers}
    expected = {f"parts/members/{member}/{ENVELOPE}" for member in members}
    if set(bundle.below("parts/members/")) != expected:  # E-21
        raise RefusedError("E-21", "the members' statements are not those that are named")
    for name in sorted(expected):
        envelope = Envelope.decode(bundle.read(name, "E-21"))
        theirs = {one.public().key_id: one.public() for one in _inner(envelope).predicate.signers}
        ids = [one.keyid for one in envelope.signatures]
        if sorted(ids) != sorted(theirs) or not all(
            theirs[one.keyid].verify(one.raw, envelope.signed) for one in envelope.signatures
        ):  # E-21
            raise RefusedError("E-21", "a member's statement is not signed", where=name)
        if not mine & set(theirs.values()):  # E-21
            raise RefusedError("E-21", "a member does not sign the joint statement", where=name)
    return f"{len(members)} members" if members else None


def _inner(envelope: Envelope) -> Statement:
    try:
        return Statement.decode(envelope.content)
    except RefusedError as error:  # E-21
        raise RefusedError("E-21", f"a member's statement: {error.what}") from error


def _commands(bundle: Bundle) -> str:
    if bundle.read(COMMANDS, "E-22") != verify_text(bundle.folder):  # E-22
        raise RefusedError("E-22", "the commands are not those for this bundle")
    return "as they have to be"
