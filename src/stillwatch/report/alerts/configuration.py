"""The receivers file: TOML in, receivers out."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stillwatch.errors import ConfigurationError, InputFormatError, SourceNotFoundError
from stillwatch.report.alerts.interface import DAY
from stillwatch.report.alerts.kafka import Kafka
from stillwatch.report.alerts.options import Options
from stillwatch.report.alerts.splunk import Splunk
from stillwatch.report.alerts.syslog import Syslog
from stillwatch.report.alerts.webhook import Webhook

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.report.alerts.interface import Receiver

__all__ = ["KINDS", "Configuration", "read_configuration"]

KINDS = (Webhook, Syslog, Splunk, Kafka)
"""The kinds of receivers; each names itself."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the receivers file says."""

    playbook: str
    """Where the playbook's pages begin; ends with a slash."""
    group: str
    """Who is to look at incidents."""
    keep_seconds: float
    """How long a message is kept after all receivers have it."""
    first_wait: float
    """Seconds before the second attempt; doubled for each further one."""
    longest_wait: float
    """Seconds between attempts at most."""
    receivers: tuple[Receiver, ...]
    """In the order of the file."""


def read_configuration(path: Path) -> Configuration:
    """Read a receivers file.

    Raises:
        SourceNotFoundError: it, or a file that it names, cannot be opened.
        InputFormatError: it is no TOML.
        ConfigurationError: something in it is missing, wrong, unknown, or a secret.
        MissingExtraError: a receiver needs a library that is not installed.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SourceNotFoundError(
            f"the receivers file cannot be opened: {error.strerror}",
            where=str(path),
            todo="check --receivers",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputFormatError(
            f"the receivers file is no TOML: {error}", where=str(path), todo="correct it"
        ) from error
    tables = document.pop("receiver", [])
    options = Options(document, str(path), path.parent)
    found = Configuration(
        playbook=_playbook(options),
        group=options.text("assignee_group", "unassigned"),
        keep_seconds=options.number("keep_days", 30, 0, 3_650) * DAY,
        first_wait=options.number("first_wait_seconds", 1, 0.01, 3_600),
        longest_wait=options.number("longest_wait_seconds", 3_600, 0.01, DAY),
        receivers=_receivers(tables, path),
    )
    options.finish()
    return found


def _receivers(tables: object, path: Path) -> tuple[Receiver, ...]:
    if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        raise ConfigurationError(
            "receivers are not given as [[receiver]] tables", where=str(path), todo="write them so"
        )
    found: list[Receiver] = []
    kinds = {kind.kind: kind for kind in KINDS}
    for number, table in enumerate(tables, 1):
        options = Options(table, f"{path}, receiver {number}", path.parent)
        name = options.text("name")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise options.wrong("name", "is not 1 to 64 letters, digits, - or _")
        if name in {receiver.name for receiver in found}:
            raise options.wrong("name", "is used twice")
        kind = kinds[options.choice("kind", tuple(kinds), "")]
        try:
            found.append(kind.take(name, options))
        except OSError as error:  # ssl: a file of authorities that holds none
            raise options.wrong("ca_file", f"holds no certificate: {error.strerror}") from error
        options.finish()
    return tuple(found)


def _playbook(options: Options) -> str:
    text = options.text("playbook")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise options.wrong("playbook", "is no address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise options.wrong("playbook", "is no http or https address")
    if not text.isascii() or " " in text or not text.endswith("/"):
        raise options.wrong("playbook", "is not percent-encoded or does not end with a slash")
    return text
