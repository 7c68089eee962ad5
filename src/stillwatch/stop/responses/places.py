"""Where in a TOML text a key stands, for errors that name a line."""

from __future__ import annotations

import re

__all__ = ["place_of"]

_PATH = re.compile(r"`\$([^`]*)`")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


def place_of(text: str, message: str) -> tuple[str, int]:
    r"""Return the key that a validation message is about, and the line nearest to it, from 1.

    Args:
        text: of the file.
        message: with a path such as ``$.tiers[1].burst`` in backquotes.

    >>> place_of("version = 1\n[[tiers]]\nname = 3\n", "Expected `str` - at `$.tiers[0].name`")
    ('tiers[0].name', 3)
    """
    found = _PATH.search(message)
    path = found[1] if found else ""
    steps = [m[1] or int(m[2]) for m in _STEP.finditer(path)]
    unknown = _UNKNOWN.search(message)
    if unknown:
        steps.append(unknown[1])
        path += f".{unknown[1]}"
    return path.lstrip(".") or "the file", _line(text, steps)


def _line(text: str, steps: list[str | int]) -> int:
    """Return the line whose table and key agree with the longest part of a path."""
    table: list[str | int] = []
    seen: dict[str, int] = {}
    best, most = 1, 0
    for number, line in enumerate(text.split("\n"), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            name = header[2].strip()
            table = [*_names(name)]
            if header[1] == "[[":
                seen[name] = seen.get(name, -1) + 1
                table.append(seen[name])
            here = table
        elif key:
            here = [*table, *_names(key[1])]
        else:
            continue
        agree = _agreeing(here, steps)
        if agree > most and agree == len(here):
            best, most = number, agree
    return best


def _names(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _agreeing(here: list[str | int], steps: list[str | int]) -> int:
    count = 0
    for mine, theirs in zip(here, steps, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
