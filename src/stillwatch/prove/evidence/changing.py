"""What is done to a bundle after it was collected: signed, stamped, redacted, opened."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.disk import write_whole
from stillwatch.errors import OutputError, RefusedError
from stillwatch.prove.evidence.commands import stamp_names, write_text
from stillwatch.prove.evidence.layout import ENVELOPE, files_of, read_part
from stillwatch.prove.evidence.stamps import verify_stamp
from stillwatch.prove.evidence.statement import Envelope
from stillwatch.prove.evidence.tables import openings, read_commits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from stillwatch.prove.evidence.keys import Signer
    from stillwatch.prove.evidence.stamps import Authority, Stamp
    from stillwatch.prove.evidence.tables import Opening

__all__ = ["open_records", "redact", "sign", "stamp"]


def sign(folder: Path, signer: Signer) -> Envelope:
    """Add a signature to a bundle; a joint one is countersigned the same way.

    Raises:
        RefusedError: E-1 to E-3 the bundle; E-4 the statement does not wait for this key.
    """
    envelope = Envelope.decode(read_part(folder, ENVELOPE, "E-2")).signed_by(signer)
    write_whole(folder / ENVELOPE, envelope.encode())
    write_text(folder)
    return envelope


def stamp(folder: Path, authority: Authority, ask: Callable[[bytes], bytes]) -> list[Stamp]:
    """Have an authority stamp every signature that it has not stamped yet.

    Args:
        folder: the bundle.
        authority: whose root verifies what it answers; nothing else is written.
        ask: sends bytes and returns the authority's answer.

    Raises:
        RefusedError: E-6 the answer does not verify.
    """
    files = files_of(folder)
    done = []
    (folder / "stamps").mkdir(exist_ok=True)
    for one in Envelope.decode(read_part(folder, ENVELOPE, "E-2")).signatures:
        held = [read_part(folder, name, "E-6") for name in stamp_names(files, one.keyid)]
        if any(_stamped(raw, one.raw, authority) for raw in held):
            continue
        answer = ask(one.raw)
        done.append(verify_stamp(answer, one.raw, [authority], "E-6"))
        write_whole(folder / "stamps" / f"{one.keyid[:16]}.{len(held)}.tsr", answer)
    write_text(folder)
    return done


def redact(
    folder: Path, out: Path, *, tables: Collection[str] = (), texts: Collection[str] = ()
) -> None:
    """Copy a bundle without what opens some of its records; every signature stays good.

    Args:
        folder: the bundle.
        out: a new folder.
        tables: tables whose records are withheld.
        texts: fields, such as ``prompt``, that are withheld in all records.

    Raises:
        OutputError: the folder exists or cannot be written.
    """
    names = files_of(folder)
    try:
        out.mkdir(parents=True)
        for name in names:
            table = name.removeprefix("open/").removesuffix(".jsonl")
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            if not name.startswith("open/"):
                shutil.copyfile(folder / name, out / name)
            elif table not in tables:
                with (out / name).open("xb") as file:
                    for one in openings(folder / name):
                        file.write(_without(one, texts).encode())
    except OSError as error:
        raise OutputError(
            f"the bundle cannot be copied: {error.strerror}",
            where=str(out),
            todo="name a new folder; check the room on its disk",
        ) from error


def open_records(folder: Path, table: str, shown: Path) -> int:
    """Add openings to a bundle from which they were withheld; return how many records are open.

    Args:
        folder: the bundle.
        table: which table.
        shown: openings as ``open/<table>.jsonl`` of a bundle holds them.

    Raises:
        RefusedError: E-9 one does not open its commitment; nothing is written then.
    """
    known = {one.index: one for one in openings(shown)}
    path = folder / "open" / f"{table}.jsonl"
    for one in openings(path) if path.is_file() else ():
        known.setdefault(one.index, one)
    left = dict(known)
    for at, commitment in enumerate(read_commits(folder / "parts" / f"{table}.commits")):
        opening = left.pop(at, None)
        if opening is not None and opening.commitment() != commitment:  # E-9
            raise RefusedError("E-9", "a record does not open its commitment", where=str(at))
    if left:  # E-9
        raise RefusedError("E-9", "an opening is of no record", where=str(min(left)))
    path.parent.mkdir(exist_ok=True)
    write_whole(path, b"".join(known[at].encode() for at in sorted(known)))
    return len(known)


def _without(one: Opening, texts: Collection[str]) -> Opening:
    return replace(one, texts={name: held for name, held in one.texts.items() if name not in texts})


def _stamped(raw: bytes, data: bytes, authority: Authority) -> bool:
    try:
        verify_stamp(raw, data, [authority], "E-6")
    except RefusedError:
        return False
    return True
