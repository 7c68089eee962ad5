"""Where a prompt can be written in two or more ways that mean the same, and which way it is.

Two kinds of place.  A **line** of the gateway's own, such as a system prompt's last one, of which
the partner lists variants that ask for the same: it leaves the user's words alone and is there in
every language.  **Typography**: an apostrophe between letters, straight or curled, and three dots
after a word, as three characters or as one.  Lines that may be code or markup are left alone.

A place has a context that does not change with what is written there or at any other place, so that
who marks and who checks see the same places.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "Lines",
    "Place",
    "fingerprint",
    "line_context",
    "lines_at",
    "plain",
    "read_lines",
    "typographic",
    "with_typography",
]

Lines = dict[str, tuple[str, ...]]
"""For each slot the variants of the partner's own line."""

_Slot = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]
_Variants = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=1000)]], Meta(min_length=2, max_length=64)
]
_SPACE = re.compile(r"\s+")
_PLACES = re.compile(r"(?<=[^\W\d_])['\u2019](?=[^\W\d_])|(?<=[^\W\d_])(?:\.\.\.|\u2026)(?=\s|\Z)")
_CODE = re.compile(r"[{}\[\]<>=;`\\|\"$]|://|^(?:\t| {4})")
_QUOTE = re.compile(r"(?<![^\W\d_])'|'(?![^\W\d_])")
_AROUND = 16
_DOTS = ("...", "\u2026")
_FENCES = ("```", "~~~")


@dataclass(frozen=True, slots=True)
class Place:
    """One choice among equivalent forms."""

    context: bytes
    """What the keyed draw is over."""
    choices: int
    """How many forms there are, 2 or more."""
    shown: int
    """Number of the form that is written."""


def plain(text: str) -> str:
    """Return text with the first form at all typographic places, NFC.

    >>> plain("Don\u2019t wait\u2026")
    "Don't wait..."
    """
    normal = unicodedata.normalize("NFC", text)
    return normal.replace("\u2019", "'").replace("\u2026", "...")


def fingerprint(prompt: str) -> str:
    """Return SHA-256 of a prompt, hex, that neither marks nor runs of space change.

    >>> fingerprint("Don\u2019t  wait") == fingerprint("Don't wait ")
    True
    """
    said = _SPACE.sub(" ", plain(prompt)).strip()
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def typographic(text: str) -> list[Place]:
    """Return a text's typographic places in order.

    >>> [(place.choices, place.shown) for place in typographic("Don't stop, can\u2019t you\u2026")]
    [(2, 0), (2, 1), (2, 1)]
    >>> typographic("print('isn' + 't')")
    []
    """
    return [place for place, _, _ in _found(unicodedata.normalize("NFC", text))]


def with_typography(text: str, chosen: Sequence[int]) -> str:
    """Return a text with the given form at each typographic place, NFC.

    >>> with_typography("Don't stop...", [1, 1]) == "Don\u2019t stop\u2026"
    True
    """
    normal, parts, at = unicodedata.normalize("NFC", text), [], 0
    for (_, begin, end), form in zip(_found(normal), chosen, strict=True):
        forms = ("'", "\u2019") if end - begin == 1 and normal[begin] != "\u2026" else _DOTS
        parts += [normal[at:begin], forms[form]]
        at = end
    return "".join([*parts, normal[at:]])


def lines_at(text: str, prompt: str, lines: Mapping[str, Sequence[str]]) -> list[Place]:
    """Return the places of a partner's lines in a text, one a slot at most.

    A slot that has lines of two variants has no place: nobody can say which one counts.

    Args:
        text: the system prompt, or wherever the gateway puts its lines.
        prompt: the user's prompt, over which the draw is.
        lines: variants by slot.

    >>> lines_at("Be brief.", "Hi", {"end": ("Be brief.", "Keep it short.")})[0].shown
    0
    """
    there = {_SPACE.sub(" ", line).strip() for line in text.splitlines()}
    found = []
    for slot, variants in lines.items():
        shown = [at for at, one in enumerate(variants) if _SPACE.sub(" ", one).strip() in there]
        if len(shown) == 1:
            found.append(Place(line_context(slot, prompt), len(variants), shown[0]))
    return found


def line_context(slot: str, prompt: str) -> bytes:
    """Return what the draw of a slot's line is over."""
    return f"line\n{slot}\n{fingerprint(prompt)}".encode()


def read_lines(path: Path) -> Lines:
    """Return a partner's lines: ``{"slot": ["variant", "variant"]}``.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: it is not of that form, a variant has two lines, or two are alike.
    """
    raw = read_small(path, "the file of lines")
    try:
        held = msgspec.json.decode(raw, type=dict[_Slot, _Variants])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(f"the lines cannot be read: {error}", path) from error
    said = [_SPACE.sub(" ", one).strip() for variants in held.values() for one in variants]
    if not 1 <= len(held) <= 16:
        raise _unusable("there are no slots, or more than 16", path)
    if not all(said) or len(set(said)) < len(said):
        raise _unusable("a variant is blank, or two are alike", path)
    if any(len(one.splitlines()) > 1 for variants in held.values() for one in variants):
        raise _unusable("a variant has more than one line", path)
    return {slot: tuple(variants) for slot, variants in held.items()}


def _found(normal: str) -> Iterator[tuple[Place, int, int]]:
    """Yield each typographic place of an NFC text with where it begins and ends."""
    at, fenced = 0, False
    for line in normal.splitlines(keepends=True):
        canonical = plain(line)
        if canonical.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif not fenced and not _CODE.search(canonical) and not _QUOTE.search(canonical):
            for match in _PLACES.finditer(line):
                begin, end = match.span()
                before = plain(line[max(begin - 3 * _AROUND, 0) : begin])[-_AROUND:]
                after = plain(line[end : end + _AROUND])[:_AROUND].rstrip()
                kind = "apostrophe" if match[0] in "'\u2019" else "dots"
                said = f"{kind}\n{before}\n{after}".encode("utf-8", "surrogatepass")
                yield Place(said, 2, int(match[0] in "\u2019\u2026")), at + begin, at + end
        at += len(line)


def _unusable(what: str, path: Path) -> ConfigurationError:
    return ConfigurationError(
        what, where=str(path), todo="see docs/how-to/mark-licensed-prompts.md"
    )
