"""A receiver that really listens, in a thread of the test's own process."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import uvicorn

from stillwatch.find.receiving import Receiver, Segments
from stillwatch.find.receiving.service import Service


@contextlib.contextmanager
def serving(out, *, limits=None, **options):
    """Yield a service and where it listens; its rest is written at the end."""
    receiver = Receiver(key=5, limits=limits)
    with Segments.opened(out, 5) as segments, socket.create_server(("127.0.0.1", 0)) as bound:
        service = Service(receiver, segments, **options)
        config = uvicorn.Config(service.app(), log_config=None, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            until(lambda: server.started)
            yield service, f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            service.close()


def until(true, seconds=20.0):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
