"""One share a machine: operators register where they run, and a second one is refused (P-1).

This guards against a mistake, such as both folders restored from one backup onto one machine. It
cannot see what is on another disk, in another container, or what its owner means to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.share.oprf.shares import read_shares

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.share.oprf.home import Home

__all__ = ["register"]


def register(home: Home) -> None:
    """Register an operator on its machine, and refuse where the other one is (P-1).

    Raises:
        ConfigurationError: the other operator of this exchange is registered here, or its shares
            or its private key are in this operator's folder.
        OutputError: the machine's folder cannot be written.
    """
    settings = home.settings
    for file in sorted((home.path / "shares").glob("epoch-*.json")):
        held = read_shares(file)
        if (held.exchange, held.operator) != (settings.exchange, settings.operator):  # P-1
            raise _both("the folder holds a share of the other operator", file)
    folder = settings.machine_folder
    mark = folder / f"{settings.exchange}.operator"
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with mark.open("x", encoding="ascii") as file_:
            file_.write(f"{settings.operator}\n")
    except FileExistsError:
        registered = read_small(mark, "the machine's register", 16).decode("ascii", "replace")
        if registered.strip() != settings.operator:  # P-1
            raise _both("the other operator of this exchange runs on this machine", mark) from None
    except OSError as error:
        raise OutputError(
            f"the operator cannot register on this machine: {error.strerror}",
            where=str(folder),
            todo="make the folder, or name another as machine in operator.toml",
        ) from error


def _both(what: str, where: Path) -> ConfigurationError:
    return ConfigurationError(
        f"P-1: {what}",
        where=str(where),
        todo="run the operators on machines of separate owners; whoever has both shares can "
        "evaluate any guess. If a share was moved here by mistake, take it for leaked",
    )
