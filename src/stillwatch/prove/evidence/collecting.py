"""Parts in, an unsigned bundle out: copied, digested, named in a statement."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import stillwatch
from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError, SourceNotFoundError
from stillwatch.prove.evidence.case import Case, Document, Draft, Moment, spelled
from stillwatch.prove.evidence.commands import write_text
from stillwatch.prove.evidence.digests import digests_of
from stillwatch.prove.evidence.layout import ENVELOPE
from stillwatch.prove.evidence.legal import filled
from stillwatch.prove.evidence.statement import (
    DigestSet,
    Envelope,
    Predicate,
    SignerName,
    Statement,
    Subject,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from stillwatch.prove.evidence.days import DayLog
    from stillwatch.prove.evidence.legal import Element
    from stillwatch.prove.evidence.tables import Opening

__all__ = ["Collector"]

_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(slots=True)
class Collector:
    """Makes one bundle: add parts, then `close`.

    Raises:
        OutputError: the folder exists or cannot be written.
    """

    folder: Path
    """Where the bundle is made; it must not exist."""
    _moments: list[Moment] = field(default_factory=list)
    _log_keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self.folder.mkdir(parents=True)
            (self.folder / "parts").mkdir()
        except OSError as error:
            raise OutputError(
                f"a bundle cannot be made: {error.strerror}",
                where=str(self.folder),
                todo="name a new folder",
            ) from error

    def copy(self, source: Path, name: str) -> str:
        """Copy a file of any size as ``parts/<name>`` and return the part's name.

        Raises:
            SourceNotFoundError: it cannot be read.
        """
        part = "/".join(["parts", *(_PLAIN.sub("_", piece) for piece in name.split("/"))])
        target = self.folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise ConfigurationError(
                f"two files would be {part}", where=str(source), todo="rename one of them"
            )
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise SourceNotFoundError(
                f"a file cannot be copied: {error.strerror}",
                where=str(source),
                todo="check the path and its mode",
            ) from error
        return part

    def write(self, name: str, raw: bytes) -> str:
        """Write bytes as ``parts/<name>`` and return the part's name."""
        target = self.folder / "parts" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, raw)
        return f"parts/{name}"

    def stamped(self, part: str, stamps: Iterable[bytes]) -> None:
        """Say that a part was stamped when it was made."""
        at = len(self._moments)
        names = [self.write(f"moments/{at}.{k}.tsr", raw) for k, raw in enumerate(stamps)]
        if names:
            self._moments.append(Moment(part, tuple(names)))

    def table(self, name: str, opened: Iterable[Opening]) -> int:
        """Write a table of records and what opens it; return how many there are."""
        (self.folder / "open").mkdir(exist_ok=True)
        many = 0
        with (
            (self.folder / "parts" / f"{name}.commits").open("xb") as commits,
            (self.folder / "open" / f"{name}.jsonl").open("xb") as openings,
        ):
            for many, opening in enumerate(opened, 1):  # noqa: B007 - counted for the caller
                commits.write(opening.commitment().hex().encode() + b"\n")
                openings.write(opening.encode())
        return many

    def exchanges(self, log: DayLog, rows: Iterable[dict[str, Any]]) -> int:
        """Write the table of exchanges, their places in the daily digests, and those days.

        Args:
            log: the daily digests that were kept.
            rows: exchanges in order of time, with ``exchange_id``, ``account_id``, ``time``.

        Raises:
            RefusedError: E-12 an exchange is in no digest of its day.
        """
        entries = log.days
        known = {entry.day: at for at, entry in enumerate(entries)}
        days: set[str] = set()
        with ExitStack() as open_files:
            path = self.folder / "parts" / "daily" / "places.jsonl"
            path.parent.mkdir(exist_ok=True)
            places = open_files.enter_context(path.open("xb"))

            def placed() -> Iterable[Opening]:
                held: dict[bytes, int] = {}
                entry, now = None, ""
                for at, row in enumerate(rows):
                    opening = log.opening(at, row)
                    day = str(opening.record["time"])[:10]
                    if day != now:
                        entry, now = entries[known[day]] if day in known else None, day
                        held = log.leaves(entry) if entry else {}
                    places.write(log.place(opening.commitment(), day, entry, held).encode())
                    days.add(day)
                    yield opening

            many = self.table("exchanges", placed())
        self._days(log, sorted(known[day] for day in days))
        return many

    def _days(self, log: DayLog, wanted: list[int]) -> None:
        names = [entry.day for entry in log.days]
        for at in wanted:
            proof = json.dumps(log.shown(at), sort_keys=True, separators=(",", ":")).encode()
            self.write(f"daily/{names[at]}.json", proof)
            self.stamped(self.write(f"daily/{names[at]}.note", log.note(at)), log.stamps(at))
        if wanted:
            self.write("daily/last.note", log.note(len(names) - 1))
            self._log_keys.append(log.key.public.encode())

    def close(
        self,
        draft: Draft,
        beside: Path,
        matrix: Iterable[Element],
        signers: Iterable[SignerName],
        now: datetime,
        *,
        marks_keys: Iterable[str] = (),
        members: Iterable[str] = (),
    ) -> Statement:
        """Write case, statement and ``VERIFY.txt``; what is signed is fixed then.

        Args:
            draft: the case.
            beside: folder that the paths of its documents are relative to.
            matrix: elements of legal theories.
            signers: all who will sign.
            now: maker's clock.
            marks_keys: verifier keys of commitments to watermark keys.
            members: folders of members in a joint bundle.
        """
        documents = []
        for one in draft.documents:
            source = beside / one.file
            part = self.copy(source, f"{one.kind}/{source.name}")
            documents.append(Document(one.kind, part, one.at, one.what))
        held = {name: getattr(draft, name) for name in Draft.__struct_fields__}
        names = [*self._names(), "parts/case.json"]
        case = Case(
            **{**held, "documents": tuple(documents)},
            moments=tuple(self._moments),
            matrix=filled(matrix, names),
        )
        self.write("case.json", case.encode())
        subjects = []
        for name in sorted(self._names()):
            made = digests_of(self.folder / name)
            subjects.append(Subject(name, DigestSet(made.sha256, made.merkle)))
        predicate = Predicate(
            draft.title,
            spelled(now),
            stillwatch.__version__,
            tuple(signers),
            tuple(self._log_keys),
            tuple(marks_keys),
            tuple(members),
        )
        statement = Statement(tuple(subjects), predicate)
        Statement.decode(statement.encode())
        write_whole(self.folder / ENVELOPE, Envelope.of(statement).encode())
        (self.folder / "signers").mkdir()
        for signer in predicate.signers:
            key = signer.public()
            write_whole(self.folder / "signers" / f"{key.key_id[:16]}.pem", key.pem)
        write_text(self.folder)
        return statement

    def _names(self) -> list[str]:
        parts = self.folder / "parts"
        return [p.relative_to(self.folder).as_posix() for p in parts.rglob("*") if p.is_file()]


def read_stamps(path: Path) -> list[bytes]:
    """Return the timestamps that lie beside a file, ``<file>.*.tsr``."""
    return [read_small(p, "a timestamp") for p in sorted(path.parent.glob(f"{path.name}.*.tsr"))]
