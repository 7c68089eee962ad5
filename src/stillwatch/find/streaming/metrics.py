"""What a watch tells Prometheus: text for a file, or over HTTP on a socket that is given."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from stillwatch.find.streaming.watching import Told

__all__ = ["Page", "served", "text_of"]

_PREFIX = "stillwatch_watch_"


def text_of(told: Told) -> str:
    """Return what a watch tells in Prometheus' text format, version 0.0.4.

    Args:
        told: by a watch.
    """
    page = _Text()
    reading = told.reading
    page.add("messages_total", "counter", "Messages taken, over the state's life", reading.messages)
    page.add("redelivered_total", "counter", "Messages that came again", reading.redelivered)
    page.add("repeated_total", "counter", "Exchanges whose id was known", reading.repeated)
    page.add("commits_total", "counter", "Commits of observations and positions", reading.commits)
    page.add("quarantined_total", "counter", "Messages in quarantine", told.bad, "reason")
    page.add("late_total", "counter", "Exchanges whose hour had been looked at", told.late)
    page.add("missed_total", "counter", "Messages gone before they were read", told.missed)
    page.add("exchanges", "gauge", "Exchanges in the state", told.exchanges)
    page.add("uncommitted", "gauge", "Messages read and not committed", told.waiting)
    page.add("lag", "gauge", "Messages that wait at the broker", told.lag, "partition")
    page.add("position", "gauge", "Last position taken", reading.positions, "partition")
    marks = {name: mark / 1e6 for name, mark in told.marks.items() if mark is not None}
    page.add("watermark_seconds", "gauge", "Event time that has passed", marks, "partition")
    if told.look is not None:
        page.add("look_seconds", "gauge", "Time of the last look", told.look / 1e6)
    page.add("looks_behind", "gauge", "Looks that are due", told.behind)
    page.add("look_took_seconds", "gauge", "What the last look took", told.look_seconds)
    page.add("connected", "gauge", "1 while the broker answers", int(told.connected))
    return "\n".join(page.lines) + "\n"


class Page:
    """What is served; replaced whole."""

    def __init__(self) -> None:
        self.body = b""
        """Bytes of the page."""


@contextlib.contextmanager
def served(listening: socket.socket, page: Page) -> Iterator[None]:
    """Serve a page at ``/metrics`` while the block runs.

    Args:
        listening: bound to an address that this machine alone reaches.
        page: what to serve.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0
        server_version, sys_version = "stillwatch", ""

        def do_GET(self) -> None:
            known = self.path == "/metrics"
            body = page.body if known else b""
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base
            """Say nothing: who asks is nobody's business."""

    server = ThreadingHTTPServer(listening.getsockname()[:2], Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    serving = threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True)
    serving.start()
    try:
        yield
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


class _Text:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(
        self,
        name: str,
        kind: str,
        words: str,
        value: float | Mapping[str, float],
        label: str = "",
    ) -> None:
        full = _PREFIX + name
        self.lines += [f"# HELP {full} {words}", f"# TYPE {full} {kind}"]
        if isinstance(value, int | float):
            self.lines.append(f"{full} {_shown(value)}")
            return
        for key, one in sorted(value.items()):
            self.lines.append(f'{full}{{{label}="{_escaped(key)}"}} {_shown(one)}')


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}"


def _escaped(text: str) -> str:
    r"""Return a label's value as the format asks.

    >>> _escaped('a"b\\c')
    'a\\"b\\\\c'
    """
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
