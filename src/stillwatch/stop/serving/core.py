"""The decision core: a request in, a decision out, without I/O, clock or randomness."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stillwatch.errors import ConfigurationError
from stillwatch.find.features.hashing import hash_strings, key_from_secret
from stillwatch.find.features.text import seed_of
from stillwatch.find.features.veil import Veil
from stillwatch.stop.interface import Charge, Decision, Mode, Rung
from stillwatch.stop.serving.grounds import is_member, known_grounds, settle, usage_grounds
from stillwatch.stop.serving.kernels import weighing as told_at
from stillwatch.stop.serving.kernels.addresses import addresses_of
from stillwatch.stop.serving.kernels.tables import scratch
from stillwatch.stop.serving.kernels.weighing import learn, owe, weigh_one
from stillwatch.stop.serving.knowledge import Keys, KnownAccount
from stillwatch.stop.serving.places import block_of
from stillwatch.stop.serving.shapes import read_asked
from stillwatch.stop.serving.state import State
from stillwatch.stop.serving.terms import NO_MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.stop.interface import Answer, Asked, Charged, Request
    from stillwatch.stop.serving.grounds import Ground
    from stillwatch.stop.serving.indicators import Heard
    from stillwatch.stop.serving.knowledge import Knowledge
    from stillwatch.stop.serving.terms import Allowance, Measures, Terms, Tier

__all__ = ["Core", "Weighed"]

_SECOND = 1_000_000
_STRANGER = KnownAccount(None, -1.0, 0, licensed=False, decoy=False, verification="", heard=None)


class Weighed(NamedTuple):
    """A request that was read and weighed, before its charges are settled."""

    request: Request
    asked: Asked
    unread: str
    """Why the body could not be read, a fixed word of ``shapes.UNREAD``; empty where it was."""
    cost: int
    """Thousandths of a unit."""
    tier: Tier
    campaign: str
    """Of which the account is a member; empty where none."""
    kinds: tuple[str, ...]
    """Kind of each charge: account, campaign, segment, network."""
    charges: tuple[Charge, ...]
    """At most 8, the account's first."""
    grounds: tuple[Ground, ...]
    """Of what is known and heard."""
    terms: Terms
    knowledge: int
    """Version of what was known."""
    told: tuple[int, ...]
    """What the kernel told, see ``kernels.weighing``."""


class _OfTerms(NamedTuple):
    """What is made of a policy once."""

    terms: Terms
    weights: np.ndarray
    """As ``weigh_one`` takes them, with the key of the sketch."""
    tiers: dict[tuple[str, bool], Tier]
    """By verification level and licence, as they were met; levels are those of one snapshot."""


