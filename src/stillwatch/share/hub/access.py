"""Who asks: signed requests (RFC 9421), certificates, or HTTP Basic for clients that only read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger import requests
from stillwatch.share.hub.credentials import by_certificate
from stillwatch.share.hub.nonces import WINDOW, SharedNonces
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.times import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.ledger import VerifyKey
    from stillwatch.share.hub.nonces import Nonces
    from stillwatch.share.hub.quotas import Quotas
    from stillwatch.share.hub.roster import Member, Roster
    from stillwatch.store import Database

__all__ = ["Access", "Asker"]

_CHALLENGE = (("WWW-Authenticate", 'Signature realm="stillwatch-exchange"'),)
_CHALLENGES = (*_CHALLENGE, ("WWW-Authenticate", 'Basic realm="stillwatch-exchange"'))


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks."""

    member: Member | None
    """The member; None for the key of somebody who joins."""

    key_id: str
    """Id of the key that signed; empty for HTTP Basic and for certificates."""

    mark: tuple[bytes, int] | None = None
    """Digest of the nonce, and the second until which it counts."""


class Access:
    """Checks requests.

    Args:
        origin: scheme and authority of the hub, which signatures cover.
        nonces: memory of this process.
        quotas: buckets of this process.
        shared: the database where replicas share nonces; None where there is one process.
        basic: reading tokens are good.
    """

    def __init__(
        self,
        origin: str,
        nonces: Nonces,
        quotas: Quotas,
        shared: Database | None,
        *,
        basic: bool,
    ) -> None:
        self.origin = origin
        self._basic = basic
        self._nonces = nonces
        self._quotas = quotas
        self._shared = None if shared is None else SharedNonces(shared)

    async def identify(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        roster: Roster,
        now: int,
        candidate: VerifyKey | None = None,
        certificate: bytes | None = None,
    ) -> Asker:
        """Return who asks.

        Args:
            method: in capitals.
            raw_path: as received, percent-encoded.
            query: as received.
            headers: all, in order.
            body: as received.
            roster: everybody.
            now: microseconds since 1970.
            candidate: the key that wants to join, which is nobody's yet.
            certificate: shown by the other side of the connection, in DER.

        Raises:
            HubError: H-1, R-n nobody who is known, or two at once; H-2 the nonce was seen.
        """
        given = dict(headers)
        shown = by_certificate(roster, certificate, now) if certificate else None
        if shown is not None and "signature-input" not in given:
            return Asker(shown, "")
        reads_taxii = self._basic and method == "GET" and raw_path.startswith(b"/taxii2")
        if reads_taxii and given.get("authorization", "")[:6].lower() == "basic ":
            return Asker(_by_token(given["authorization"][6:], roster), "")

        def find_key(key_id: str) -> VerifyKey | None:
            held = roster.keys.get(key_id)
            if held is not None and (held.until is None or now < held.until):
                return held.verify_key
            return candidate if candidate and candidate.key_id == key_id else None

        url = requests.request_url(self.origin, raw_path, query)
        seconds = now // SECOND
        try:
            signed = requests.verify_request(
                method, url, headers, body, find_key, now=seconds, window=WINDOW
            )
        except RefusedError as error:
            raise self._unsigned(error, seconds, taxii=reads_taxii) from error
        held = roster.keys.get(signed.keyid)
        member = roster.members[held.member] if held else None
        if shown is not None and shown is not member:  # H-1
            raise HubError(401, "H-1", "the certificate is another member's")
        mark, until = self._nonces.take(signed, seconds, known=held is not None)
        if self._shared is not None and not await self._shared.take(mark, until, seconds):  # H-2
            raise HubError(401, "H-2", "the nonce was seen before", todo="draw a new one")
        return Asker(member, signed.keyid, (mark, until))

    def _unsigned(self, error: RefusedError, seconds: int, *, taxii: bool) -> HubError:
        """Return what a request is told whose signature is not good."""
        what = error.what.removeprefix(f"{error.rule}: ")
        said = {"now": seconds, "origin": self.origin}
        challenges = _CHALLENGES if taxii else _CHALLENGE
        return HubError(401, error.rule, what, todo=error.todo, details=said, headers=challenges)

    def take_objects(self, member: Member, count: int, now: int) -> None:
        """Take objects of a member's quota.

        Raises:
            HubError: H-8 there is none left.
        """
        rate = member.objects_a_second * (0.1 if member.limited else 1.0)
        self._take(member, "objects", count, rate, now)

    def admit(self, member: Member, now: int) -> None:
        """Let a member's request pass.

        Raises:
            HubError: H-1 the member is suspended or has left; H-8 it is over quota.
        """
        if member.state != "active":  # H-1
            raise HubError(403, "H-1", f"the member is {member.state}", todo="ask the operator")
        self._take(member, "requests", 1, member.requests_a_second, now)

    def _take(self, member: Member, kind: str, amount: int, rate: float, now: int) -> None:
        wait = self._quotas.take(member.number, kind, amount, rate, now / SECOND)
        if wait > 0:  # H-8
            after = (("Retry-After", str(int(wait) + 1)),)
            raise HubError(429, "H-8", f"over the quota of {kind}", headers=after)


def _by_token(encoded: str, roster: Roster) -> Member:
    """Return the member of HTTP Basic credentials; takes the same time whoever it is."""
    try:
        name, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError, UnicodeDecodeError):
        name = token = ""
    member = roster.by_id.get(name)
    kept = (member.reading_token if member else None) or b"\x00" * 32
    given = hashlib.sha256(token.encode()).digest()
    if (
        not hmac.compare_digest(given, kept) or member is None or member.reading_token is None
    ):  # H-1
        raise HubError(401, "H-1", "the reading token is not good", headers=_CHALLENGES)
    return member
