"""What every page of the console has at hand."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stillwatch.listening import is_loopback
from stillwatch.report.console.web.sessions import Lifetimes

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.report.console.cases import Cases
    from stillwatch.report.console.web.openid import Provider
    from stillwatch.report.console.web.pages import Pages
    from stillwatch.report.console.web.trial import Trials
    from stillwatch.store import Database

__all__ = ["Desk", "WebSettings"]


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the operator sets of the pages."""

    origin: str
    """Scheme and authority under which browsers reach the console."""
    local: bool = True
    """Whether people may sign in with a password."""
    lives: Lifetimes = field(default_factory=Lifetimes)

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str:
        """Name of the session's cookie."""
        return "__Host-stillwatch" if self.secure else "stillwatch"

    @property
    def hosts(self) -> frozenset[str]:
        """What the Host header may say: our name, and on this machine its other names.

        >>> sorted(WebSettings("http://127.0.0.1:8722").hosts)
        ['127.0.0.1:8722', '[::1]:8722', 'localhost:8722']
        """
        parts = urlsplit(self.origin)
        if not is_loopback(parts.hostname or ""):
            return frozenset({parts.netloc})
        port = f":{parts.port}" if parts.port else ""
        return frozenset(f"{name}{port}" for name in ("127.0.0.1", "[::1]", "localhost"))


@dataclass(frozen=True, slots=True)
class Desk:
    """The console's parts."""

    settings: WebSettings
    cases: Cases
    """What the pages show, and what people do."""
    database: Database
    """Holds people and sessions."""
    pages: Pages
    """Draws pages."""
    provider: Provider | None = None
    """Identity provider, if any."""
    trials: Trials | None = None
    """Recorded traffic on which policies are tried, if any."""
    clock: Callable[[], int] = lambda: time.time_ns() // 1000
    """Microseconds since 1970."""
    kept: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """What is drawn again and again, with the version of the cases that it is of."""
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Passwords are checked one at a time: each takes 32 MiB."""
