"""Known signatures in a folder: one JSON file each, all under one key."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

from stillwatch.disk import write_whole
from stillwatch.errors import (
    ConfigurationError,
    IncompatibleObservationsError,
    InputFormatError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.find.signatures.record import LARGEST, Signature, decode, encode

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Store", "from_scan", "read_signature", "write_signature"]

_SUFFIX = ".json"
_SCAN = "campaigns.json"
_SCAN_LARGEST = 2**30


def read_signature(path: Path) -> Signature:
    """Read one file.

    Raises:
        SourceNotFoundError: it cannot be opened.
        InputFormatError: it is larger than ``LARGEST`` bytes, or no signature.
        IncompatibleObservationsError: it is of another version.
    """
    return decode(_loaded(path, LARGEST), str(path))


def write_signature(signature: Signature, path: Path) -> None:
    """Write one file beside its place, flush it and rename it.

    Raises:
        OutputError: it cannot be written, or its place is taken by a link or a folder.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or (path.exists() and not stat.S_ISREG(path.stat().st_mode)):
            raise OutputError(
                "the file to be replaced is a link or not a plain file",
                where=str(path),
                todo="remove it, or name another file",
            )
        write_whole(path, encode(signature).encode("ascii"))
    except OSError as error:
        raise OutputError(
            f"the signature cannot be written: {error.strerror or error}",
            where=str(path),
            todo="name a place that you may write and that has room",
        ) from error


def from_scan(out: Path) -> tuple[Signature, ...]:
    """Return the signatures of a scan's campaigns, in the order of ``campaigns.json``.

    Args:
        out: the folder that ``stillwatch scan --out`` wrote, or its ``campaigns.json``.

    Raises:
        SourceNotFoundError: there is no such file.
        InputFormatError: it is not what a scan of this version writes.
        IncompatibleObservationsError: a signature is of another version.
    """
    path = out / _SCAN if out.is_dir() else out
    document = _loaded(path, _SCAN_LARGEST)
    campaigns = document.get("campaigns") if isinstance(document, dict) else None
    if not isinstance(campaigns, list) or not all(isinstance(item, dict) for item in campaigns):
        raise InputFormatError(
            "not the document of a scan: it has no list of campaigns",
            where=str(path),
            todo="name the folder that `stillwatch scan --out` wrote, or a signature",
        )
    return tuple(decode(item.get("signature"), str(path)) for item in campaigns)


class Store:
    """A folder of signatures.

    Args:
        folder: where; made when the first signature is written.

    Raises:
        SourceNotFoundError: the folder cannot be read.
        InputFormatError: a file in it is no signature, or is not named as its campaign.
        IncompatibleObservationsError: signatures of different versions or keys lie together.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = {}
        for path in _files(folder):
            signature = read_signature(path)
            if path.name != signature.campaign + _SUFFIX:
                raise InputFormatError(
                    f"the file is not named as its campaign, {signature.campaign}",
                    where=str(path),
                    todo="name it so, or import it with `stillwatch signatures import`",
                )
            found[signature.campaign] = signature
        self.signatures: tuple[Signature, ...] = tuple(
            sorted(found.values(), key=lambda item: (item.declared, item.campaign))
        )
        """Earliest declaration first."""
        self.key: str | None = None
        """Fingerprint of their key, None where there is none yet."""
        for signature in self.signatures:
            self._same_key(signature, str(folder))
            self.key = signature.key

    def get(self, campaign: str) -> Signature:
        """Return one signature.

        Raises:
            ConfigurationError: there is none of that campaign.
        """
        for signature in self.signatures:
            if signature.campaign == campaign:
                return signature
        raise ConfigurationError(
            "there is no signature of such a campaign",
            where=ascii(campaign),
            todo="stillwatch signatures list prints the ids",
        )

    def add(self, signatures: tuple[Signature, ...], where: str) -> None:
        """Write signatures into the folder; one of the same campaign is replaced.

        Raises:
            IncompatibleObservationsError: one was made with another key; nothing is written.
            OutputError: the folder cannot be written.
        """
        for signature in signatures:
            self._same_key(signature, where)
            self.key = signature.key
        for signature in signatures:
            write_signature(signature, self.folder / (signature.campaign + _SUFFIX))
        kept = {item.campaign: item for item in (*self.signatures, *signatures)}
        self.signatures = tuple(
            sorted(kept.values(), key=lambda item: (item.declared, item.campaign))
        )

    def _same_key(self, signature: Signature, where: str) -> None:
        if self.key is not None and signature.key != self.key:
            raise IncompatibleObservationsError(
                f"the signature of {signature.campaign} was made with key {signature.key}, "
                f"those here with {self.key}",
                where=where,
                todo="keep a folder for each key; hashes under two keys never match",
            )


def _files(folder: Path) -> list[Path]:
    try:
        if not folder.exists():
            return []
        return sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX)
    except OSError as error:
        raise _absent(folder, error) from error


def _loaded(path: Path, most: int) -> object:
    try:
        with path.open("rb") as file:
            text = file.read(most + 1)
    except OSError as error:
        raise _absent(path, error) from error
    if len(text) > most:
        raise InputFormatError(
            f"not a signature: it is larger than {most:,} bytes",
            where=str(path),
            todo="ask for the file again, or make it with `stillwatch signatures export`",
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputFormatError(
            f"not JSON: {type(error).__name__}",
            where=str(path),
            todo="ask for the file again, or make it with `stillwatch signatures export`",
        ) from error


def _absent(path: Path, error: OSError) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"cannot be read: {error.strerror or error}",
        where=str(path),
        todo="check the path; `stillwatch signatures import` makes a folder of signatures",
    )
