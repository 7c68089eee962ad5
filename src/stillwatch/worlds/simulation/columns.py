"""What flows inside a simulated world: constants and columnar blocks."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DAY",
    "ELICITATIONS",
    "HOUR",
    "KINDS",
    "LANGUAGES",
    "MINUTE",
    "RHYTHMS",
    "ROLES",
    "SECOND",
    "Accounts",
    "Address",
    "Bools",
    "Floats",
    "Ints",
    "Objects",
    "Schedule",
    "Traffic",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

SECOND = 1_000_000
"""Microseconds in a second; every time is an int64 of microseconds since 1970, UTC."""
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

KINDS = (
    "chat",  # people's questions of daily life
    "code",  # developers' questions and tasks
    "support",  # what customers write to a product
    "translation",  # a segment to be translated
    "eval",  # items of public benchmarks: the seed is the item's number
    "tools",  # requests that offer functions
    "creative",  # stories, roles, marketing
    "reasoning",  # problems that need steps
    "assignment",  # a pupil's own attempt at one assignment: the subject is the assignment
    "instruct",  # instructions as in published fine-tuning sets
    "review",  # a change of a repository to be reviewed: the subject is the repository
    "testdata",  # requests for synthetic records
    "redteam",  # safety probing
    "document",  # long texts to summarise, extract or rewrite
    "topic",  # requests to write training items on a topic
)
"""Kinds of body."""

LANGUAGES = (
    "en", "zh", "es", "fr", "de", "pt", "ru", "ja", "ko", "ar", "hi", "tr", "id", "vi",
    "it", "nl", "pl", "uk", "fa", "th",
)  # fmt: skip
"""Languages, ISO 639-1."""

ROLES = (
    "product",  # system prompt of one application
    "agent",  # public system prompt of an open-source agent
    "review",  # public template of a pull-request review bot
    "harness",  # few-shot preamble of a public evaluation harness
    "translation",  # house rules of a localisation shop
    "assistant",  # system prompt somebody wrote for themselves
    "assignment",  # an assignment as the teacher worded it
    "launch",  # first-steps example of a quick-start guide
    "newsletter",  # prompt printed in a newsletter
    "audit",  # template of a multi-agent code audit
    "testdata",  # template of a test-data maker
    "gateway",  # preamble a gateway adds
)
"""Benign framings, for :meth:`TextSource.frame`."""

ELICITATIONS = (
    "trace",  # full reasoning traces
    "rubric",  # grading by a rubric, preference pairs
    "rewrite",  # rewriting answers to a policy
    "tools",  # tool-use trajectories
    "code",  # long programs with reasons
    "instruct",  # instruction and answer in data-set form
    "persona",  # harvest in the guise of a person's chat
    "probe",  # wordings that test what gets through
)
"""Families of elicitation, for :meth:`TextSource.elicitation`."""

RHYTHMS = ("person", "office", "machine", "nightly", "burst")
"""Clocks that :meth:`World.sessions` knows: people with sessions by their own local habits;
office hours on weekdays; flat machine traffic; batch windows at night; one short event."""


@dataclass(frozen=True, slots=True)
class Address:
    """Network addresses of some accounts or exchanges."""

    ip: NDArray[np.uint64]
    """IPv4 as its number below 2**32; above that the upper half of an IPv6 address."""
    asn: Ints
    """Autonomous system number."""


@dataclass(slots=True)
class Accounts:
    """A block of accounts, one entry each; edit before :meth:`World.enrol`."""

    index: Ints
    """Number in the world; never written out."""
    created: Ints
    """Time of opening."""
    language: Objects
    """Language the holder writes in."""
    offset: Floats
    """Holder's clock, hours ahead of UTC."""
    organization: Objects
    """Organisation id or None."""
    mail_local: Objects
    """Local part of the mail address."""
    mail_domain: Objects
    """Domain of the mail address or None."""
    payment: Objects
    """Payment fingerprint or None."""
    phone: Objects
    """Clear phone number or None; written hashed, and clear to ``identifiers`` alone."""
    device: Objects
    """Device fingerprint or None."""
    plan: Objects
    """free, plus, pay_as_you_go, team or enterprise."""
    purpose: Objects
    """Registered purpose or None."""
    verification: Objects
    """none, email, phone, id or business; or None."""
    licensed: Objects
    """True, False or None."""
    home: Address
    """Main address."""
    mobile: Address
    """Second address, used now and then."""
    client: NDArray[np.int16]
    """Main client."""
    model: NDArray[np.int8]
    """Main model before any move: index in World.models."""
    volume: Ints
    """Exchanges that the account sends in the world's whole time."""
    subjects: Ints
    """Own subjects, shape (n, 4): a person's interests, a team's code, a product."""
    lag: Floats
    """Days from a model release to moving there; inf never moves."""

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.index)


@dataclass(slots=True)
class Schedule:
    """When accounts speak; rows in any order, usually by account and time."""

    row: Ints
    """Position of the account in its block."""
    time: Ints
    """Time of the exchange."""
    conversation: Ints
    """Number of the conversation within the account."""
    turn: Ints
    """0 opens the conversation."""

    def __len__(self) -> int:
        """Return the number of exchanges."""
        return len(self.time)

    def take(self, keep: Bools | Ints) -> Schedule:
        """Return some of the rows."""
        return Schedule(self.row[keep], self.time[keep], self.conversation[keep], self.turn[keep])


@dataclass(slots=True)
class Traffic:
    """Exchanges of one block, one entry each; edit before :meth:`World.send`."""

    row: Ints
    """Position of the account in its block."""
    time: Ints
    """Time of the exchange."""
    conversation: Ints
    """Number of the conversation within the account, -1 for none."""
    turn: Ints
    """Turn within the conversation."""
    kind: NDArray[np.int8]
    """Index in KINDS."""
    lang: NDArray[np.int8]
    """Index in LANGUAGES."""
    subject: Ints
    """Subject of the body."""
    seed: Ints
    """Seed of the body; shared by the turns of a conversation."""
    pool: NDArray[np.int8]
    """0: the body comes from TextSource.bodies; 1: from TextSource.harvest, what adversaries
    draw on (turn 0 only; later turns are follow-ups from bodies).  In worlds where campaigns
    send people's prompts the world ignores it."""
    wrapper: NDArray[np.int16]
    """Number from :meth:`World.wrapper`, -1 for the bare body."""
    wrap_seed: Ints
    """Seed handed to the wrapper: which rewording."""
    system: NDArray[np.int32]
    """Number from :meth:`World.system`, -1 for none."""
    model: NDArray[np.int8]
    """Index in World.models."""
    answer: Floats
    """Length of the answer relative to what such a prompt usually gets; 1 is usual."""
    max_tokens: NDArray[np.int32]
    """Cap asked for, -1 for none."""
    temperature: Floats
    """Temperature asked for, NaN for none."""
    ip: NDArray[np.uint64]
    """Address as in Address."""
    asn: Ints
    """Autonomous system number."""
    client: NDArray[np.int16]
    """Client number."""
    end_user: Ints
    """Number of the account's own end user, -1 for none."""
    key: NDArray[np.int8]
    """Number of the API key within the account."""
    harvest: Bools
    """True where the exchange is harvested for a campaign (truth)."""

    def __len__(self) -> int:
        """Return the number of exchanges."""
        return len(self.time)

    def take(self, keep: Bools | Ints) -> Traffic:
        """Return some of the rows."""
        return Traffic(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})
