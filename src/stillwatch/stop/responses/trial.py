"""A policy on trial: recorded exchanges through the core, under a clock of their own.

What would have been refused has been answered in the recording, and its sender may have sent it
again: counts are of the requests that there were. What a scan flagged counts from the look that
flagged it; that it is said again by later looks is taken for granted.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.stop.interface import Answer, Decision, Request, Rung, Shape
from stillwatch.stop.responses.gate import Gate
from stillwatch.stop.responses.limit_headers import denied
from stillwatch.stop.serving import Core, Knowledge, LocalBuckets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from stillwatch.stop.responses.measures import MeasuresInForce
    from stillwatch.stop.responses.policy import Policy

__all__ = ["OUTCOMES", "Affected", "Known", "Trial", "outcome_of"]

OUTCOMES = ("limit", "verify", "withhold", "cap", "mark", "hold", "decoy", "perturb", "refuse")
"""What can happen to a request, mildest first."""

_MOST_LOOKS = 200


@dataclass(frozen=True, slots=True)
class Affected:
    """What a policy would have done to a cohort."""

    cohort: str
    accounts: int
    requests: int
    requests_by: Mapping[str, int]
    """Requests by outcome."""
    accounts_by: Mapping[str, int]
    """Accounts that met an outcome at least once."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known besides the exchanges."""

    verdicts: pa.Table | None = None
    """``verdicts.parquet`` of a scan, account ids as text."""
    campaigns: Sequence[Mapping[str, Any]] = ()
    """List ``campaigns`` of its ``campaigns.json``."""
    accounts: pa.Table | None = None
    """Account table, account ids as text."""
    intelligence: pa.Table | None = None
    """What peers' indicators matched, account ids as text."""

    def looks(self) -> list[int]:
        """Return when verdicts were new, microseconds since 1970.

        They are 200 at most; later ones stand in place of those between.
        """
        if self.verdicts is None:
            return []
        times: list[int] = (
            pc.unique(self.verdicts["flagged_at"].drop_null()).cast(pa.int64()).to_pylist()
        )
        times.sort()
        step = -(-len(times) // _MOST_LOOKS)
        return times[::-1][:: step or 1][::-1]

    def at(self, look: int, version: int, *, last: int, secret: bytes = b"") -> Knowledge:
        """Return what was known after a look.

        Args:
            look: microseconds since 1970.
            version: of the snapshot.
            last: until when later looks say it again.
            secret: as the core's.
        """
        verdicts = self.verdicts
        if verdicts is not None:
            flagged = pc.fill_null(verdicts["flagged_at"].cast(pa.int64()), -1)
            verdicts = verdicts.filter(pc.less_equal(flagged, look))
        return Knowledge.of(
            version,
            verdicts=verdicts,
            campaigns=self.campaigns,
            as_of=last,
            accounts=self.accounts,
            intelligence=self.intelligence,
            secret=secret,
        )


class Trial:
    """Runs exchanges past a policy; memory grows with accounts and not with exchanges.

    Args:
        policy: to try; it is treated as if it were in force, whatever its mode.
        measures: approved measures to try with it.
        known: what was known besides.
        secret: that keys all hashes.
    """

    def __init__(
        self, policy: Policy, measures: MeasuresInForce, known: Known, *, secret: bytes = b""
    ) -> None:
        self._known = known
        self._secret = secret
        self._looks = known.looks()
        self._look = 0
        self._last = (1 << 52) if self._looks else 0
        first = known.at(-1, 0, last=self._last, secret=secret)
        self._core = Core(policy.terms, first, measures, secret=secret)
        self._buckets = LocalBuckets()
        self._gate = Gate(policy, measures)
        self._met: dict[str, int] = {}
        self._counts: dict[str, dict[str, int]] = {}

    def run(self, batches: Iterable[pa.RecordBatch], cohorts: Mapping[str, str]) -> None:
        """Take exchanges, in the order of their times as near as the log has them.

        Args:
            batches: columns as in ``records.EXCHANGE``.
            cohorts: by account id as text; accounts that are absent are of the cohort ``other``.
        """
        for batch in batches:
            for row in batch.to_pylist():
                request = _request(row)
                decision = self._decide(request)
                outcome = outcome_of(decision)
                self._count(request.account, cohorts.get(request.account, "other"), outcome)
                if outcome not in {"limit", "verify", "refuse"}:
                    self._core.answered(decision, _answer(row, request.time))

    def affected(self, cohorts: Mapping[str, str]) -> Iterator[Affected]:
        """Yield what was done to each cohort, in order of name."""
        met: dict[str, list[int]] = {}
        for account, outcomes in self._met.items():
            met.setdefault(cohorts.get(account, "other"), []).append(outcomes)
        for cohort in sorted(met):
            counts = self._counts[cohort]
            yield Affected(
                cohort,
                len(met[cohort]),
                sum(counts.values()),
                {name: counts.get(name, 0) for name in OUTCOMES},
                {
                    name: sum(one >> place & 1 for one in met[cohort])
                    for place, name in enumerate(OUTCOMES)
                },
            )

    def _decide(self, request: Request) -> Decision:
        passed = bisect_right(self._looks, request.time)
        if passed > self._look:
            self._look = passed
            self._core.knowledge = self._known.at(
                self._looks[passed - 1], passed, last=self._last, secret=self._secret
            )
        weighed = self._core.weigh(request)
        charged = self._buckets.charge(weighed.charges, request.time)
        return self._gate.settle(self._core.conclude(weighed, charged), request.time)

    def _count(self, account: str, cohort: str, outcome: str) -> None:
        counts = self._counts.setdefault(cohort, {})
        counts[outcome] = counts.get(outcome, 0) + 1
        bit = 1 << OUTCOMES.index(outcome) if outcome else 0
        self._met[account] = self._met.get(account, 0) | bit


def outcome_of(decision: Decision) -> str:
    """Return what a decision does to a request, empty where it passes unchanged."""
    rung = decision.would
    if rung in {Rung.VERIFY, Rung.REFUSE}:
        return rung.name.lower()
    if rung and denied(decision):
        return "limit"
    return rung.name.lower() if rung > Rung.LIMIT else ""


def _request(row: dict[str, Any]) -> Request:
    """Return an exchange as the request that it was."""
    system = row.get("system_prompt")
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": row.get("prompt") or ""})
    body: dict[str, Any] = {"model": row["model"], "messages": messages}
    for name in ("max_tokens", "temperature"):
        if row.get(name) is not None:
            body[name] = row[name]
    return Request(
        time=_microseconds(row["time"]),
        request_id=str(row["exchange_id"]),
        account=str(row["account_id"]),
        shape=Shape.OPENAI_CHAT,
        body=msgspec.json.encode(body),
        ip=row.get("ip") or "",
        asn=-1 if row.get("asn") is None else row["asn"],
        user_agent=row.get("user_agent") or "",
        tls_fingerprint=row.get("tls_fingerprint") or "",
        end_user=row.get("end_user_id") or "",
    )


def _answer(row: dict[str, Any], time: int) -> Answer:
    tokens = [-1 if row.get(n) is None else row[n] for n in ("input_tokens", "output_tokens")]
    return Answer(time, 200, tokens[0], tokens[1], -1, row.get("finish_reason") or "", "")


def _microseconds(time: datetime) -> int:
    return round(time.timestamp() * 1_000_000)
