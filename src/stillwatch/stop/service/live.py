"""The service that gateways ask: core, buckets, governance, lake and metrics, joined."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.errors import UnreachableError
from stillwatch.stop.appeals.tokens import Contested
from stillwatch.stop.interface import Asked, Decision, FailMode, Mode, Rung
from stillwatch.stop.responses import Lost, effect_of, unavailable
from stillwatch.stop.responses.effects import NOTHING
from stillwatch.stop.service.lake import row_of
from stillwatch.stop.service.tracing import NO_TRACES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillwatch.stop.appeals.tokens import TokenKey
    from stillwatch.stop.interface import Answer, Charged, Effect, Request, SharedBuckets
    from stillwatch.stop.responses import Policy
    from stillwatch.stop.responses.gate import Gate
    from stillwatch.stop.service.admission import Admission
    from stillwatch.stop.service.lake import Lake
    from stillwatch.stop.service.metrics import Metrics
    from stillwatch.stop.service.tracing import Traces
    from stillwatch.stop.serving import Core, LocalBuckets, Weighed

__all__ = ["LiveService", "steady_clock"]

_log = logging.getLogger("stillwatch.decisions")
_UNASKED = Asked("", "", "", 0, -1, -1.0, False, False, False, 0, "", "")  # noqa: FBT003 - its fields


def steady_clock() -> Callable[[], int]:
    """Return a clock of microseconds since 1970 that no step of the system's clock moves."""
    begun = time.time_ns() - time.monotonic_ns()
    return lambda: (begun + time.monotonic_ns()) // 1000


class LiveService:
    """See :class:`stillwatch.stop.interface.Service`; for one event loop.

    Args:
        core: decides.
        gate: governance and caps.
        policy: that both were made of.
        local: buckets of this process.
        shared: buckets of all replicas; None counts in this process alone.
        lake: takes exchanges.
        admission: bounds what is under way.
        metrics: counts.
        tokens: seals appeal tokens; None sends account holders to the policy's link as it is.
        keep_answers: whether the lake gets answers' texts.
        traces: takes a span a decision.
        clock: microseconds since 1970, of a clock that does not step.
    """

    def __init__(
        self,
        core: Core,
        gate: Gate,
        policy: Policy,
        local: LocalBuckets,
        lake: Lake,
        admission: Admission,
        metrics: Metrics,
        *,
        shared: SharedBuckets | None = None,
        tokens: TokenKey | None = None,
        keep_answers: bool = False,
        traces: Traces = NO_TRACES,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.policy = policy
        """Replaced with the core's terms and the gate's governance."""
        self.core, self.gate = core, gate
        self.knowing = True
        """Whether verdicts and indicators are there, if any are expected."""
        self._local, self._shared = local, shared
        self._lake, self._admission, self._metrics = lake, admission, metrics
        self._tokens, self._keep_answers, self._traces = tokens, keep_answers, traces
        self._clock = clock or steady_clock()

    async def decide(self, request: Request) -> tuple[Decision, Effect]:
        """Decide one request; never raises."""
        begun = time.perf_counter()
        if not self._admission.enter():
            return self._undecided(request, Lost.CORE)
        try:
            with self._traces.decision(request):
                decision, effect = await self._decided(request)
        except Exception as error:  # noqa: BLE001 - a gateway gets an answer whatever happens
            # its words and frames may hold a prompt
            _log.error("a decision failed", extra={"error": type(error).__name__})
            return self._undecided(request, Lost.CORE)
        finally:
            self._admission.leave()
            self._metrics.seconds.observe(time.perf_counter() - begun)
        return decision, effect

    async def answered(self, decision: Decision, answer: Answer) -> None:
        """Take what came back; never raises."""
        try:
            self.core.answered(decision, answer)
            row = row_of(decision, answer, keep_answers=self._keep_answers)
            self._lake.put(row, zero_retention=decision.request.zero_retention)
        except Exception as error:  # noqa: BLE001 - the client has its answer
            _log.error("an answer was not taken", extra={"error": type(error).__name__})

    async def _decided(self, request: Request) -> tuple[Decision, Effect]:
        policy = self.policy
        weighed = self.core.weigh(request)
        charged, away = await self._charge(weighed)
        decision = self.gate.settle(self.core.conclude(weighed, charged), self._clock())
        token = ""
        if self._tokens is not None and decision.rung and policy.links.appeal:
            token = self._tokens.seal(Contested.of(decision))
        canaries = self.gate.governance.measures.canaries
        effect = effect_of(decision, policy, token=token, canaries=canaries)
        self._note(decision)
        if away and not effect.status:
            effect = self._failed(Lost.BUCKETS, weighed.tier.beyond, effect)
        if not self.knowing and not effect.status:
            effect = self._failed(Lost.KNOWLEDGE, None, effect)
        if effect.status:
            self._metrics.answers.labels(str(effect.status)).inc()
        return decision, effect

    async def _charge(self, weighed: Weighed) -> tuple[Sequence[Charged], bool]:
        """Charge the buckets; say whether those that replicas share were away.

        Where they are, this process' own are charged: each replica then gives what all gave.
        """
        now = self._clock()
        if self._shared is None:
            return self._local.charge(weighed.charges, now), False
        try:
            charged = await self._shared.charge(weighed.charges, now)
        except UnreachableError:
            self._metrics.buckets_away.set(1)
            return self._local.charge(weighed.charges, now), True
        self._metrics.buckets_away.set(0)
        return charged, False

    def _undecided(self, request: Request, lost: Lost) -> tuple[Decision, Effect]:
        """Return what happens to a request that nobody looked at."""
        decision = Decision(
            request=request, asked=replace(_UNASKED, model=request.model), rung=Rung.OBSERVE,
            would=Rung.OBSERVE, mode=self.policy.terms.mode, reasons=(), measure_id="", campaign="",
            expires=0, lifted_by="", cost=0, limiting=(), tier="", policy=self.policy.digest,
            knowledge=self.core.knowledge.version,
        )  # fmt: skip
        effect = self._failed(lost, None, NOTHING)
        if effect.status:
            self._metrics.answers.labels(str(effect.status)).inc()
        return decision, effect

    def _failed(self, lost: Lost, rung: Rung | None, effect: Effect) -> Effect:
        """Return the effect that the policy's fail mode gives."""
        fail = self.policy.fail(lost, rung)
        self._metrics.undecided.labels(lost.value, fail.value).inc()
        return unavailable(self.policy) if fail is FailMode.CLOSED else effect

    def _note(self, decision: Decision) -> None:
        applied, would = decision.rung.name.lower(), decision.would.name.lower()
        self._metrics.decisions.labels(applied, would, decision.mode.value).inc()
        if decision.would is Rung.OBSERVE:
            return
        shadow = decision.mode is Mode.SHADOW
        _log.info(
            "a measure would apply" if shadow else "a measure applies",
            extra={
                "request_id": decision.request.request_id,
                "account": decision.request.account,
                "measure": applied,
                "would": would,
                "reasons": [reason.code for reason in decision.reasons],
                "measure_id": decision.measure_id,
                "campaign": decision.campaign,
                "tier": decision.tier,
                "cost": decision.cost,
                "policy": decision.policy[:16],
                "knowledge": decision.knowledge,
            },
        )
