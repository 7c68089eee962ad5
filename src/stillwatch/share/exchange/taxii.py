"""Reading any TAXII 2.1 server: discovery, collections, pages; basic authentication where asked.

Source: TAXII Version 2.1 (OASIS Standard), sections 3.4, 4.1, 4.2, 5.1, 5.2 and 5.4.  What such a
server holds was never in a log of ours: objects pass the same rules, and are believed as far as
their author's key, which there is none of; they are kept under the server's name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.share.exchange.client import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Collection", "TaxiiClient", "TaxiiPage"]

_TYPE = "application/taxii+json;version=2.1"
_LONGEST = 64 << 20
_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection that can be read."""

    url: str
    """Absolute, with a slash at its end."""
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class TaxiiPage:
    """One page of objects."""

    objects: tuple[bytes, ...]
    """Each as JSON bytes."""
    last: str
    """Newest time of addition on the page; empty where the server does not say."""


class TaxiiClient:
    """A server, as a reader asks it.

    Args:
        discovery: URL of its discovery resource.
        user: name for basic authentication; empty for none.
        password: its password.
        transport: another way to the server; None takes the network.
    """

    def __init__(
        self,
        discovery: str,
        *,
        user: str = "",
        password: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._discovery = discovery
        auth = httpx.BasicAuth(user, password) if user else None
        self._http = httpx.Client(
            auth=auth, transport=transport, timeout=30.0, trust_env=transport is None
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def collections(self) -> list[Collection]:
        """Return the collections of all API roots that this user can read.

        Raises:
            UnreachableError: no answer, or one that makes no sense.
            RefusedError: the server refuses.
        """
        found: list[Collection] = []
        said, _ = self._get(self._discovery)
        for root in dict.fromkeys(str(one) for one in _list(said, "api_roots")):
            url = self._joined(root if root.endswith("/") else f"{root}/")
            if not url:
                continue  # the password is for this server alone
            listed, _ = self._get(urljoin(url, "collections/"))
            found += [
                Collection(
                    urljoin(url, f"collections/{one['id']}/"), one["id"], str(one.get("title", ""))
                )
                for one in _list(listed, "collections")
                if isinstance(one, dict) and one.get("can_read") and isinstance(one.get("id"), str)
            ]
        return found

    def pages(self, collection: Collection, *, added_after: str = "") -> Iterator[TaxiiPage]:
        """Yield the objects of a collection, page by page.

        Args:
            collection: that is read.
            added_after: time of addition after which to begin; empty for all.

        Raises:
            UnreachableError: no answer, one that makes no sense, or pages that lead in a circle.
            RefusedError: the server refuses.
        """
        url = urljoin(collection.url, "objects/")
        params = {"limit": "500"} | ({"added_after": added_after} if added_after else {})
        seen: set[tuple[str, ...]] = set()
        for _ in range(_PAGES):
            said, headers = self._get(url, params)
            objects = _list(said, "objects")
            yield TaxiiPage(
                tuple(msgspec.json.encode(one) for one in objects),
                headers.get("x-taxii-date-added-last", ""),
            )
            if not said.get("more"):
                return
            following = said.get("next")
            last = headers.get("x-taxii-date-added-last", "")
            step = {"next": str(following)} if following else {"added_after": last}
            # some servers say one `next` for a whole reading: the page has to differ as well
            mark = (*step.values(), hashlib.sha256(msgspec.json.encode(objects)).hexdigest())
            if not any(step.values()) or mark in seen:
                raise UnreachableError("the server's pages lead in a circle", where=url)
            seen.add(mark)
            params = {**params, **step}

    def _joined(self, root: str) -> str:
        """Return the URL of an API root; empty where it is on another server, or none."""
        try:
            url = urljoin(self._discovery, root)
            same = urlsplit(url)[:2] == urlsplit(self._discovery)[:2]
        except ValueError:
            return ""
        return url if same else ""

    def _get(
        self, url: str, params: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], httpx.Headers]:
        try:
            with self._http.stream("GET", url, params=params, headers={"Accept": _TYPE}) as answer:
                parts, size = [], 0
                for part in answer.iter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > _LONGEST:
                        raise UnreachableError("the server's answer is too long", where=url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"the server does not answer: {type(error).__name__}",
                where=url,
                todo="check the address; the next read goes on where this one stopped",
            ) from error
        if answer.status_code in {401, 403, 404}:
            raise RefusedError(
                "M-12",
                f"the server answers {answer.status_code}",
                where=url,
                todo="check the name, the password and the address of the discovery resource",
            )  # M-12
        if not answer.is_success:
            raise UnreachableError(f"the server answers {answer.status_code}", where=url)
        try:
            said = msgspec.json.decode(b"".join(parts))
        except UNREADABLE as error:
            raise UnreachableError("the server's answer is no JSON", where=url) from error
        if not isinstance(said, dict):
            raise UnreachableError("the server's answer is no object", where=url)
        return said, answer.headers


def _list(said: dict[str, Any], name: str) -> list[Any]:
    """Return a list of an answer; what is not there is empty.

    Raises:
        UnreachableError: it is something else.
    """
    found = said.get(name) or []
    if not isinstance(found, list):
        raise UnreachableError(f"the server's {name} are no list", todo="ask its operator")
    return found
