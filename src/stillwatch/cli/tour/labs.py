"""Three labs and one actor that goes from A to B to C: their logs, and the requests to come.

The worlds are made on disk as ``stillwatch simulate`` makes them.  They begin on a weekday of their
own, so that the same seed gives the same world whatever day it is, and A's third of them ended
within the last week: an indicator is believed less with age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LABS", "Lab", "Request", "labs", "requests_of"]

LABS = ("a", "b", "c")
"""The labs, in the order in which the actor comes to them."""
_DAYS = 27
_PREVALENCE = 0.05
_ADVERSARY = "moving"
_EACH = 6
"""Requests of an account that are asked: what a lab gets in days is asked within seconds here."""
_COLUMNS = (
    "time", "exchange_id", "account_id", "prompt", "system_prompt", "model", "max_tokens",
    "temperature", "ip", "asn", "user_agent", "tls_fingerprint",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lab:
    """One provider's world."""

    name: str
    """a, b or c."""
    world: Path
    """Folder of its log, its tables and the truth, which nothing but the tour reads."""
    exchanges: int
    accounts: int
    actors: frozenset[str]
    """Accounts of the actor."""
    benign: frozenset[str]
    """Accounts of nobody's campaign; the rest are grey."""
    begins: datetime
    """When the actor comes, UTC."""
    ends: datetime
    """When it moves on."""

    harvest: frozenset[str]
    """Ids of the exchanges that were taken for training."""

    def kind(self, account: str, exchange: str) -> str:
        """Return what the truth says of an exchange: harvest, cover, innocent or grey."""
        if account in self.actors:
            return "harvest" if exchange in self.harvest else "cover"
        return "innocent" if account in self.benign else "grey"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to come at a lab."""

    account: str
    kind: str
    """What the truth says of it: harvest or cover of the actor's, innocent or grey."""
    question: dict[str, Any]
    """What a gateway asks the decision service of it."""


def labs(folder: Path, *, exchanges: int, accounts: int, seed: int, today: date) -> tuple[Lab, ...]:
    """Make the worlds of the three labs.

    Args:
        folder: new.
        exchanges: of each lab.
        accounts: of each lab.
        seed: same seed, same worlds.
        today: A's third ends on the last Sunday that is no later.

    Raises:
        ConfigurationError: a setting is out of range.
        OutputError: the folder is in use or cannot be written.
    """
    from stillwatch.worlds.simulation.building import Settings, simulate  # noqa: PLC0415

    third = timedelta(days=_DAYS // len(LABS))
    begins = _sunday(today) - third
    settings = Settings(
        folder,
        exchanges,
        seed,
        accounts=accounts,
        days=_DAYS,
        start=begins,
        adversaries=(_ADVERSARY,),
        prevalence=_PREVALENCE,
        providers=len(LABS),
    )
    made = []
    for number, (name, built) in enumerate(zip(LABS, simulate(settings), strict=True)):
        actors, benign, harvest = _truth(built.folder)
        here = datetime.combine(begins, time(), UTC) + number * third
        size = built.exchanges, built.accounts
        made.append(
            Lab(name, built.folder, *size, actors, benign, here, here + third, harvest),
        )
    return tuple(made)


def requests_of(lab: Lab) -> list[Request]:
    """Return each account's first requests of the actor's time at a lab, in the order of time."""
    import pyarrow.dataset as ds  # noqa: PLC0415

    log = ds.dataset(lab.world / "exchanges", partitioning=None)
    columns = [name for name in _COLUMNS if name in log.schema.names]
    when = (ds.field("time") >= lab.begins) & (ds.field("time") < lab.ends)
    rows = log.to_table(columns=columns, filter=when).sort_by(
        [("time", "ascending"), ("exchange_id", "ascending")]
    )
    asked: dict[str, int] = {}
    found = []
    for row in rows.to_pylist():
        account = row["account_id"]
        asked[account] = asked.get(account, 0) + 1
        if asked[account] <= _EACH:
            found.append(Request(account, lab.kind(account, row["exchange_id"]), _question(row)))
    return found


def _sunday(today: date) -> date:
    """Return the last Sunday that is no later.

    >>> _sunday(date(2026, 11, 24)), _sunday(date(2026, 11, 22))
    (datetime.date(2026, 11, 22), datetime.date(2026, 11, 22))
    """
    return today - timedelta(days=today.isoweekday() % 7)


def _truth(world: Path) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the actor's accounts, the innocent ones, and the exchanges that are harvest."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    told = pq.read_table(world / "truth_exchanges.parquet", filters=[("harvest", "=", True)])
    rows = pq.read_table(world / "truth_accounts.parquet").to_pylist()
    return (
        frozenset(row["account_id"] for row in rows if row["kind"] == "attack"),
        frozenset(row["account_id"] for row in rows if row["kind"] == "benign"),
        frozenset(told["exchange_id"].to_pylist()),
    )


def _question(row: dict[str, Any]) -> dict[str, Any]:
    """Return a recorded exchange as a gateway tells it to the decision service."""
    messages = [{"role": "user", "content": row["prompt"]}]
    if row.get("system_prompt"):
        messages.insert(0, {"role": "system", "content": row["system_prompt"]})
    body = {"model": row["model"], "messages": messages}
    body |= {n: row[n] for n in ("max_tokens", "temperature") if row.get(n) is not None}
    question = {"account": row["account_id"], "shape": "openai-chat", "body": body}
    seen = ("ip", "asn", "user_agent", "tls_fingerprint")
    return question | {n: row[n] for n in seen if row.get(n) not in {None, ""}}
