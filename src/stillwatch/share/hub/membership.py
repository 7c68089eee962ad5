"""Changes of membership inside a transaction: join, keys, suspension, leaving, invitations."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.ledger import NOTE, VerifyKey
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.roster import ROLES
from stillwatch.share.hub.times import written
from stillwatch.share.objects import proof_text
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from stillwatch.share.hub.journal import Journal
    from stillwatch.share.hub.roster import Member

__all__ = [
    "LONGEST_OVERLAP",
    "add_key",
    "invite",
    "invited",
    "join",
    "log_change",
    "proof_text",
    "read_key",
    "retire_key",
    "set_quota",
    "set_reading_token",
    "set_state",
]

LONGEST_OVERLAP = 86_400
"""Seconds that what a member replaces stays good at most."""

_MOST_KEYS = 8


def read_key(text: str) -> VerifyKey:
    """Return the key of a request.

    Raises:
        HubError: H-0 it is none, or one of a witness.
    """
    try:
        key = VerifyKey.decode(text)
    except RefusedError as error:
        raise HubError(400, "H-0", f"the verify_key is none: {error.what}") from error
    if key.kind != NOTE:  # H-0
        raise HubError(400, "H-0", "the verify_key is of another kind")
    return key


def invite(journal: Journal, token: str, name: str, roles: Sequence[str], expires: int) -> None:
    """Keep an invitation; of the token only the hash.

    Raises:
        HubError: H-0 a role is unknown, or the name is taken.
    """
    if not roles or not set(roles) <= set(ROLES):  # H-0
        raise HubError(400, "H-0", f"roles are of {', '.join(ROLES)}")
    if any(m.name == name and m.state != "left" for m in journal.roster.members.values()):  # H-0
        raise HubError(409, "H-0", f"{name} is a member already")
    row = {
        "token_hash": _hashed(token),
        "name": name,
        "roles": " ".join(sorted(set(roles))),
        "expires": expires,
    }
    journal.connection.execute(sa.insert(tables.invitations).values(**row))


def invited(connection: Connection, token: str) -> bool:
    """Say whether there is such an invitation, used or not."""
    c = tables.invitations.c
    found = connection.execute(sa.select(c.name).where(c.token_hash == _hashed(token)))
    return found.first() is not None


def join(
    journal: Journal,
    token: str,
    name: str,
    key: VerifyKey,
    sealing_key: bytes,
    member_id: str,
    rates: tuple[float, float],
) -> tuple[str, int]:
    """Make the bearer of an invitation a member; return its id and the entry's index.

    The same key may ask again and gets the same answer.

    Raises:
        HubError: H-1 the invitation is not good; H-6 the key is somebody's.
    """
    query = sa.select(tables.invitations).where(tables.invitations.c.token_hash == _hashed(token))
    found = journal.connection.execute(query).mappings().first()
    if found is not None and found["key_id"] == key.key_id:
        number = int(found["member"])
        return journal.roster.members[number].id, joined_leaf(journal, number)
    good = found is not None and found["member"] is None and found["expires"] > journal.now
    if found is None or not good or found["name"] != name:  # H-1
        raise HubError(403, "H-1", "the invitation is not good", todo="ask the operator for one")
    _refuse_known(journal, key)
    number = max(journal.roster.members, default=0) + 1
    row = {
        "number": number,
        "id": member_id,
        "name": found["name"],
        "state": "active",
        "roles": found["roles"],
        "sealing_key": sealing_key,
        "joined": journal.now,
        "requests_a_second": rates[0],
        "objects_a_second": rates[1],
        "reading_token": None,
        "limited": False,
    }
    journal.connection.execute(sa.insert(tables.members).values(**row))
    journal.connection.execute(
        sa.update(tables.invitations)
        .where(tables.invitations.c.token_hash == found["token_hash"])
        .values(member=number, key_id=key.key_id)
    )
    _insert_key(journal, number, key)
    record = _log(journal, number, "joined", member_id, found["name"], found["roles"].split(), key)
    journal.refresh()
    return member_id, record


def add_key(
    journal: Journal,
    member: Member,
    old_key_id: str,
    key: VerifyKey,
    sealing_key: bytes | None,
    overlap: int,
    consent: str,
) -> int:
    """Give a member a new key; the one it signed with ends after the overlap.

    Args:
        journal: the transaction.
        member: whose key.
        old_key_id: the key that signed the request.
        key: the new one.
        sealing_key: X25519 public key; None to keep the old one.
        overlap: microseconds that the old key stays good.
        consent: the old key's signature of :func:`proof_text`, base64; verified.

    Raises:
        HubError: H-6 the key is somebody's; H-8 the member has too many.
    """
    _refuse_known(journal, key)
    now = journal.now
    held = [
        k for k in journal.roster.keys.values()
        if k.member == member.number and (k.until is None or k.until > now)
    ]  # fmt: skip
    if len(held) >= _MOST_KEYS:  # H-8
        raise HubError(429, "H-8", f"a member has at most {_MOST_KEYS} keys", todo="retire one")
    journal.connection.execute(
        sa.update(tables.keys).where(tables.keys.c.key_id == old_key_id).values(until=now + overlap)
    )
    _insert_key(journal, member.number, key)
    if sealing_key is not None:
        journal.connection.execute(
            sa.update(tables.members)
            .where(tables.members.c.number == member.number)
            .values(sealing_key=sealing_key)
        )
    said = {"replaces": old_key_id, "until": written(now + overlap), "consent": consent}
    index = log_change(journal, member, "key", key, **said)
    journal.refresh()
    return index


def retire_key(journal: Journal, member: Member, key_id: str) -> int:
    """End a key of a member now; return the entry's index.

    Raises:
        HubError: H-0 it is none of its keys; H-6 it is the last.
    """
    now = journal.now
    good = {
        name
        for name, key in journal.roster.keys.items()
        if key.member == member.number and (key.until is None or key.until > now)
    }
    if key_id not in good:
        raise HubError(404, "H-0", "the member has no such key")
    lasting = {name for name in good if journal.roster.keys[name].until is None}
    if not lasting - {key_id}:  # H-6
        raise HubError(409, "H-6", "the last key cannot be retired", todo="add another first")
    key = journal.roster.keys[key_id].verify_key
    journal.connection.execute(
        sa.update(tables.keys).where(tables.keys.c.key_id == key_id).values(until=now)
    )
    index = log_change(journal, member, "key-retired", key)
    journal.refresh()
    return index


def set_state(journal: Journal, member: Member, state: str) -> int:
    """Suspend, resume or let go of a member; return the entry's index, -1 where nothing changed.

    Raises:
        HubError: H-6 it has left.
    """
    words = {"active": "resumed", "suspended": "suspended", "left": "left"}
    if member.state == state:
        return -1
    if member.state == "left":  # H-6
        raise HubError(409, "H-6", "the member has left", todo="invite it again")
    values: dict[str, Any] = {"state": state}
    if state == "left":
        values["reading_token"] = None
    journal.connection.execute(
        sa.update(tables.members).where(tables.members.c.number == member.number).values(**values)
    )
    index = log_change(journal, member, words[state])
    journal.refresh()
    return index


def set_reading_token(journal: Journal, member: Member, token: str | None) -> None:
    """Allow HTTP Basic with a token for reading TAXII, or take that back."""
    journal.connection.execute(
        sa.update(tables.members)
        .where(tables.members.c.number == member.number)
        .values(reading_token=None if token is None else _hashed(token))
    )
    journal.refresh()


def set_quota(
    journal: Journal, member: Member, objects: float | None, requests: float | None
) -> None:
    """Set what a member may do in a second; None leaves it as it is."""
    values = {"objects_a_second": objects, "requests_a_second": requests}
    given = {name: value for name, value in values.items() if value is not None}
    if given:
        journal.connection.execute(
            sa.update(tables.members)
            .where(tables.members.c.number == member.number)
            .values(**given)
        )
        journal.refresh()


def joined_leaf(journal: Journal, number: int) -> int:
    """Return the index of the entry with which a member joined; -1 where there is none."""
    query = sa.select(sa.func.min(tables.objects.c.leaf)).where(
        tables.objects.c.collection.is_(None), tables.objects.c.publisher == number
    )
    found = journal.connection.execute(query).scalar()
    return -1 if found is None else int(found)


def log_change(
    journal: Journal, member: Member, change: str, key: VerifyKey | None = None, **more: str
) -> int:
    """Write a change of a member into the log; return the entry's index."""
    roles = sorted(member.roles)
    return _log(journal, member.number, change, member.id, member.name, roles, key, **more)


def _insert_key(journal: Journal, number: int, key: VerifyKey) -> None:
    row = {
        "key_id": key.key_id,
        "member": number,
        "verify_key": key.encode(),
        "since": journal.now,
        "until": None,
    }
    journal.connection.execute(sa.insert(tables.keys).values(**row))


def _refuse_known(journal: Journal, key: VerifyKey) -> None:
    if any(held.verify_key.raw == key.raw for held in journal.roster.keys.values()):  # H-6
        raise HubError(409, "H-6", "the key is known", todo="make a new key")


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _log(
    journal: Journal,
    number: int,
    change: str,
    member_id: str,
    name: str,
    roles: Sequence[str],
    key: VerifyKey | None,
    **more: str,
) -> int:
    content = {
        **more,
        "type": "x-membership",
        "change": change,
        "member": member_id,
        "name": name,
        "roles": sorted(roles),
        "time": written(journal.now),
    }
    if key is not None:
        content["verify_key"] = key.encode()
    return journal.change(number, content).leaf
