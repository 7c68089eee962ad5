"""Bodies as they came: whole, decompressed, and no longer than the gateway reads."""

from __future__ import annotations

import zlib

from stillwatch.stop.gateways.outcomes import Outcome, UndecidedError

__all__ = ["decoded"]

_PLAIN = frozenset({"", "identity"})
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def decoded(body: bytes, encoding: str, longest: int) -> bytes:
    """Return a body without its content encoding.

    Memory is bounded by ``longest``, whatever a body would become.

    Args:
        body: as it came.
        encoding: value of ``Content-Encoding``; empty where there was none.
        longest: bytes, before and after.

    Raises:
        UndecidedError: an encoding that is not known, a body that is not of it, or too long a body.
    """
    if len(body) > longest:
        raise UndecidedError(Outcome.BODY_TOO_LONG)
    name = encoding.strip().lower()
    if name in _PLAIN:
        return body
    window = _WINDOWS.get(name)
    if window is None:
        raise UndecidedError(Outcome.UNKNOWN_ENCODING)
    inflater = zlib.decompressobj(window)
    try:
        plain = inflater.decompress(body, longest + 1)
    except zlib.error as error:
        raise UndecidedError(Outcome.BROKEN_ENCODING) from error
    if len(plain) > longest:
        raise UndecidedError(Outcome.BODY_TOO_LONG)
    if not inflater.eof or inflater.unused_data:
        raise UndecidedError(Outcome.BROKEN_ENCODING)
    return plain
