"""What one policy changes of another, defaults included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.stop.responses.policy import Policy

__all__ = ["differences"]

_BESIDE = {"digest", "document", "signed_by"}


def differences(old: Policy, new: Policy) -> list[tuple[str, str, str]]:
    """Return (key, old value, new value) of what differs, in order of key; empty where absent.

    >>> from dataclasses import replace
    >>> from stillwatch.stop.responses import DEFAULT
    >>> differences(DEFAULT, replace(DEFAULT, two_above=5))
    [('two_above', '25', '5')]
    """
    before, after = dict(_flat("", old)), dict(_flat("", new))
    return [
        (key, before.get(key, ""), after.get(key, ""))
        for key in sorted(before | after)
        if before.get(key, "") != after.get(key, "")
    ]


def _flat(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield every leaf of a value with its path."""
    if isinstance(value, IntEnum):
        yield path, value.name.lower()
    elif isinstance(value, Enum):
        yield path, str(value.value)
    elif is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            if item.name not in _BESIDE:
                yield from _flat(_under(path, item.name), getattr(value, item.name))
    elif isinstance(value, Mapping):
        for key, held in value.items():
            name = key.name.lower() if isinstance(key, IntEnum) else str(key)
            yield from _flat(_under(path, name), held)
    elif isinstance(value, tuple):
        for place, held in enumerate(value):
            yield from _flat(_under(path, str(getattr(held, "name", place))), held)
    else:
        yield path, str(value)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
