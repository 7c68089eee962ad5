"""A ceremony held with the other operator's service, message by message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.share.oprf.client import post_signed
from stillwatch.share.oprf.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from stillwatch.share.oprf.epochs import Certificate, Terms
    from stillwatch.share.oprf.home import Home

__all__ = ["meet"]


def meet(
    home: Home, terms: Terms, url: str, http: httpx.Client, clock: Callable[[], float]
) -> Certificate:
    """Hold a ceremony, or go on with one that was interrupted, and return what both signed.

    Args:
        home: this operator's folder.
        terms: what for.
        url: scheme and authority of the other operator's service.
        http: makes requests.
        clock: gives seconds since 1970.

    Raises:
        RefusedError: a message breaks a rule, here or there.
        UnreachableError: the other operator does not answer; the same call goes on from there.
    """
    steps = Steps(home, terms, int(clock()))
    route = f"{url.rstrip('/')}/oprf/v1/ceremony"

    def said(message: bytes) -> bytes:
        return post_signed(http, route, message, home.key, clock)

    reveal = steps.reveal(said(steps.commit()))
    confirm = steps.confirm(said(reveal))
    return steps.finish(said(confirm))
