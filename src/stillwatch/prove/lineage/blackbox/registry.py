"""The black-box tests by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox.agreement import Agreement
from stillwatch.prove.lineage.blackbox.canaries import Canaries
from stillwatch.prove.lineage.blackbox.equality import Equality
from stillwatch.prove.lineage.blackbox.planning import PART_SCHEMA, encoded
from stillwatch.prove.lineage.blackbox.refusals import Refusals

if TYPE_CHECKING:
    from stillwatch.prove.lineage.blackbox.interface import Planned

__all__ = ["TESTS", "decoded"]

TESTS: tuple[type[Planned], ...] = (Canaries, Agreement, Refusals, Equality)
"""Every test; `Planned.name` is its name."""


def decoded(raw: bytes) -> Planned:
    """Return the planned test in canonical JSON.

    Raises:
        RefusedError: Q-1 it is not in its form, or a field is out of its range.
    """
    known = {one.name: one for one in TESTS}
    try:
        held = msgspec.json.decode(raw, type=dict)
        schema, test = held.pop("schema", None), held.pop("test", None)
        if schema != PART_SCHEMA or test not in known:
            raise RefusedError("Q-1", "a planned test is of another schema or name")
        part: Planned = msgspec.convert(held, known[test])
        same = encoded(part) == raw
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError) as error:
        raise RefusedError("Q-1", f"a planned test is not in its form: {error}") from error
    if not same:
        raise RefusedError("Q-1", "a planned test is not canonical or has other fields")
    return part
