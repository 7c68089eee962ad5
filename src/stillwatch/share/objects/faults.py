"""Which rule broken bytes break: the slow way, taken once something is wrong."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from stillwatch.share.objects.fields import LARGEST
from stillwatch.share.objects.record import TYPES
from stillwatch.share.objects.rules import RuleError
from stillwatch.share.objects.screen import breach

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEEPEST", "explain", "loaded"]

DEEPEST: Final = 8
"""Levels of objects and lists at most."""
_NUMBER = 2**53
_SHOWN = 40
_UNKNOWN = re.compile(r"unknown field `(.*?)`(?: - at `(.*)`)?$", re.DOTALL)
_AT = re.compile(r" - at `(.*)`$", re.DOTALL)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
_NAMES: Final = (
    (
        "X-19",
        re.compile(
            r"pric|cost|revenue|fee$|^fee|amount|currency|usd|eur|invoice|billing", re.IGNORECASE
        ),
    ),
    (
        "X-20",
        re.compile(
            r"customer|accounts|users|subscribers|seats|volume|count|number|total|exchanges$|requests|background",
            re.IGNORECASE,
        ),
    ),
    (
        "X-21",
        re.compile(
            r"model|param|weights_of|training|checkpoint|benchmark|architecture|release",
            re.IGNORECASE,
        ),
    ),
)
"""Names of fields that would state what no field may state."""
_IDENTIFIERS = frozenset({"X-14", "X-15", "X-16", "X-17", "X-18", "X-19", "X-20", "X-21"})
_UUID = re.compile(r"[a-z-]+--[0-9A-Fa-f-]{36}")
_TIMES = frozenset(
    {"created", "modified", "valid_from", "valid_until", "first_seen", "last_seen", "deadline"}
)
_BY_FIELD: Final = {
    "type": "X-7",
    "id": "X-11",
    "created_by_ref": "X-11",
    "sighting_of_ref": "X-11",
    "where_sighted_refs": "X-11",
    "audience": "X-11",
    "object_marking_refs": "X-26",
    "licence": "X-41",
    "note": "X-22",
    "name": "X-10",
    **dict.fromkeys(_TIMES, "X-12"),
}
"""Rule of a value that is not of its field's form."""


def loaded(raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON value of bytes, read strictly.

    Raises:
        RuleError: X-1 to X-6.
    """
    if not 2 <= len(raw) <= LARGEST:
        raise RuleError("X-1", f"the object has {len(raw):,} bytes")
    _depth(raw)
    try:
        text = raw.decode("utf-8")
        found = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_no_number,
            parse_float=_no_number,
            parse_int=_whole,
        )
    except RuleError:
        raise
    except (ValueError, RecursionError) as error:
        raise RuleError("X-2", f"not JSON in UTF-8: {type(error).__name__}") from None
    _filled(found, "$")
    return found


def explain(raw: bytes, words: str) -> NoReturn:
    """Raise the rule that bytes break.

    Args:
        raw: the bytes.
        words: what the reader of the schema said about them.

    Raises:
        RuleError: always.
    """
    document = loaded(raw)
    if not isinstance(document, dict):
        raise RuleError("X-2", "the JSON value is no object")
    kind = document.get("type")
    if kind not in TYPES:
        shown = ascii(kind)[:_SHOWN] if isinstance(kind, str) else "missing"
        raise RuleError("X-7", f"the type is {shown}", where="$.type")
    unknown = _UNKNOWN.search(words)
    if unknown:
        _unknown(document, unknown[1], unknown[2] or "$")
    at = _AT.search(words)
    where = at[1] if at else "$"
    if "missing required field" in words:
        raise RuleError("X-9", words.partition(" - at ")[0], where=where)
    value = _value(document, where)
    # hashes of a list that is too long may look like numbers, and are not what is wrong with it
    too_many = isinstance(value, list) and "of length" in words
    for text in () if too_many else _texts(value):
        broken = breach(text)
        if broken in _IDENTIFIERS or broken == "X-13":
            raise RuleError(broken, where=where)
    names = [step[0] for step in _STEP.findall(where) if step[0]]
    if value in ([], {}):
        raise RuleError("X-6", where=where)
    rule = _BY_FIELD.get(names[-1] if names else "", "X-10")
    if rule == "X-26" and isinstance(value, list):
        rule = "X-25"
    if rule == "X-11" and isinstance(value, list):
        rule = "X-10"
    raise RuleError(rule, f"not of its form ({rule_words(words)})", where=where)


def rule_words(words: str) -> str:
    """Return what the schema's reader wanted, without patterns.

    >>> rule_words("Expected `str` matching regex '^a$' - at `$.id`")
    'Expected `str`'
    """
    return words.partition(" - at ")[0].partition(" matching regex")[0]


def _unknown(document: Any, name: str, where: str) -> NoReturn:  # noqa: ANN401 - any JSON
    holder = _value(document, where)
    path = f"{where}.{ascii(name)[1:-1][:_SHOWN]}"
    value = holder.get(name) if isinstance(holder, dict) else None
    for text in (name, *_texts(value)):
        broken = breach(text)
        if broken in {"X-14", "X-15", "X-16", "X-17", "X-18"}:
            raise RuleError(broken, where=path)
    for rule, words in _NAMES:
        if words.search(name):
            raise RuleError(rule, where=path)
    for text in _texts(value):
        broken = breach(text)
        if broken in _IDENTIFIERS:
            raise RuleError(broken, where=path)
    raise RuleError("X-8", where=path)


def _value(document: Any, where: str) -> Any:  # noqa: ANN401 - any JSON
    """Follow a path such as ``$.a.b[0]``; what cannot be followed ends the way."""
    for name, place in _STEP.findall(where.removeprefix("$")):
        if name and isinstance(document, dict):
            document = document.get(name)
        elif place and isinstance(document, list) and int(place) < len(document):
            document = document[int(place)]
    return document


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        if not _UUID.fullmatch(value):  # whose digits look like a phone number
            yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)


def _depth(raw: bytes) -> None:
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return
    depth, quoted, escaped = 0, False, False
    for byte in raw:
        if quoted:
            escaped, quoted = byte == 0x5C and not escaped, byte != 0x22 or escaped
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise RuleError("X-3")
        elif byte in b"]}":
            depth -= 1


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RuleError("X-5", f"the key {ascii(twice)[:_SHOWN]} stands twice")
    return made


def _no_number(text: str) -> NoReturn:
    raise RuleError("X-4", f"the number {text[:_SHOWN]} is not whole")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) >= _NUMBER or text == "-0":
        raise RuleError("X-4", "a number is too large")
    return int(text)


def _filled(value: Any, where: str) -> None:  # noqa: ANN401 - any JSON
    if value is None or value in ([], {}):
        raise RuleError("X-6", where=where)
    if isinstance(value, dict):
        for name, item in value.items():
            _filled(item, f"{where}.{ascii(name)[1:-1][:_SHOWN]}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _filled(item, f"{where}[{place}]")
