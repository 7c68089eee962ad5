"""What of a campaign may leave for a peer or an authority: objects of the closed schema alone.

The schema of ``share.objects`` has no field for anything else; what is withheld is named beside it.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.share.exchange.store import slot_of
from stillwatch.share.objects import Identity, campaign_ref, new_indicator, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.share.exchange.publishing import Draft
    from stillwatch.share.objects import Indicator, Object, Tlp

__all__ = ["WITHHELD", "Speaker", "peer_objects"]

WITHHELD = (
    "account ids, membership probabilities and what members share",
    "the campaign's own id: a keyed hash stands in its place",
    "prompts, answers and exchange ids",
    "numbers of accounts, exchanges and tokens; shares stand in their place",
    "money, prices and models",
    "findings and explanations",
    "all times but the declaration's and that of the scan's last look",
)
"""What no object has a field for."""
_NAMESPACE = uuid.UUID("9d0c5c5e-5d7f-4f0e-8a53-0f2f5b7a6a11")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says it."""

    secret: bytes
    """Under which campaigns and objects get their names; known to the speaker alone."""
    member: str = ""
    """Identity id in an exchange; empty for a speaker that is in none."""
    name: str = ""
    """Display name of a speaker that is in no exchange; not empty where there is no member."""

    def identity(self, now: float) -> Identity | None:
        """Return who speaks, where the exchange does not already say it.

        Args:
            now: seconds since 1970.
        """
        if self.member:
            return None
        number = uuid.uuid5(_NAMESPACE, hashlib.sha256(self.secret).hexdigest())
        return Identity(
            spec_version="2.1",
            id=f"identity--{uuid.UUID(bytes=number.bytes, version=4)}",
            created=stamp(now),
            modified=stamp(now),
            name=self.name,
            identity_class="organization",
        )


def peer_objects(
    drafts: Sequence[Draft], speaker: Speaker, *, now: float, tlp: Tlp = "amber"
) -> list[Object]:
    """Return the objects that say of a campaign what may be said.

    Args:
        drafts: what is to be said.
        speaker: who says it.
        now: seconds since 1970; the same arguments give the same objects.
        tlp: word of TLP 2.0.

    Raises:
        RuleError: one would break a rule.
    """
    who = speaker.identity(now)
    author = speaker.member if who is None else who.id
    items: list[Object] = [] if who is None else [who]
    return [*items, *(_indicator(draft, speaker.secret, author, now, tlp) for draft in drafts)]


def _indicator(draft: Draft, secret: bytes, author: str, now: float, tlp: Tlp) -> Indicator:
    name = campaign_ref(secret, draft.campaign)
    label = f"stillwatch report id 1\0{name}\0{slot_of(draft.content)}".encode()
    return new_indicator(
        draft.content,
        author=author,
        campaign=name,
        now=now,
        number=hmac.new(secret, label, hashlib.sha256).digest()[:16],
        first_seen=draft.first,
        last_seen=draft.last,
        tlp=tlp,
    )