class Core:
    """Decides requests; for one thread.

    ``terms``, ``knowledge`` and ``measures`` are immutable and may be replaced at any time by one
    assignment each; a decision uses those that were there when it was weighed.

    Args:
        terms: the policy.
        knowledge: verdicts, indicators and accounts, built under the same secret.
        measures: those in force.
        secret: of the sketches, as ``observe --key-file`` reads it; empty for none.
        accounts: accounts of which the state is kept, 328 bytes each.
        segments: segments of text of which the holders are counted, 40 bytes each.

    >>> from stillwatch.stop.interface import Request, Shape
    >>> from stillwatch.stop.serving import Knowledge, LocalBuckets, Terms
    >>> core = Core(Terms(), Knowledge.of(), accounts=1024, segments=1024)
    >>> body = b'{"messages": [{"role": "user", "content": "Why is the sky blue at noon?"}]}'
    >>> weighed = core.weigh(Request(0, "r1", "alice", Shape.OPENAI_CHAT, body))
    >>> decision = core.conclude(weighed, LocalBuckets(1024).charge(weighed.charges, 0))
    >>> decision.rung.name, decision.tier, decision.cost
    ('OBSERVE', 'unverified', 194)
    """

    def __init__(
        self,
        terms: Terms,
        knowledge: Knowledge,
        measures: Measures = NO_MEASURES,
        *,
        secret: bytes = b"",
        accounts: int = 7 << 18,
        segments: int = 1 << 22,
    ) -> None:
        self._keys = Keys(secret)
        self.terms = terms
        self.knowledge = knowledge
        self.measures = measures
        self.state = State(accounts, segments)
        self._key = key_from_secret(secret)
        veil = Veil.of(secret) if secret else Veil(0, 0)
        self._veil = veil
        self._sketch = np.array([seed_of(self._key), veil.low, veil.high], np.uint64)
        self._scratch = scratch()
        self._scratch_lies = addresses_of(self._scratch)
        self._of_terms = self._made_of(terms)
        self._compile()

    @property
    def secret_check(self) -> bytes:
        """Hash of the secret, 16 bytes: tells states of other secrets apart."""
        return self._keys.check

    @property
    def knowledge(self) -> Knowledge:
        """What is known now.

        Raises:
            ConfigurationError: it is assigned what was built under another secret, under which
                no account would be found.
        """
        return self._knowledge

    @knowledge.setter
    def knowledge(self, knowledge: Knowledge) -> None:
        if knowledge.secret != self._keys.check:
            raise ConfigurationError(
                "the snapshot was built under another secret",
                where=f"version {knowledge.version}",
                todo="build it under the secret of the core",
            )
        self._knowledge = knowledge

    def weigh(self, request: Request) -> Weighed:
        """Read a request, take it into the state, and say what it is to be charged; never raises.

        Args:
            request: as the gateway made it.
        """
        terms, knowledge = self.terms, self._knowledge
        if self._of_terms.terms is not terms:
            self._of_terms = self._made_of(terms)
        made = self._of_terms
        asked, unread = read_asked(request)
        account = self._keys.of(b"account", request.account)
        told = self._price(request, asked, account, made.weights, knowledge)
        row = told[told_at.KNOWN]
        known = knowledge.account(row) if row >= 0 else _STRANGER
        now, expires = request.time, knowledge.as_of + terms.lasts * _SECOND
        standing = known.verification, known.licensed
        tier = made.tiers.get(standing)
        if tier is None:
            tier = terms.tier_of(known.verification, licensed=known.licensed)
            made.tiers[standing] = tier
        block = block_of(request.ip)
        heard = self._heard(request, told, block, knowledge)
        grounds: Sequence[Ground] = ()
        campaign = ""
        if row >= 0 or heard:
            grounds = known_grounds(known, heard, terms, expires, now)
            if known.campaign and is_member(known, terms, current=expires > now):
                campaign = known.campaign.campaign_id
        cost = max(told[told_at.COST], terms.unread) if unread else told[told_at.COST]
        kinds, charges = ["account"], [_charge(account, cost, tier.allowance)]
        if campaign:
            kinds.append("campaign")
            charges.append(_charge(self._keys.of(b"campaign", campaign), cost, terms.campaign))
        if told[told_at.SHARED] > 0:
            segment = self._keys.of(b"segment", str(told[told_at.SEGMENT]))
            kinds.append("segment")
            charges.append(_charge(segment, told[told_at.SHARED], terms.segment))
            if block:
                network = self._keys.of(b"network", block)
                kinds.append("network")
                charges.append(_charge(network, told[told_at.SHARED], terms.network))
        return Weighed(
            request,
            asked,
            unread,
            cost,
            tier,
            campaign,
            tuple(kinds),
            tuple(charges),
            tuple(grounds),
            terms,
            knowledge.version,
            told,
        )

    def conclude(self, weighed: Weighed, charged: Sequence[Charged]) -> Decision:
        """Decide.

        Args:
            weighed: what :meth:`weigh` returned.
            charged: outcome of each of its charges, in order; empty where the buckets could not
                be asked, which counts as allowed.
        """
        request, terms = weighed.request, weighed.terms
        grounds = list(weighed.grounds)
        denied = not all(one.allowed for one in charged)
        if denied and weighed.told[told_at.OWED]:
            account = self._keys.of(b"account", request.account)
            owed = weighed.told[told_at.OWED]
            owe(self.state.tables, np.uint64(Keys.number(account)), owed)
        if weighed.unread or denied:
            grounds += usage_grounds(
                weighed.kinds, charged, weighed.tier, unread=bool(weighed.unread)
            )
        measure = self.measures.on(request.account, weighed.campaign, request.time)
        settled = settle(grounds, measure, member=bool(weighed.campaign))
        return Decision(
            request=request,
            asked=weighed.asked,
            rung=Rung.OBSERVE if terms.mode is Mode.SHADOW else settled.rung,
            would=settled.rung,
            mode=terms.mode,
            reasons=settled.reasons,
            measure_id=settled.measure_id,
            campaign=weighed.campaign,
            expires=settled.expires,
            lifted_by=settled.lifted_by,
            cost=weighed.cost,
            limiting=tuple(zip(weighed.kinds, weighed.charges, charged, strict=False)),
            tier=weighed.tier.name,
            policy=terms.digest,
            knowledge=weighed.knowledge,
            prompt_tokens=weighed.told[told_at.PROMPT],
            expected_output=weighed.told[told_at.EXPECTED],
            owed=weighed.told[told_at.OWED],
        )

    def answered(self, decision: Decision, answer: Answer) -> None:
        """Learn how long an account's answers are; what one was longer than priced is owed.

        Args:
            decision: the request's.
            answer: what came back; one that says no tokens teaches nothing.
        """
        if answer.output_tokens < 0:
            return
        account = self._keys.of(b"account", decision.request.account)
        learn(
            self.state.tables,
            np.uint64(Keys.number(account)),
            answer.time // _SECOND,
            min(answer.output_tokens, 2**31),
            decision.prompt_tokens,
            decision.expected_output,
            decision.cost - decision.owed,
            self._of_terms.weights,
        )

    def _compile(self) -> None:
        """Compile the kernels, or load them, so that no request waits for it."""
        state, account = State(16, 8), np.uint64(1)
        weights, known = self._of_terms.weights, self.knowledge.addresses
        weigh_one(
            *(_NO_TEXT, account, 0, -1, 1, 0, 0, weights),
            *(*known, state.addresses, self._scratch_lies),
        )
        learn(state.tables, account, 0, 0, 0, 0, 0, weights)
        owe(state.tables, account, 0)

    def _price(
        self,
        request: Request,
        asked: Asked,
        account: bytes,
        weights: np.ndarray,
        knowledge: Knowledge,
    ) -> tuple[int, ...]:
        text = asked.prompt.encode("utf-8", "surrogatepass")
        weigh_one(
            np.frombuffer(text, np.uint8) if text else _NO_TEXT,
            np.uint64(Keys.number(account)),
            request.time // _SECOND,
            asked.max_tokens,
            asked.choices,
            int(asked.reasoning),
            int(asked.structured),
            weights,
            *knowledge.addresses,
            self.state.addresses,
            self._scratch_lies,
        )
        return tuple(self._scratch.told.tolist())

    def _made_of(self, terms: Terms) -> _OfTerms:
        """Return what is made of a policy once."""
        w = terms.weights
        values = (
            *(w.usual_output, w.history, w.echo, w.length, w.reasoning, w.structured),
            *(w.known, w.shared, w.doublings, w.popular, w.least, w.cleared * 10),
        )
        weights = np.concatenate([np.array(values, np.int64), self._sketch.view(np.int64)])
        return _OfTerms(terms, weights, {})

    def _heard(
        self, request: Request, told: tuple[int, ...], block: str, knowledge: Knowledge
    ) -> list[Heard]:
        """Return what indicators say of a request."""
        indicators = knowledge.indicators
        heard: list[Heard] = []
        if told[told_at.HITS] > 1:
            heard += indicators.of_text(self._scratch.found[: told[told_at.HITS]].tolist())
        if indicators.placed:
            client = self._client(request) if indicators.clients else ""
            hidden = self._hidden(_hashed(block, self._key)) if indicators.blocks else ""
            heard += indicators.of_place(
                request.asn, block, client, request.tls_fingerprint, hidden
            )
        return heard

    def _client(self, request: Request) -> str:
        """Return the veiled hash of user agent and JA4, as observations hold it."""
        agent, tls = (
            _hashed(value, self._key) for value in (request.user_agent, request.tls_fingerprint)
        )
        return self._hidden((agent * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) ^ tls)

    def _hidden(self, value: int) -> str:
        return f"{self._veil.one(value):016x}" if value else ""


_NO_TEXT = np.zeros(0, np.uint8)
_NO_TEXT.flags.writeable = False  # as views of bytes are, so that kernels compile once


def _charge(bucket: bytes, cost: int, allowance: Allowance) -> Charge:
    return Charge(bucket, cost, allowance.rate, allowance.burst)


def _hashed(value: str, key: int) -> int:
    """Return the hash that observations hold of a value; 0 of none."""
    data = value.encode("utf-8", "surrogatepass")
    if not data:
        return 0
    ends = np.array([0, len(data)], np.int64)
    return int(hash_strings(np.frombuffer(data, np.uint8), ends, None, key)[0])
