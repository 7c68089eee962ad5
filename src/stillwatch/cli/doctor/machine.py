"""D-1 to D-5: what is set, Python, packages, extras, compiled kernels."""

from __future__ import annotations

import importlib.metadata as installed
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from stillwatch.cli.doctor.interface import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation

__all__ = ["extras", "kernels", "packages", "python", "settings"]

_NEEDS = {
    "hub": "share",
    "oprf": "share",
    "witness": "share",
    "exchange": "share",
    "measures": "share",
    "policy": "share",
    "serve": "serve",
    "appeals": "serve",
    "updates": "nats",
    "console": "console",
}
"""Extra that each command needs."""


def settings(found: Installation) -> Iterator[Finding]:
    """D-1: files can be used, and each variable is an option."""
    for error in found.faults:
        yield fail(error.what, error.todo or "correct it", error.where)
    for name in found.unknown:
        yield fail(
            "no command has such an option, so that it is passed over",
            "correct the name, see docs/reference/cli.md, or take it out",
            name,
        )
    if not found.faults and not found.unknown:
        count = len(found.settings)
        yield ok(f"{count} variables" + (f" and {found.serve_file}" if found.serve_file else ""))


def python(_: Installation) -> Iterator[Finding]:
    """D-2: Python is of a version that the package asks for."""
    asked = str(installed.metadata("stillwatch")["Requires-Python"] or "")
    version = platform.python_version()
    if SpecifierSet(asked).contains(version, prereleases=True):
        yield ok(f"Python {version}, {asked} is asked for")
    else:
        yield fail(f"Python {version}", f"install one that is {asked}")


def packages(_: Installation) -> Iterator[Finding]:
    """D-3: what stillwatch always needs is there, in a version that it asks for."""
    faults = list(_faults(""))
    for one in faults:
        yield fail(one, "pip install --upgrade stillwatch, or install from the lock again")
    if not faults:
        yield ok(f"stillwatch {installed.version('stillwatch')} and what it needs")


def extras(found: Installation) -> Iterator[Finding]:
    """D-4: extras that the settings need are there; the others are named."""
    needed = {_NEEDS[name] for c in found.commands if (name := c.partition(" ")[0]) in _NEEDS}
    if any(place.value.startswith("postgresql") for place, _ in found.databases):
        needed.add("postgres")
    if found.named("nats") or (found.serve is not None and found.serve.updates.nats):
        needed.add("nats")
    lacking = {}
    offered = installed.metadata("stillwatch").get_all("Provides-Extra") or []
    for name in sorted(set(map(str, offered)) - {"test", "dev", "image"}):
        faults = list(_faults(name))
        if name in needed and faults:
            yield fail(
                f"{name}: {'; '.join(faults)}",
                f"pip install 'stillwatch[{name}]'",
                ", ".join(needed),
            )
        elif faults:
            lacking[name] = faults
    told = ", ".join(sorted(needed)) or "none"
    without = f"; not installed: {', '.join(lacking)}" if lacking else ""
    yield ok(f"needed: {told}{without}")


def kernels(_: Installation) -> Iterator[Finding]:
    """D-5: a kernel compiles and runs, and compiled ones can be kept for the next start."""
    try:
        import numba  # noqa: PLC0415 - a second

        from stillwatch.find.features import hashing  # noqa: PLC0415 - as numba

        if numba.njit(_seven)() != 7:
            yield fail("a compiled kernel gives another result", "install numba again")
        caches = [
            Path(value.stats.cache_path)
            for value in vars(hashing).values()
            if hasattr(value, "stats") and value.stats.cache_path
        ]
    except Exception as error:  # noqa: BLE001 - numba raises of many kinds
        yield fail(
            f"kernels cannot be compiled: {type(error).__name__}",
            "set NUMBA_CACHE_DIR to a folder that may be written, or install numba again",
        )
        return
    for folder in sorted(set(caches)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield warn(
                f"compiled kernels cannot be kept ({error.strerror}): each start compiles again",
                "set NUMBA_CACHE_DIR to a folder that may be written",
                str(folder),
            )
        else:
            yield ok("a kernel compiles and runs, and is kept", str(folder))


def _seven() -> int:
    return 7


def _faults(extra: str) -> Iterator[str]:
    """Yield what an extra, or the package itself, lacks."""
    for line in installed.requires("stillwatch") or []:
        asked = Requirement(line)
        plain = asked.marker is None or asked.marker.evaluate({"extra": ""})
        own = asked.marker is not None and asked.marker.evaluate({"extra": extra}) and not plain
        if not (plain if not extra else own) or asked.name == "stillwatch":
            continue
        try:
            version = installed.version(asked.name)
        except installed.PackageNotFoundError:
            yield f"{asked.name} is missing"
            continue
        if not asked.specifier.contains(version, prereleases=True):
            yield f"{asked.name} is {version}, and {asked.specifier} is asked for"
