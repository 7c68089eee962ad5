"""Writes a set of files into a folder so that nothing half-written is ever read.

Files are made in a hidden folder inside the output folder, flushed to disk, and then renamed
into place one by one, in the order given.  The last name is the commit mark: it carries the
digests of the others, and a reader that finds another digest says so.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.disk import flush
from stillwatch.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["digest", "staged"]


@contextmanager
def staged(out: Path, names: Sequence[str]) -> Iterator[Path]:
    """Give a folder to write ``names`` in; publish them into ``out`` when the block ends.

    Args:
        out: output folder, made when absent; neither it nor a file to replace may be a link.
        names: files that the block writes, in the order of publication.

    Raises:
        OutputError: the folder cannot be made or written, or is a link.
    """
    stage: Path | None = None
    try:
        _refuse_links(out, names)
        out.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".stillwatch-", dir=out))
        yield stage
        for name in names:
            flush(stage / name)
        _refuse_links(out, names)
        for name in names:
            (stage / name).replace(out / name)
        flush(out)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)


def digest(path: Path) -> str:
    """Return a file's SHA-256 as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_links(out: Path, names: Sequence[str]) -> None:
    if out.is_symlink():
        msg = "the output folder is a symbolic link"
        raise _link(msg, out)
    for name in names:
        path = out / name
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not stat.S_ISREG(mode):
            msg = "a file to be replaced is a link or not a plain file"
            raise _link(msg, path)


def _unwritable(out: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the output folder cannot be written: {error.strerror or error}",
        where=str(out),
        todo="name a folder that you may write and that has room, with --out",
    )


def _link(what: str, path: Path) -> OutputError:
    return OutputError(what, where=str(path), todo="remove it, or name a folder of its own")
