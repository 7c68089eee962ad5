"""A console on a socket, with a report-only policy whose reports are kept."""

from __future__ import annotations

import threading
import time

import uvicorn

from stillwatch.listening import listen
from stillwatch.report.console.web.guard import POLICY


class Reporting:
    """Adds the same policy, report-only, to every answer, and keeps what browsers report."""

    def __init__(self, app):
        self.app, self.reports = app, []

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/csp-report":
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message.get("body", b""), message.get("more_body", False)
            self.reports.append(body.decode())
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            return

        async def reporting(message):
            if message["type"] == "http.response.start":
                policy = f"{POLICY}; report-uri /csp-report".encode()
                message["headers"].append((b"content-security-policy-report-only", policy))
            await send(message)

        await self.app(scope, receive, reporting)


class Server:
    """Serves an application until closed."""

    def __init__(self, bound, app):
        self.reporting = Reporting(app)
        config = uvicorn.Config(self.reporting, log_level="warning", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([bound],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def close(self):
        self._server.should_exit = True
        self._thread.join(10)


def bound():
    """Return a listening socket and the origin that it is reached under."""
    made = listen("127.0.0.1", 0, None)
    return made, f"http://127.0.0.1:{made.getsockname()[1]}"
