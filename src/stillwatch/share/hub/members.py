"""The endpoints of membership: join, who one is, who the others are, keys, leaving."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.share.hub.calls import Answer, Call, answered, raw64, read_json, text64
from stillwatch.share.hub.membership import (
    LONGEST_OVERLAP,
    add_key,
    invited,
    join,
    proof_text,
    read_key,
    retire_key,
    set_state,
)
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.subjects import names_of
from stillwatch.share.hub.times import SECOND, written

if TYPE_CHECKING:
    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.roster import Member

__all__ = [
    "JoinBody",
    "KeyBody",
    "RetireBody",
    "change_key",
    "directory",
    "join_hub",
    "leave",
    "me",
    "retire",
]


class JoinBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody who was invited sends."""

    invitation: str
    """The token."""
    name: str
    """Must be the name on the invitation: it shows that the two mean each other."""
    verify_key: str
    """C2SP verifier key; its private half signs the request."""
    sealing_key: str
    """X25519 public key, base64."""


class KeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A member's new key."""

    verify_key: str
    """C2SP verifier key."""
    proof: str
    """Signature by the new key, 64 bytes in base64."""
    consent: str
    """Signature of the same by the old key, which the log keeps: members believe no other."""
    sealing_key: str | None = None
    """New X25519 public key, base64; the old one stays where absent."""
    overlap_seconds: int = 3600
    """For how long the old key stays good."""


class RetireBody(msgspec.Struct, forbid_unknown_fields=True):
    """A key that ends now."""

    key_id: str
    """Its id."""


async def join_hub(hub: Hub, call: Call) -> Answer:
    """Make the bearer of an invitation a member; the request is signed by the key that joins."""
    body = read_json(call.body, JoinBody)
    sealing = raw64(body.sealing_key, 32, "sealing_key")
    key = call.candidate
    if key is None or call.key_id != key.key_id:  # H-1
        raise HubError(401, "H-1", "the request is not signed by the key that joins")
    known = await hub.database.read(invited, body.invitation)
    wait = 0.0 if known else hub.tries.wait(call.address, call.now / SECOND)
    if wait > 0:  # H-8
        after = (("Retry-After", str(int(wait) + 1)),)
        raise HubError(429, "H-8", "too many tries to join", headers=after)
    made = f"identity--{uuid.UUID(bytes=hub.chance(16), version=4)}"
    rates = (hub.settings.requests_a_second, hub.settings.objects_a_second)
    try:
        member_id, index = await hub.writer.change(
            lambda journal: join(journal, body.invitation, body.name, key, sealing, made, rates)
        )
    except HubError as error:
        if error.rule == "H-1":  # slows down whoever tries tokens
            await asyncio.sleep(hub.settings.invited_wait)
        raise
    member = hub.roster.by_id[member_id]
    return answered({**_own(hub, member), "index": index}, 201, member=member_id)


async def me(hub: Hub, call: Call) -> Answer:
    """Say who one is here."""
    member = call.asker
    quota = {
        "objects_a_second": member.objects_a_second * (0.1 if member.limited else 1.0),
        "requests_a_second": member.requests_a_second,
    }
    shown = [
        {
            "id": name,
            "kind": held.kind,
            "until": None if held.until is None else written(held.until),
        }
        for name, held in hub.roster.credentials.items()
        if held.member == member.number and held.good(call.now)
    ]
    told = {"state": member.state, "quota": quota, "credentials": shown}
    if hub.settings.nats_records:
        told["nats"] = msgspec.to_builtins(names_of(hub.verify_key.key_id, member.number))
    return answered({**_own(hub, member), **told})


async def directory(hub: Hub, _call: Call) -> Answer:
    """List all members, with their keys."""
    shown = [
        {
            "member": member.id,
            "name": member.name,
            "state": member.state,
            "roles": sorted(member.roles),
            "verify_keys": [
                {
                    "key_id": name,
                    "verify_key": key.verify_key.encode(),
                    "since": written(key.since),
                    "until": None if key.until is None else written(key.until),
                }
                for name, key in hub.roster.keys.items()
                if key.member == member.number
            ],
            "sealing_key": text64(member.sealing_key),
        }
        for member in hub.roster.members.values()
    ]
    return answered({"members": shown}, given=len(shown))


async def change_key(hub: Hub, call: Call) -> Answer:
    """Take a member's new key; the request is signed by the old one."""
    body = read_json(call.body, KeyBody)
    key = read_key(body.verify_key)
    proof = raw64(body.proof, 64, "proof")
    member = call.asker
    if not key.verify(proof, proof_text(member.id, key.encode(), call.key_id)):  # H-1
        raise HubError(403, "H-1", "the proof is not the new key's")
    consent = raw64(body.consent, 64, "consent")
    old = hub.roster.keys.get(call.key_id)
    if old is None or not old.verify_key.verify(
        consent, proof_text(member.id, key.encode(), call.key_id)
    ):  # H-1
        raise HubError(403, "H-1", "the consent is not the old key's")
    if not 0 <= body.overlap_seconds <= LONGEST_OVERLAP:  # H-0
        raise HubError(400, "H-0", f"overlap_seconds is 0 to {LONGEST_OVERLAP}")
    sealing = None
    if body.sealing_key is not None:
        sealing = raw64(body.sealing_key, 32, "sealing_key")
    index = await hub.writer.change(
        lambda journal: add_key(
            journal, member, call.key_id, key, sealing, body.overlap_seconds * SECOND, body.consent
        )
    )
    return answered({"key_id": key.key_id, "index": index}, 201, key=key.key_id)


async def retire(hub: Hub, call: Call) -> Answer:
    """End one of a member's keys now."""
    body = read_json(call.body, RetireBody)
    member = call.asker
    index = await hub.writer.change(lambda journal: retire_key(journal, member, body.key_id))
    return answered({"key_id": body.key_id, "index": index}, key=body.key_id)


async def leave(hub: Hub, call: Call) -> Answer:
    """Leave for good."""
    member = call.asker
    index = await hub.writer.change(lambda journal: set_state(journal, member, "left"))
    return answered({"member": member.id, "state": "left", "index": index})


def _own(hub: Hub, member: Member) -> dict[str, Any]:
    return {
        "member": member.id,
        "name": member.name,
        "roles": sorted(member.roles),
        "collections": [
            {"id": place.id, "alias": place.alias} for place in hub.roster.collections_of(member)
        ],
        "log": {
            "origin": hub.origin,
            "verify_key": hub.verify_key.encode(),
            "witnesses": [witness.verify_key for witness in hub.settings.witnesses],
        },
    }
