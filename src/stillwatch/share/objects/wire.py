"""Bytes to objects and back: closed schema, numbered rules, one canonical form."""

from __future__ import annotations

import msgspec

from stillwatch.share.objects.checks import check
from stillwatch.share.objects.faults import explain, loaded
from stillwatch.share.objects.fields import LARGEST
from stillwatch.share.objects.record import Object
from stillwatch.share.objects.rules import RuleError

__all__ = ["canonical", "parse", "parse_canonical"]

_DECODER: msgspec.json.Decoder[Object] = msgspec.json.Decoder(Object)
_ENCODER = msgspec.json.Encoder(order="sorted")


def parse(raw: bytes) -> Object:
    """Return the object that bytes hold.

    Args:
        raw: one JSON object, in any order of keys and with any spaces.

    Raises:
        RuleError: naming the first rule that it breaks; X-1 to X-43.
    """
    return parse_canonical(raw)[0]


def parse_canonical(raw: bytes) -> tuple[Object, bytes]:
    """Return the object that bytes hold and its canonical bytes.

    Raises:
        RuleError: as :func:`parse`.
    """
    if not 2 <= len(raw) <= LARGEST:
        raise RuleError("X-1", f"the object has {len(raw):,} bytes")
    try:
        item = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        words = str(error)
    else:
        made = _ENCODER.encode(item)
        # The reader of the schema lets keys stand twice; canonical bytes can hold none.
        if made != raw and msgspec.to_builtins(item) != loaded(raw):
            words = "an object holds what its canonical form does not"
        else:
            check(item)
            return item, made
    explain(raw, words)
    return None


def canonical(item: Object) -> bytes:
    """Return the bytes that are signed, logged and compared (RFC 8785).

    All numbers are whole and all keys ASCII, so that sorted keys without spaces are its form.
    """
    return _ENCODER.encode(item)
