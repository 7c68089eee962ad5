"""Sign-in by OpenID Connect: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636).

The rules of what comes back are numbered: O-1 the answer belongs to this browser's request, O-2 it
names the issuer that was asked (RFC 9207), O-3 the ID token is signed by the issuer's key with an
algorithm of public keys, O-4 it is for us, O-5 it is of now, O-6 it carries our nonce, O-7 it names
a subject, O-8 the provider speaks as the discovery document says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from stillwatch.errors import ConfigurationError, RefusedError, UnreachableError
from stillwatch.listening import is_loopback
from stillwatch.report.console.web.people import Known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillwatch.report.console.cases import Role

__all__ = ["Pending", "Provider", "ProviderSettings"]

_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
_LARGEST = 1 << 20
"""Bytes of an answer of the provider's."""
_KEPT = 3600.0
"""Seconds that discovery document and keys are kept."""
_AGAIN = 30.0
"""Seconds after which keys are fetched again for one that is not known."""
_LEEWAY = 60
"""Seconds that clocks may differ."""
_NAMES = ("preferred_username", "email", "name", "sub")


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """What the operator says of the identity provider."""

    issuer: str
    """URL; HTTPS unless on this machine."""
    client_id: str
    client_secret: str = ""
    """Empty for a public client."""
    scopes: str = "openid profile email"
    roles_claim: str = "groups"
    """Claim that holds the names of groups."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Role by name of group; who is in none of them may sign in and see nothing."""
    called: str = "your organisation"
    """What the button says."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What is remembered of a browser that was sent away."""

    state: str
    nonce: str
    verifier: str
    onward: str
    """Path to show afterwards."""


