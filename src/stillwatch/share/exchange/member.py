"""A member at work: its folder, its store and the hub, put together for a command."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Self

import msgspec

from stillwatch.errors import ConfigurationError, RefusedError, UnreachableError
from stillwatch.ledger import VerifyKey
from stillwatch.share.exchange.changing import change_key
from stillwatch.share.exchange.client import HubClient
from stillwatch.share.exchange.epochs import sealing_key
from stillwatch.share.exchange.matching import Weighted
from stillwatch.share.exchange.membership import Home, Membership
from stillwatch.share.exchange.publishing import send
from stillwatch.share.exchange.pulling import Puller
from stillwatch.share.exchange.store import Store
from stillwatch.share.exchange.trust import judged, precision_of, weight_of
from stillwatch.share.objects import Indicator, Object, Sighting, canonical, parse, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import httpx

    from stillwatch.ledger import SigningKey
    from stillwatch.share.exchange.publishing import Sent
    from stillwatch.share.exchange.pulling import Pulled

__all__ = ["Member", "join"]

_WORD = re.compile(r"[^A-Za-z0-9.-]+")


def join(
    folder: Path,
    hub: str,
    invitation: str,
    name: str,
    *,
    clock: Callable[[], float],
    log_key: str = "",
    witnesses: Sequence[str] = (),
    threshold: int = 0,
    transport: httpx.BaseTransport | None = None,
) -> Membership:
    """Join a hub, and keep whom to trust.

    Args:
        folder: the member's; a folder that has joined is refused.
        hub: scheme and authority.
        invitation: as the hub's operator gave it.
        name: display name.
        clock: seconds since 1970.
        log_key: verifier key of the log, as told by another way than the hub; empty to take the
            hub's word this once.
        witnesses: verifier keys of witnesses that this member trusts.
        threshold: how many of them must have cosigned.
        transport: another way to the hub; None takes the network.

    Raises:
        ConfigurationError: it has joined already, or trusts too few witnesses.
        RefusedError: the hub refuses, or its log has another key.
        UnreachableError: the hub is away.
    """
    home = Home(folder)
    if home.joined:
        raise ConfigurationError(
            "this folder is a member already", where=str(folder), todo="name another --home"
        )
    _enough(witnesses, threshold)
    key = home.prepare(_WORD.sub("-", name).strip("-") or "member")
    client = HubClient(hub, key, clock=clock, nonce=_nonce, transport=transport)
    asked = {
        "invitation": invitation,
        "name": name,
        "verify_key": key.public.encode(),
        "sealing_key": sealing_key(home.sealing()),
    }
    try:
        answer = client.post("/exchange/v1/join", asked)
    finally:
        client.close()
    membership = _membership(answer, hub, witnesses, threshold)
    if log_key and VerifyKey.decode(log_key).raw != VerifyKey.decode(membership.log_key).raw:
        raise RefusedError(  # M-1
            "M-1",
            "the hub's log has another key than the one that was told",
            where=membership.log_key,
            todo="ask the hub's operator by another way; nothing was kept",
        )
    home.join(membership)
    return membership


def _enough(witnesses: Sequence[str], threshold: int) -> None:
    if threshold > len({VerifyKey.decode(text).raw for text in witnesses}):
        raise ConfigurationError(
            f"{threshold} witnesses are to cosign and {len(witnesses)} are named",
            todo="name them with --witness",
        )


def _membership(
    answer: Any,  # noqa: ANN401 - any JSON
    hub: str,
    witnesses: Sequence[str],
    threshold: int,
) -> Membership:
    try:
        said = answer["log"]
        places = {one["alias"]: one["id"] for one in answer["collections"]}
        held = {
            "hub": hub.rstrip("/"),
            "member": answer["member"],
            "name": answer["name"],
            "collection": places.get("indicators") or next(iter(places.values())),
            "origin": said["origin"],
            "log_key": said["verify_key"],
            "witnesses": list(witnesses),
            "threshold": threshold,
        }
        made = msgspec.convert(held, Membership)
        VerifyKey.decode(made.log_key)
    except (
        KeyError,
        TypeError,
        StopIteration,
        msgspec.ValidationError,
        RefusedError,
    ) as error:
        raise UnreachableError("the hub's answer to joining is not in its form") from error
    return made


class Member:
    """A member that has joined.

    Args:
        folder: the member's.
        clock: seconds since 1970.
        transport: another way to the hub; None takes the network.
        patience: seconds that a connection, or the wait between two parts of an answer, may take.

    Raises:
        ConfigurationError: it has not joined.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float],
        transport: httpx.BaseTransport | None = None,
        patience: float = 30.0,
    ) -> None:
        self.home = Home(folder)
        self.membership = self.home.membership()
        self.clock = clock
        self.store = Store(self.home.database)
        self._transport, self._patience = transport, patience
        shown = self.home.certificate if self.home.certificate.exists() else None
        self.client = self._asking(self.home.key(), certificate=shown, newest=self.home.key)
        self.puller = Puller(self.client, self.store, self.home, self.membership)

    def __enter__(self) -> Self:
        """Return the member."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store and the connections."""
        self.client.close()
        self.store.close()

    @property
    def id(self) -> str:
        """Identity id."""
        return self.membership.member

    def change_key(self, overlap: int) -> str:
        """Sign with a new key from now on, and return its id; see `changing.change_key`."""
        return change_key(self.client, self._asking, self.home, self.id, overlap=overlap)

    def _asking(self, key: SigningKey, **more: Any) -> HubClient:  # noqa: ANN401 - of HubClient
        return HubClient(
            self.membership.hub,
            key,
            clock=self.clock,
            nonce=_nonce,
            transport=self._transport,
            patience=self._patience,
            **more,
        )

    def pull(self) -> Pulled:
        """Take all that there is, and acknowledge what was recalled.

        Raises:
            UnreachableError: the hub is away.
            RefusedError: the hub refuses, or lies.
        """
        pulled = self.puller.pull()
        self.store.remember("pulled", str(self.clock()))
        self.acknowledge()
        return pulled

    def acknowledge(self) -> int:
        """Tell the hub which recalls were carried out here; return how many.

        What is recalled is matched no more from the moment it is taken, so that the word is true.
        """
        done = 0
        for number, version, _ in self.store.recalls():
            item = self.store.newest(number)
            if isinstance(item, Indicator) and item.created_by_ref == self.id:
                self.store.acknowledged(number, version)
                continue
            body = {"id": number, "version": version, "outcome": "removed"}
            try:
                self.client.post("/exchange/v1/acknowledgements", body)
            except RefusedError as error:
                if not error.rule.startswith(("H-", "HTTP-4")):
                    raise
            self.store.acknowledged(number, version)
            done += 1
        return done

    def signed(self, items: Sequence[Object]) -> list[Object]:
        """Return objects as they leave: indicators and sightings with this member's signature."""
        key = self.home.key()
        return [
            signed(item, key) if isinstance(item, Indicator | Sighting) else item for item in items
        ]

    def publish(self, items: Sequence[Object], *, approved_by: str) -> Sent:
        """Keep objects as approved, then send all that waits.

        Raises:
            UnreachableError: the hub is away; they wait.
            RefusedError: the hub refuses this member altogether.
        """
        pairs = [(item, canonical(item)) for item in self.signed(items)]
        self.store.queue(pairs, approved_by=approved_by, now=self.clock())
        return self.send()

    def send(self) -> Sent:
        """Send what waits, signed with the key in use; errors as `publish`."""
        for one in self.store.waiting():
            (item,) = self.signed([parse(one.body)])
            if canonical(item) != one.body:
                self.store.sign_again(one.id, one.version, canonical(item))
        return send(self.client, self.store, self.membership.collection)

    def weighted(self) -> list[Weighted]:
        """Return the indicators that may be matched, with how far each is believed."""
        now = self.clock()
        authors = self.store.authors()
        words = judged(self.store.sightings(), authors)
        records = precision_of(words, authors)
        return [
            Weighted(held.item, weight_of(held.item, records, words.get(held.item.id), now=now))
            for held in self.store.live(now)
            if isinstance(held.item, Indicator) and held.item.created_by_ref != self.id
        ]


def _nonce() -> str:
    return secrets.token_urlsafe(24)
