"""What the gateways answer to requests, counted against the truth."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stillwatch.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from stillwatch.cli.tour.labs import Request

__all__ = ["KINDS", "Answers", "Tally", "answered", "asked", "verifies"]

KINDS = ("harvest", "cover", "innocent", "grey")
"""What the truth says of requests: the first two are the actor's."""
_PEER = "peer-indicator"


@dataclass(slots=True)
class Tally:
    """Requests of one kind of account at one gateway."""

    requests: int = 0
    verify: int = 0
    """Requests that were answered with the question to verify."""
    other: int = 0
    """Requests that were touched otherwise: limited, or refused."""
    accounts: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    """Accounts of which at least one request was touched."""

    def row(self) -> dict[str, int]:
        """Return the counts."""
        return {
            "requests": self.requests,
            "verify": self.verify,
            "other": self.other,
            "passed": self.requests - self.verify - self.other,
            "accounts": len(self.accounts),
            "accounts_touched": len(self.touched),
        }


@dataclass(slots=True)
class Answers:
    """What one gateway answered."""

    tallies: dict[str, Tally]
    """By what the truth says of the account."""
    seconds: float
    """That all answers took together."""
    example: dict[str, Any] | None
    """What the actor read when it was first asked to verify."""

    def document(self) -> dict[str, Any]:
        """Return the counts, for JSON."""
        rows = {kind: tally.row() for kind, tally in self.tallies.items()}
        return {**rows, "seconds": round(self.seconds, 3)}


def asked(client: httpx.Client, gateway: str, question: dict[str, Any]) -> dict[str, Any]:
    """Return the decision on a request.

    Raises:
        UnreachableError: the decision service does not answer, or answers what makes no sense.
    """
    import httpx  # noqa: PLC0415 - of an extra

    try:
        answer = client.post(f"{gateway}/v1/decisions", json=question)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise UnreachableError(
            f"the gateway's decision service does not answer: {error}",
            where=gateway,
            todo="read its log in logs/",
        ) from error
    return found


def answered(client: httpx.Client, gateway: str, requests: Iterable[Request]) -> Answers:
    """Ask a gateway's decision service about requests, one after the other.

    Raises:
        UnreachableError: it does not answer.
    """
    tallies = {kind: Tally() for kind in KINDS}
    begun, example = time.perf_counter(), None
    for request in requests:
        decision = asked(client, gateway, request.question)
        tally, status = tallies[request.kind], decision["effect"]["status"]
        tally.requests += 1
        tally.accounts.add(request.account)
        if not status:
            continue
        tally.touched.add(request.account)
        if verifies(decision):
            tally.verify += 1
            if request.kind == "harvest" and example is None:
                example = {"status": status, **json.loads(decision["effect"]["body"])}
        else:
            tally.other += 1
    return Answers(tallies, time.perf_counter() - begun, example)


def verifies(decision: dict[str, Any]) -> bool:
    """Whether an account is asked to verify, on a peer's word."""
    codes = {reason["code"] for reason in decision["reasons"]}
    return decision["rung"] == "verify" and _PEER in codes
