"""Logs: a JSON object a line on standard error, written by a thread of its own.

A line holds what was said and the fields that were given by name; never a traceback's values, a
prompt or a secret. Where the queue is full, a line is dropped and counted: nobody waits for a log.
"""

from __future__ import annotations

import json
import logging
import queue
from logging.handlers import QueueHandler, QueueListener
from typing import TYPE_CHECKING, TextIO

from stillwatch.records import utc

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Lines", "start_logs"]

_WAITING = 10_000
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Lines(logging.Formatter):
    """Formats a record as one line of JSON.

    >>> said = {"msg": "it stands", "levelname": "INFO", "created": 0.0, "name": "stillwatch"}
    >>> Lines().format(logging.makeLogRecord(said))
    '{"time":"1970-01-01T00:00:00+00:00","level":"info","event":"it stands","logger":"stillwatch"}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": utc(round(record.created * 1e6)).isoformat(),
            "level": record.levelname.lower(),
            "event": _said(record),
            "logger": record.name if record.name != "root" else "",
        }
        if record.name == "root" or not record.name:
            line["logger"] = ""
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__  # its words and frames may hold a prompt
        return json.dumps(line, separators=(",", ":"), default=str)


def _said(record: logging.LogRecord) -> str:
    """Return what was said; of what a library says only the first line.

    asyncio writes a failed task below it, with its error's words.
    """
    said = record.getMessage()
    return said if record.name.startswith("stillwatch") else said.split("\n", 1)[0][:500]


class _Bounded(QueueHandler):
    def __init__(self, lines: queue.Queue[logging.LogRecord], dropped: Callable[[], None]) -> None:
        super().__init__(lines)
        self._dropped = dropped

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self._dropped()


def start_logs(level: str, stream: TextIO, dropped: Callable[[], None]) -> QueueListener:
    """Send all logs to a stream; the listener's ``stop`` writes what waits.

    Args:
        level: of the mildest that is written.
        stream: takes lines.
        dropped: is called for a line that did not fit.
    """
    lines: queue.Queue[logging.LogRecord] = queue.Queue(_WAITING)
    writer = logging.StreamHandler(stream)
    writer.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [_Bounded(lines, dropped)]
    root.setLevel(logging.WARNING)  # of libraries
    logging.getLogger("stillwatch").setLevel(level.upper())
    listener = QueueListener(lines, writer)
    listener.start()
    return listener
