"""Which parts of a request are the operator's word, and which are only the client's.

A gateway's own authentication names the account, in a header that it sets itself or in metadata
that no client reaches.  A header of that name which came twice has a copy that somebody else made.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from stillwatch.stop.gateways.outcomes import Outcome, UndecidedError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NAME", "Client", "Trust", "address_of"]

NAME = r"[!-+\--~]{1,256}"
"""Visible ASCII without a comma, with which proxies join two headers of one name."""
_NAMED = re.compile(NAME)
_LONGEST_AGENT = 512
_YES = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, as the gateway knows it."""

    account: str
    organization: str = ""
    end_user: str = ""
    ip: str = ""
    asn: int = -1
    user_agent: str = ""
    tls_fingerprint: str = ""
    zero_retention: bool = False


@dataclass(frozen=True, slots=True)
class Trust:
    """Headers that the gateway's own authentication sets, in lower case; empty for none.

    Whatever sets them must overwrite or remove what a client sent under the same name.
    """

    account: str = "x-stillwatch-account"
    organization: str = "x-stillwatch-organization"
    end_user: str = "x-stillwatch-end-user"
    asn: str = "x-stillwatch-asn"
    tls_fingerprint: str = "x-stillwatch-ja4"
    zero_retention: str = "x-stillwatch-zero-retention"
    hops: int = 0
    """Trusted proxies that appended the address they saw to ``X-Forwarded-For``; 0 takes the
    address that the gateway gives."""

    own: frozenset[str] = field(init=False, repr=False, compare=False)
    """Headers that are not passed on."""

    def __post_init__(self) -> None:
        names = (self.account, self.organization, self.end_user, self.asn, self.tls_fingerprint)
        own = frozenset(name for name in (*names, self.zero_retention) if name)
        object.__setattr__(self, "own", own)

    def client(
        self,
        headers: Sequence[tuple[str, str]],
        address: str,
        *,
        account: str = "",
        tls_fingerprint: str = "",
    ) -> Client:
        """Return who asks.

        Args:
            headers: names in lower case and values, as they came.
            address: of the connection, with or without a port.
            account: from where no client writes (a proxy's metadata); empty to read the header.
            tls_fingerprint: likewise.

        Raises:
            UndecidedError: no account, more than one, or one that is no name.
        """
        held: dict[str, str] = {}
        for name, value in headers:
            if name not in self.own and name != "user-agent":
                continue
            if account and name == self.account:
                continue  # nobody's word, where metadata says who it is
            if name in held and name != "user-agent":
                mine = name == self.account
                raise UndecidedError(Outcome.TWO_ACCOUNTS if mine else Outcome.REPEATED_HEADER)
            held.setdefault(name, value)
        named = account or held.get(self.account, "")
        if not named:
            raise UndecidedError(Outcome.NO_ACCOUNT)
        return Client(
            account=_name(named),
            organization=_name(held.get(self.organization, "")),
            end_user=_name(held.get(self.end_user, "")),
            ip=self._address(headers, address),
            asn=_number(held.get(self.asn, "")),
            user_agent=held.get("user-agent", "")[:_LONGEST_AGENT],
            tls_fingerprint=tls_fingerprint or held.get(self.tls_fingerprint, "")[:64],
            zero_retention=held.get(self.zero_retention, "").lower() in _YES,
        )

    def _address(self, headers: Sequence[tuple[str, str]], connection: str) -> str:
        if not self.hops:
            return address_of(connection)
        given = [value for name, value in headers if name == "x-forwarded-for"]
        said = ",".join(given).split(",") if given else []
        # the last was appended by the nearest proxy: what lies further left is a client's word
        return (
            address_of(said[-self.hops].strip())
            if len(said) >= self.hops
            else address_of(connection)
        )


def _name(text: str) -> str:
    if text and not _NAMED.fullmatch(text):
        raise UndecidedError(Outcome.BAD_NAME)
    return text


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1


def address_of(text: str) -> str:
    """Return an address without its port; empty where it is none.

    >>> address_of("192.0.2.1:443"), address_of("[2001:db8::1]:443"), address_of("unknown")
    ('192.0.2.1', '2001:db8::1', '')
    """
    if text.startswith("["):
        text = text[1:].split("]", 1)[0]
    elif text.count(":") == 1:
        text = text.split(":", 1)[0]
    return _plain(text)


@lru_cache(4096)
def _plain(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
