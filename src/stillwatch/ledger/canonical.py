"""One way to write an object as bytes: the JSON Canonicalization Scheme, RFC 8785."""

from __future__ import annotations

from typing import Any

import rfc8785

from stillwatch.errors import RefusedError

__all__ = ["canonical"]


def canonical(value: Any) -> bytes:  # noqa: ANN401 - JSON has no narrower type
    r"""Return the canonical JSON bytes of a value of dicts, lists, text, numbers and None.

    Raises:
        RefusedError: L-2 it has no canonical form: a NaN, an integer beyond 2^53, a key that is no
            text, text that is not Unicode, or endless nesting.

    >>> canonical({"b": 1.0, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:  # L-2
        raise RefusedError("L-2", f"an object has no canonical form: {error}") from error
