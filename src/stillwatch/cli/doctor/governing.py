"""D-17: the policy can be used, and is signed where it is to be enforced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.cli.doctor.interface import Finding, fail, ok, warn
from stillwatch.errors import StillwatchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation

__all__ = ["policy"]


def policy(found: Installation) -> Iterator[Finding]:
    """D-17: the policy can be used, and two people signed it where it is to be enforced."""
    serve = found.serve
    if serve is None:
        return
    if serve.policy is None:
        yield ok("no policy: shadow mode, and nothing is applied")
        return
    from stillwatch.stop.interface import Mode  # noqa: PLC0415 - an extra
    from stillwatch.stop.responses import read_analysts, read_policy  # noqa: PLC0415

    where = str(serve.policy)
    try:
        analysts = None if serve.analysts is None else read_analysts(serve.analysts)
        read = read_policy(serve.policy, analysts)
    except StillwatchError as error:
        yield fail(error.what, error.todo, error.where or where)
        return
    if read.asked is Mode.SHADOW:
        yield ok("the policy asks for shadow mode: nothing is applied", where)
    elif analysts is None:
        yield warn(
            "the policy asks to be enforced, and is not: no analysts are named",
            "name analysts in serve.toml, and have two of them sign the policy",
            where,
        )
    else:
        yield ok(f"enforced, signed by {' and '.join(read.signed_by)}", where)
