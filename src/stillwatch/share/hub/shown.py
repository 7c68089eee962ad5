"""Certificates that members show (mutual TLS): which are let in, and which one a request came with.

Any certificate that was enrolled is trusted for the handshake; whether it counts is asked of the
roster at each request, so that one that ended is refused on connections that are open.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Any

from stillwatch.heads import http_protocol
from stillwatch.share.hub.credentials import certificates

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    import uvicorn

    from stillwatch.share.hub.roster import Roster

_log = logging.getLogger(__name__)

__all__ = ["CERTIFICATE", "Trust", "protocol"]

CERTIFICATE = "certificate"
"""Name under which a connection's certificate, in DER, is in the state of its requests."""


class Trust:
    """The certificates that a handshake takes."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        self._taken: set[bytes] = set()

    def context(
        self, _config: uvicorn.Config, make: Callable[[], ssl.SSLContext]
    ) -> ssl.SSLContext:
        """Return the server's context, which asks for a certificate and does not insist."""
        self._context = make()
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.verify_mode = ssl.CERT_OPTIONAL
        return self._context

    def take(self, roster: Roster) -> None:
        """Let in what was enrolled since."""
        if self._context is None:
            return
        for der in certificates(roster):
            if der not in self._taken:
                self._taken.add(der)
                try:
                    self._context.load_verify_locations(cadata=der)
                except ssl.SSLError as error:  # OpenSSL reads what others read differently
                    _log.warning("a certificate is not taken: %s", error.reason)


def protocol() -> Any:  # noqa: ANN401 - a class of uvicorn's
    """Return what uvicorn is to read HTTP with where members show certificates."""
    base = http_protocol()
    if isinstance(base, str):
        from uvicorn.protocols.http.h11_impl import H11Protocol as base  # noqa: N813, PLC0415

    class Shown(base):  # type: ignore[misc,valid-type]
        """Tells requests which certificate their connection came with."""

        app_state: dict[str, Any]

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            tls = transport.get_extra_info("ssl_object")
            der = None if tls is None else tls.getpeercert(binary_form=True)
            self.app_state = {**self.app_state, CERTIFICATE: der}

    return Shown
