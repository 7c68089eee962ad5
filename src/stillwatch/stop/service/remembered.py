"""What the core remembers of accounts and segments, kept over a restart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from stillwatch.disk import writing
from stillwatch.errors import InputFormatError
from stillwatch.stop.serving.state import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.stop.serving import Core

__all__ = ["keep", "recall"]

_log = logging.getLogger(__name__)
_NAME = "remembered"


def recall(folder: Path, core: Core) -> None:
    """Restore what :func:`keep` wrote; what is missing or damaged is said, and learnt anew.

    Args:
        folder: of the replica's state.
        core: whose state is replaced.
    """
    try:
        with (folder / _NAME).open("rb") as file:
            check = file.read(16)
            if check != core.secret_check:
                _log.warning("what was remembered is of another key file, and is left out")
                return
            core.state.restore(Snapshot.load(file))
    except FileNotFoundError:
        return
    except (InputFormatError, OSError) as error:
        _log.warning(
            "what was remembered cannot be read, and is learnt anew",
            extra={"error": str(error)[:200]},
        )


def keep(folder: Path, core: Core) -> None:
    """Write what the core remembers, whole or not at all; about 330 bytes an account.

    Args:
        folder: of the replica's state.
        core: that decides no more while this runs.
    """
    try:
        with writing(folder / _NAME, private=True) as file:
            file.write(core.secret_check)
            core.state.snapshot().save(file)
    except OSError as error:
        _log.error("what is remembered could not be kept", extra={"error": type(error).__name__})
