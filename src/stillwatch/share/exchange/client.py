"""Signed requests to a hub, and answers that are bounded in time and length.

A hub may be away, slow, or lie: whatever it answers, the caller gets JSON, bytes, or one of two
errors.
"""

from __future__ import annotations

import email.utils
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from stillwatch.errors import ConfigurationError, RefusedError, UnreachableError
from stillwatch.ledger import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from stillwatch.ledger import SigningKey

__all__ = ["LONGEST", "UNREADABLE", "HubClient"]

LONGEST = 32 << 20
"""Bytes of an answer at most."""
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What reading JSON that was made to hurt can raise."""
_TAXII = "application/taxii+json;version=2.1"
_AWAY = frozenset({429, 500, 502, 503, 504})
_SIGNED = tuple(f"/exchange/v1/{name}" for name in ("join", "keys", "credentials", "leave"))
"""What a hub wants signed, certificate or not."""
_SKEW = 86_400
"""Seconds that a hub's clock may differ and still be followed."""


class _Signer(httpx.Auth):
    """Signs each request; where the hub refuses that, tries once what may be why.

    Its clock may be off, or another process of the member has changed the key since this one began.
    """

    requires_request_body = True

    def __init__(
        self,
        key: SigningKey,
        clock: Callable[[], float],
        nonce: Callable[[], str],
        newest: Callable[[], SigningKey] | None,
    ) -> None:
        self._key, self._clock, self._nonce = key, clock, nonce
        self._newest = newest
        self._ahead = 0
        self.spares = False
        """A certificate says who asks, so that requests need no signature."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self.spares and not request.url.path.startswith(_SIGNED):
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
            self.spares = False  # the certificate does not arrive, or counts no more
        self._sign(request)
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return
        ahead = self._seconds_ahead(response)
        if ahead is not None:
            self._ahead = ahead
        if self._changed() or ahead is not None:
            self._sign(request)
            yield request

    def _changed(self) -> bool:
        newest = self._key if self._newest is None else self._newest()
        changed = newest.public != self._key.public
        self._key = newest
        return changed

    def _sign(self, request: httpx.Request) -> None:
        for name in ("Signature", "Signature-Input", "Content-Digest"):
            request.headers.pop(name, None)
        request.headers.update(
            requests.sign_request(
                request.method,
                str(request.url),
                list(request.headers.multi_items()),
                request.content,
                self._key,
                created=int(self._clock()) + self._ahead,
                nonce=self._nonce(),
            )
        )

    def _seconds_ahead(self, response: httpx.Response) -> int | None:
        """Return how far the hub's clock is ahead, where that may be why it refused."""
        try:
            there = email.utils.parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return None
        ahead = int(there - self._clock())
        off = abs(ahead - self._ahead)
        return ahead if off > 60 and abs(ahead) <= _SKEW else None


class HubClient:
    """A hub, as one member asks it.

    Args:
        hub: scheme and authority.
        key: signs.
        clock: seconds since 1970.
        nonce: gives a new nonce each time it is called.
        transport: another way to the hub; None takes the network.
        patience: seconds that a connection, or the wait between two parts of an answer, may take.
        certificate: file with a certificate and its key, shown in place of signing; None for none.
        newest: gives the key that is to sign by now; None where it never changes.

    Raises:
        ConfigurationError: the certificate cannot be used.
    """

    def __init__(
        self,
        hub: str,
        key: SigningKey,
        *,
        clock: Callable[[], float],
        nonce: Callable[[], str],
        transport: httpx.BaseTransport | None = None,
        patience: float = 30.0,
        certificate: Path | None = None,
        newest: Callable[[], SigningKey] | None = None,
    ) -> None:
        self.hub = hub.rstrip("/")
        self.clock = clock
        signer = _Signer(key, clock, nonce, newest)
        given: dict[str, Any] = {}
        if certificate is not None and self.hub.startswith("https:"):
            signer.spares = True
            given["verify"] = _showing(certificate)
        self._http = httpx.Client(
            base_url=self.hub,
            auth=signer,
            **given,
            transport=transport,
            timeout=patience,
            follow_redirects=False,
            trust_env=transport is None,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **params: object) -> Any:  # noqa: ANN401 - any JSON
        """Return the JSON that a path answers.

        Raises:
            UnreachableError: no answer, or one that makes no sense.
            RefusedError: the hub refused, with its rule.
        """
        return self._json(self._ask("GET", path, params=params)[0], path)

    def get_bytes(self, path: str, **params: object) -> bytes:
        """Return the bytes that a path answers; errors as `get`."""
        return self._ask("GET", path, params=params)[0]

    def post(self, path: str, document: object) -> Any:  # noqa: ANN401 - any JSON
        """Post JSON and return the JSON answered; errors as `get`."""
        body = msgspec.json.encode(document)
        headers = {"Content-Type": "application/json"}
        return self._json(self._ask("POST", path, body=body, headers=headers)[0], path)

    def post_taxii(self, path: str, body: bytes) -> Any:  # noqa: ANN401 - any JSON
        """Post a TAXII envelope and return the status resource; errors as `get`."""
        headers = {"Content-Type": _TAXII, "Accept": _TAXII}
        return self._json(self._ask("POST", path, body=body, headers=headers)[0], path)

    def streamed(self, path: str, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        """Return a context in which an answer's events are read; see :mod:`.watching`."""
        return self._http.stream("GET", path, headers=dict(headers))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[bytes, httpx.Headers]:
        given = {name: str(value) for name, value in (params or {}).items()}
        try:
            with self._http.stream(
                method, path, params=given, content=body or None, headers=dict(headers or {})
            ) as response:
                raw = _bounded(response)
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"the hub does not answer: {type(error).__name__}",
                where=self.hub + path,
                todo="wait; the next pull goes on where this one stopped",
            ) from error
        if response.status_code in _AWAY:
            raise UnreachableError(
                f"the hub answers {response.status_code}",
                where=self.hub + path,
                todo="wait; the next pull goes on where this one stopped",
            )
        if not response.is_success:
            raise refusal(raw, response.status_code, self.hub + path)
        return raw, response.headers

    def _json(self, raw: bytes, path: str) -> Any:  # noqa: ANN401 - any JSON
        try:
            return msgspec.json.decode(raw)
        except UNREADABLE as error:
            raise UnreachableError(
                "the hub's answer is no JSON", where=self.hub + path, todo="ask its operator"
            ) from error


def _showing(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_cert_chain(certificate)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "the member's certificate cannot be used",
            where=str(certificate),
            todo="make one with `stillwatch exchange certificate`, or remove the file",
        ) from error
    return context


def refusal(raw: bytes, status: int, where: str) -> RefusedError:
    """Return the error that a hub's refusal says."""
    try:
        said = msgspec.json.decode(raw)
    except UNREADABLE:
        said = None
    if not isinstance(said, dict):
        said = {}
    rule, words = said.get("error_code"), said.get("description")
    return RefusedError(
        rule if isinstance(rule, str) and len(rule) < 16 else f"HTTP-{status}",
        words if isinstance(words, str) else "the hub refuses, and does not say why",
        where=where,
        todo="see docs/reference/hub-api.md for the rule",
    )


def _bounded(response: httpx.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LONGEST:
            raise httpx.DecodingError("the answer is too long")
    return b"".join(parts)
