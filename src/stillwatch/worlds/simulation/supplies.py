"""What every population draws from: networks, identities, clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stillwatch.worlds.simulation.columns import Address, Objects

__all__ = ["Clients", "Network", "People"]


class Network(Protocol):
    """Addresses that everyone draws from."""

    def home(self, n: int, lang: Objects | None = None) -> Address:
        """Return home broadband addresses, one an account."""
        ...

    def mobile(self, n: int, lang: Objects | None = None) -> Address:
        """Return mobile addresses behind carrier NAT, shared by many strangers."""
        ...

    def cloud(self, n: int, *, asn: int | None = None, block: bool = False) -> Address:
        """Return data-centre addresses; with ``block``, all from one /24."""
        ...

    def office(self, n: int = 1) -> Address:
        """Return egress addresses of companies, schools and events, one each."""
        ...

    def proxy(self, n: int) -> Address:
        """Return residential-proxy exits: home addresses anywhere, each used once or twice."""
        ...

    def vpn(self, n: int) -> Address:
        """Return exits of consumer VPNs, shared by many strangers."""
        ...


class People(Protocol):
    """Identity attributes that everyone draws from; values are random and opaque."""

    def card(self, n: int = 1) -> Objects:
        """Return payment fingerprints, each new."""
        ...

    def phone(self, n: int = 1, lang: Objects | None = None) -> Objects:
        """Return clear synthetic phone numbers, each new."""
        ...

    def device(self, n: int = 1) -> Objects:
        """Return device fingerprints, each new."""
        ...

    def organization(self, n: int = 1) -> Objects:
        """Return organisation ids, each new."""
        ...

    def domain(self, n: int = 1) -> Objects:
        """Return mail domains of companies, each new."""
        ...

    def mail(self, n: int, lang: Objects) -> tuple[Objects, Objects]:
        """Return (local part, domain) of personal mail addresses as people choose them."""
        ...

    def throwaway(self, n: int) -> Objects:
        """Return mail domains of disposable-address services, which some people use too."""
        ...


class Clients(Protocol):
    """Clients: user agent and the TLS fingerprint that belongs to it, by number."""

    def draw(self, n: int, family: str) -> NDArray[np.int16]:
        """Return client numbers by popularity.

        Args:
            n: how many.
            family: browser, app, sdk, script, agent, harness, gateway or any.
        """
        ...

    def product(self, name_seed: int) -> int:
        """Return the number of a client of its own name on a popular library's TLS."""
        ...

    def uncommon(self, seed: int) -> int:
        """Return the number of a public client that few people use."""
        ...

    def agent(self, which: int) -> int:
        """Return the client of the ``which``-th public open-source agent."""
        ...
