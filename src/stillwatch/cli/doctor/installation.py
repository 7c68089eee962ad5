"""What is set: the same environment, settings files and ``serve.toml`` that the commands read."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, StillwatchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stillwatch.stop.service.settings import Settings

__all__ = ["Installation", "Place", "Setting", "installation", "read_environment"]

_PREFIX = "STILLWATCH_"
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_PARTS = {
    "hub": ("hub",),
    "measures": ("measures",),
    "appeals": ("appeals",),
    "console": ("console_cases", "console_people"),
}
"""Parts of the tables that a command's ``--database`` holds."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable that is an option of a command."""

    command: str
    """Such as ``hub serve``."""
    option: str
    """Its name in Python, such as ``tls_key``."""
    value: str
    variable: str


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, file, database or address, and the variable or key that names it."""

    value: str
    variable: str
    command: str = ""


@dataclass(frozen=True)
class Installation:
    """All that is set."""

    settings: tuple[Setting, ...]
    unknown: tuple[str, ...]
    """Variables that are options of no command."""
    now: float
    """Seconds since 1970."""
    serve: Settings | None = None
    serve_file: Path | None = None
    faults: tuple[StillwatchError, ...] = ()
    """Files of settings that cannot be used."""
    room: int = 1 << 30
    """Bytes that have to be free."""
    recent: float = 86_400.0
    """Seconds within which results and a checkpoint count as new."""
    clocks: tuple[str, ...] = field(default=())
    """Addresses whose clock is compared."""

    @cached_property
    def commands(self) -> frozenset[str]:
        """Commands that something is set for; ``serve`` where it has a file."""
        own = {setting.command for setting in self.settings}
        return frozenset(own | ({"serve"} if self.serve else set()))

    def of(self, command: str) -> dict[str, str]:
        """Return a command's options."""
        return {one.option: one.value for one in self.settings if one.command == command}

    def named(self, *options: str) -> tuple[Place, ...]:
        """Return what options of these names say, each value once."""
        found = {
            one.value: Place(one.value, one.variable, one.command)
            for one in self.settings
            if one.option in options
        }
        return tuple(found.values())

    @cached_property
    def databases(self) -> tuple[tuple[Place, tuple[str, ...]], ...]:
        """Databases, with the parts whose tables they have to hold."""
        found: dict[str, tuple[Place, set[str]]] = {}

        def add(value: str, setting: Setting, parts: Sequence[str]) -> None:
            place = Place(value, setting.variable, setting.command)
            found.setdefault(value, (place, set()))[1].update(parts)

        for one in self.settings:
            root = one.command.partition(" ")[0]
            if one.option == "database" and root in _PARTS:
                add(one.value, one, _PARTS[root])
            elif root == "console" and one.option in {"measures", "appeals"}:
                add(one.value, one, _PARTS[one.option])
            elif one.option == "state" and root == "hub" and not self._hub_database(one.command):
                add(f"sqlite:///{Path(one.value).absolute() / 'hub.sqlite'}", one, _PARTS["hub"])
        return tuple((place, tuple(sorted(parts))) for place, parts in found.values())

    def _hub_database(self, command: str) -> bool:
        return "database" in self.of(command)

    @cached_property
    def written(self) -> tuple[Place, ...]:
        """Folders that processes write to."""
        found = list(self.named("state", "out", "home"))
        found = [one for one in found if not one.command.startswith("console")]
        if self.serve is not None:
            own = {
                "state": self.serve.state,
                "lake.folder": self.serve.lake.folder,
                "lake.observations": self.serve.lake.observations,
            }
            found += [Place(str(path), name, "serve") for name, path in own.items() if path]
        return tuple({one.value: one for one in found}.values())

    @cached_property
    def results(self) -> tuple[Place, ...]:
        """Folders of results that are read."""
        found = list(self.named("results"))
        if self.serve is not None and self.serve.scan is not None:
            found.append(Place(str(self.serve.scan), "scan", "serve"))
        return tuple({one.value: one for one in found}.values())


def installation(
    environment: Mapping[str, str],
    files: Sequence[Path],
    config: Path | None,
    *,
    now: float,
    **more: Any,  # noqa: ANN401 - bounds of Installation
) -> Installation:
    """Read what is set; a file that cannot be used is kept as a fault.

    Args:
        environment: variables; those of files go before.
        files: of lines ``NAME=VALUE``.
        config: ``serve.toml``; else the one that the variables name.
        now: seconds since 1970.
        more: bounds.
    """
    faults: list[StillwatchError] = []
    given = dict(environment)
    for file in files:
        try:
            given |= read_environment(file)
        except StillwatchError as error:
            faults.append(error)
    settings, unknown = [], []
    for name in sorted(name for name in given if name.startswith(_PREFIX) and given[name]):
        if name.startswith(f"{_PREFIX}DOCTOR_"):
            continue
        found = list(_options(name, given[name]))
        settings += found
        unknown += [] if found else [name]
    named = next((s.value for s in settings if (s.command, s.option) == ("serve", "config")), None)
    path = config or (None if named is None else Path(named))
    serve = None
    if path is not None:
        try:
            from stillwatch.stop.service.settings import read_settings  # noqa: PLC0415 - an extra

            serve = read_settings(path)
        except StillwatchError as error:
            faults.append(error)
        except ModuleNotFoundError:
            pass  # the check of extras says so
    return Installation(
        tuple(settings), tuple(unknown), now, serve, path, tuple(faults), **more
    )  # fmt: skip


def read_environment(path: Path) -> dict[str, str]:
    """Return the variables in a file as systemd, Docker and Kubernetes read them alike.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: a line is none.
    """
    raw = read_small(path, "the settings", 1 << 20)
    found = {}
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None or match[2][:1] in {"'", '"'}:  # each reads quotes in its own way
            raise ConfigurationError(
                f"line {number} is not NAME=VALUE without quotes",
                where=str(path),
                todo="write it so: systemd, Docker and Kubernetes read quotes differently",
            )
        found[match[1]] = match[2]
    return found


def _options(variable: str, value: str) -> Iterator[Setting]:
    from stillwatch.cli.entry import COMMANDS  # noqa: PLC0415 - it imports this package

    for name, module in COMMANDS.items():
        prefix = f"{_PREFIX}{_upper(name)}_"
        if variable.startswith(prefix):
            yield from _within(
                importlib.import_module(module).command, name, prefix, variable, value
            )


def _within(
    command: click.Command, path: str, prefix: str, variable: str, value: str
) -> Iterator[Setting]:
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            longer = f"{prefix}{_upper(name)}_"
            if variable.startswith(longer):
                yield from _within(child, f"{path} {name}", longer, variable, value)
    for option in command.params:
        if isinstance(option, click.Option) and f"{prefix}{_upper(option.name or '')}" == variable:
            yield Setting(path, option.name or "", value, variable)


def _upper(name: str) -> str:
    return name.upper().replace("-", "_")