class Provider:
    """An identity provider.

    Args:
        settings: what the operator says of it.
        client: to ask it with; closed by whoever made it.
        clock: seconds since 1970.

    Raises:
        ConfigurationError: the issuer is no HTTPS URL.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        client: httpx.AsyncClient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self._client, self._clock = settings, client, clock
        self._document: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_document = self._read_keys = float("-inf")
        _checked(settings.issuer, "issuer")

    async def begin(self, redirect: str, onward: str) -> tuple[str, Pending]:
        """Return where the browser is to go, and what to remember.

        Args:
            redirect: our own URL that it comes back to.
            onward: path to show afterwards.

        Raises:
            UnreachableError: the provider does not answer.
            RefusedError: O-8 what it answers makes no sense.
        """
        document = await self._discovered()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        pending = Pending(state, nonce, verifier, onward)
        digest = hashlib.sha256(pending.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect,
            "scope": self.settings.scopes,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        place = str(document["authorization_endpoint"])
        return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}", pending

    async def finish(self, answer: Mapping[str, str], pending: Pending, redirect: str) -> Known:
        """Return who came back.

        Args:
            answer: parameters of the request that the provider sent the browser with.
            pending: what `begin` said to remember, by the browser's own cookie.
            redirect: as given to `begin`.

        Raises:
            UnreachableError: the provider does not answer.
            RefusedError: a rule above is broken.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise RefusedError("O-1", "the answer belongs to another request")
        document = await self._discovered()
        if answer.get("iss", self.settings.issuer) != self.settings.issuer:
            raise RefusedError("O-2", "the answer is of another issuer")
        if "code" not in answer:
            raise RefusedError("O-8", "the provider gave no code", where=answer.get("error", ""))
        sent = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": redirect,
            "code_verifier": pending.verifier,
            "client_id": self.settings.client_id,
        }
        if self.settings.client_secret:
            sent["client_secret"] = self.settings.client_secret
        given = await self._asked("POST", str(document["token_endpoint"]), data=sent)
        claims = await self._verified(given.get("id_token"), pending.nonce)
        more = await self._more(document, given, claims)
        name = next(str(claims[key]) for key in _NAMES if claims.get(key))
        groups = claims.get(self.settings.roles_claim, more.get(self.settings.roles_claim, ()))
        held = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        roles = {self.settings.roles[g] for g in held if g in self.settings.roles}
        return Known(self.settings.issuer, claims["sub"], name, frozenset(roles))

    async def _verified(self, token: object, nonce: str) -> dict[str, Any]:
        if not isinstance(token, str):
            raise RefusedError("O-8", "the provider gave no ID token")
        try:
            claims = await self._signed(token)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise RefusedError("O-3", "the ID token is not signed as it should be") from error
        own, now = self.settings.client_id, self._clock()
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.settings.issuer or own not in named:
            raise RefusedError("O-4", "the ID token is not for this console")
        if (len(named) > 1 or "azp" in claims) and claims.get("azp") != own:
            raise RefusedError("O-4", "the ID token was made for another")
        if now > _time(claims, "exp") + _LEEWAY or _time(claims, "iat") > now + _LEEWAY:
            raise RefusedError("O-5", "the ID token is not of now")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise RefusedError("O-6", "the ID token is of another request")
        if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
            raise RefusedError("O-7", "the ID token names nobody")
        return claims

    async def _signed(self, token: str) -> dict[str, Any]:
        """Return the claims; keys are read again once where none fits, since they rotate."""
        now = self._clock()
        if self._keys is None or now - self._read_keys > _KEPT:
            await self._read()
        try:
            return self._decoded(token)
        except (JoseError, ValueError, KeyError):
            if self._clock() - self._read_keys < _AGAIN:
                raise
        await self._read()
        return self._decoded(token)

    def _decoded(self, token: str) -> dict[str, Any]:
        assert self._keys is not None  # noqa: S101 - read before
        return dict(jwt.decode(token, self._keys, algorithms=_ALGORITHMS).claims)

    async def _read(self) -> None:
        document = await self._discovered()
        found = await self._asked("GET", str(document["jwks_uri"]))
        self._keys = KeySet.import_key_set(found)  # type: ignore[arg-type] # checked by it
        self._read_keys = self._clock()

    async def _more(
        self, document: dict[str, Any], given: dict[str, Any], claims: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the claims of the userinfo endpoint where the ID token lacks the groups."""
        place = document.get("userinfo_endpoint")
        token = given.get("access_token")
        if self.settings.roles_claim in claims or not place or not isinstance(token, str):
            return {}
        head = {"authorization": f"Bearer {token}"}
        found = await self._asked("GET", str(place), headers=head)
        return found if found.get("sub") == claims["sub"] else {}

    async def _discovered(self) -> dict[str, Any]:
        now = self._clock()
        if not self._document or now - self._read_document > _KEPT:
            base = self.settings.issuer.rstrip("/")
            found = await self._asked("GET", f"{base}/.well-known/openid-configuration")
            if found.get("issuer") != self.settings.issuer:
                raise RefusedError("O-8", "the discovery document is of another issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not isinstance(found.get(name), str):
                    raise RefusedError("O-8", f"the discovery document lacks {name}")
                _checked(found[name], name)
            self._document, self._read_document = found, now
        return self._document

    async def _asked(self, verb: str, url: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's
        raw = b""
        try:
            async with self._client.stream(verb, url, **more) as answer:
                async for part in answer.aiter_bytes():
                    raw += part
                    if len(raw) > _LARGEST:
                        raise RefusedError("O-8", "the provider's answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(
                "the identity provider does not answer", todo="check the issuer's URL"
            ) from error
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise RefusedError("O-8", "the provider's answer is no JSON") from error
        if answer.status_code != 200 or not isinstance(found, dict):
            raise RefusedError("O-8", f"the provider answered {answer.status_code}")
        return found


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RefusedError("O-5", f"the ID token has no {name}")
    return float(value)


def _checked(url: str, which: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise ConfigurationError(
            f"the identity provider's {which} is no HTTPS URL",
            where=ascii(url)[:200],
            todo="give its issuer as its documents show it",
        )
