"""A's scan, and how long its finding takes to the gateways of B and C."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from stillwatch.cli.tour.answers import asked, verifies
from stillwatch.cli.tour.members import WARNED

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from stillwatch.cli.tour.labs import Lab, Request
    from stillwatch.cli.tour.members import Exchange
    from stillwatch.cli.tour.processes import Processes

__all__ = ["Detection", "Warned", "detected", "warned"]

_PROBES = 12
"""Requests of the actor, in turn, with which a gateway is tried until it knows of the actor."""
_PATIENCE = 2.0
"""Seconds after the hand-over for which that is tried: in some worlds it recognises none."""
_PUBLISHED = 20.0
"""Seconds that the publisher has to send something."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What A's scan found, against the truth."""

    seconds: float
    campaigns: int
    declared: str
    """When the first campaign was declared, in the log's own time; empty where none was."""
    actors: int
    """Accounts of the actor that had come by then."""
    found: int
    """Those that were flagged."""
    innocents: int
    accused: int
    """Innocent accounts that were flagged."""
    harvest: int
    """Exchanges of the actor by then."""
    leaked: int
    """Those before the account was flagged."""

    def document(self) -> dict[str, Any]:
        """Return the figures, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Warned:
    """What left A, and when it was where; seconds since the scan's output lay there."""

    indicators: int
    size: int
    """Bytes that left."""
    pieces: int
    """Keyed hashes of text in them."""
    published: float
    handed: dict[str, float]
    """When each lab's watch had written what its gateway looks up."""
    challenged: dict[str, float]
    """When each gateway first asked the actor to verify; without those that recognised nothing."""
    probes: dict[str, int]
    """Requests that were asked to find that out."""

    def document(self) -> dict[str, Any]:
        """Return the figures, for JSON."""
        return asdict(self)


def detected(lab: Lab, out: Path, key: Path, processes: Processes) -> Detection:
    """Scan a lab's log as it is when the actor has moved on, and compare with the truth.

    Args:
        lab: whose log it is.
        out: folder for the results.
        key: the epoch's sketch key.
        processes: that run the scan.

    Raises:
        UnreachableError: the scan ended with an error.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    begun = time.monotonic()
    processes.run(
        "scan", str(lab.world / "exchanges"), "--accounts", str(lab.world / "accounts.parquet"),
        "--events", str(lab.world), "--key-file", str(key),
        "--as-of", lab.ends.strftime("%Y-%m-%dT%H:%M:%S"), "--out", str(out),
    )  # fmt: skip
    seconds = time.monotonic() - begun
    document = json.loads((out / "campaigns.json").read_text("utf-8"))
    verdicts = pq.read_table(out / "verdicts.parquet").to_pylist()
    flagged = {r["account_id"]: r["flagged_at"] for r in verdicts if r["flagged_at"] is not None}
    sent = _sent(lab)
    return Detection(
        seconds=round(seconds, 2),
        campaigns=len(document["campaigns"]),
        declared=min((one["declared_at"] for one in document["campaigns"]), default=""),
        actors=len({account for account, _ in sent}),
        found=len(lab.actors & flagged.keys()),
        innocents=len(lab.benign),
        accused=len(lab.benign & flagged.keys()),
        harvest=len(sent),
        leaked=sum(account not in flagged or at < flagged[account] for account, at in sent),
    )


def warned(
    out: Path,
    exchange: Exchange,
    requests: dict[str, list[Request]],
    client: httpx.Client,
    processes: Processes,
) -> Warned | None:
    """Wait until what A found is at the gateways of the others; return how long each step took.

    Args:
        out: folder of A's scan; ``published.jsonl``, the bytes that left, is written beside it.
        exchange: what runs.
        requests: to come at each lab that is warned.
        client: to ask the gateways with.
        processes: that run.

    Returns:
        The way of the warning; None where the standing policy lets nothing leave, or what was
        declared has nothing that travels.

    Raises:
        UnreachableError: it did not get there.
    """
    end = time.monotonic() + _PUBLISHED
    processes.until(
        lambda: exchange.publisher.lines or time.monotonic() > end, "the publisher", 2 * _PUBLISHED
    )
    if not exchange.publisher.lines:
        return None
    begun = (out / "campaigns.json").stat().st_mtime
    challenged, probes = _recognised(begun, exchange, requests, client, processes)
    said = [one for one in exchange.publisher.lines if one.text[:1] == "{"]
    left = "".join(f"{one.text}\n" for one in said)
    (out.parent / "published.jsonl").write_text(left, "utf-8")
    handed = {
        name: processes.until(partial(_handed, exchange, name, begun), "a hand-over") - begun
        for name in WARNED
    }
    return Warned(
        indicators=len(said),
        size=sum(len(one.text.encode()) for one in said),
        pieces=sum(_pieces(json.loads(one.text)) for one in said),
        published=round(said[0].at - begun, 2),
        handed={name: round(at, 2) for name, at in handed.items()},
        challenged=challenged,
        probes=probes,
    )


def _recognised(
    begun: float,
    exchange: Exchange,
    requests: dict[str, list[Request]],
    client: httpx.Client,
    processes: Processes,
) -> tuple[dict[str, float], dict[str, int]]:
    """Return when each gateway first asked the actor to verify, and how often it was tried."""
    trying = {
        name: [one.question for one in requests[name] if one.kind == "harvest"][:_PROBES]
        for name in WARNED
    }
    challenged: dict[str, float] = {}
    probes = dict.fromkeys(WARNED, 0)
    waiting = set(WARNED)

    def tried() -> bool:
        for name in sorted(waiting):
            at = _handed(exchange, name, begun)
            if at is not None and (not trying[name] or time.time() > at + _PATIENCE):
                waiting.remove(name)
            if name not in waiting or not trying[name]:
                continue
            question = trying[name][probes[name] % len(trying[name])]
            probes[name] += 1
            # an account of its own, so that nothing is known of it but the request
            answer = asked(client, exchange.gateways[name], {**question, "account": "probe"})
            if verifies(answer):
                challenged[name] = round(time.time() - begun, 2)
                waiting.remove(name)
        return not waiting

    processes.until(tried, "a warning at every gateway")
    return challenged, probes


def _handed(exchange: Exchange, name: str, begun: float) -> float | None:
    """Return when a lab's watch said that it had handed over; None where it has not yet."""
    return next((at for at, _ in list(exchange.watchers[name].lines) if at >= begun), None)


def _pieces(indicator: dict[str, Any]) -> int:
    """Return how many keyed hashes of text an indicator holds."""
    fields = indicator["extensions"].values()
    return sum(len(one["content"].get("pieces", ())) for one in fields)


def _sent(lab: Lab) -> list[tuple[str, Any]]:
    """Return account and time of each of the actor's exchanges at a lab until it moved on."""
    import pyarrow.dataset as ds  # noqa: PLC0415

    rows = ds.dataset(lab.world / "exchanges", partitioning=None).to_table(
        columns=["account_id", "time"],
        filter=ds.field("account_id").isin(sorted(lab.actors)) & (ds.field("time") < lab.ends),
    )
    return list(zip(rows["account_id"].to_pylist(), rows["time"].to_pylist(), strict=True))
