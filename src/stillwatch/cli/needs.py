"""What each detector needs to read, for ``scan --check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillwatch.find.sources import Need

__all__ = ["needs"]

_ELSEWHERE = {"pattern": "identifier_token.pattern_token", "actor": "intelligence.actor"}
"""What detectors read that is a column neither of the log nor of the account table."""


def needs() -> list[Need]:
    """Return the needs of all detectors."""
    from stillwatch.find.detectors import DETECTORS  # noqa: PLC0415
    from stillwatch.find.sources import Need  # noqa: PLC0415
    from stillwatch.records import ACCOUNT  # noqa: PLC0415

    account = {field.name for field in ACCOUNT}
    found = []
    for detector in DETECTORS:
        columns = tuple(
            _ELSEWHERE.get(name, f"{'account' if name in account else 'exchange'}.{name}")
            for name in sorted(detector.reads)
        )
        found.append(Need(detector.slug, detector.family, any_of=columns))
    return found
