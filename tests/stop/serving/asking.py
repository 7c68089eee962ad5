"""Requests and small cores for the tests of the decision core."""

import json
from dataclasses import dataclass, field

from stillwatch.stop.interface import Answer, Request, Shape
from stillwatch.stop.serving import Core, Knowledge, LocalBuckets, Terms

DAY = 86_400 * 1_000_000
NOW = 20_000 * DAY


def request(prompt, account="a", time=NOW, number=0, *, body=None, **more):
    asked = {"messages": [{"role": "user", "content": prompt}]} | (body or {})
    fields = {"shape": Shape.OPENAI_CHAT, "model": "m"} | more
    return Request(time, f"r{number}", account, body=json.dumps(asked).encode(), **fields)


def answer(output_tokens, time=NOW):
    return Answer(time, 200, -1, output_tokens, 0, "stop", "")


@dataclass
class Gate:
    """A core with its buckets, and how many requests they let through."""

    terms: Terms = field(default_factory=Terms)
    knowledge: Knowledge = field(default_factory=Knowledge.of)
    accounts: int = 4096
    segments: int = 1 << 15
    secret: bytes = b""

    def __post_init__(self):
        self.core = Core(
            self.terms,
            self.knowledge,
            secret=self.secret,
            accounts=self.accounts,
            segments=self.segments,
        )
        self.buckets = LocalBuckets(1 << 14)

    def decide(self, asked, output=None):
        weighed = self.core.weigh(asked)
        decision = self.core.conclude(weighed, self.buckets.charge(weighed.charges, asked.time))
        if output is not None:
            self.core.answered(decision, answer(output, asked.time + 1_000_000))
        return decision


def passed(decision):
    return all(charged.allowed for _, _, charged in decision.limiting)


def words(rng, count, pool=4000):
    """Return so many words that no other text is likely to hold in this order."""
    return " ".join(
        f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}x"
        for n in rng.integers(0, pool, count).tolist()
    )
