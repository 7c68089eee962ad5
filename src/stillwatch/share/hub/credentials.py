"""What members show on a connection: certificates for TLS, keys for NATS. Enrolled, and ended.

Each names its member and is signed by its own private half: nobody enrols what is another's.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from stillwatch.share.hub.calls import Answer, Call, answered, raw64, read_json
from stillwatch.share.hub.membership import LONGEST_OVERLAP, log_change
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.times import SECOND
from stillwatch.share.nkeys import raw_key
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.journal import Journal
    from stillwatch.share.hub.roster import Credential, Member, Roster

__all__ = [
    "CredentialBody",
    "EndBody",
    "by_certificate",
    "certificates",
    "enrol",
    "enrol_credential",
    "nats_proof",
    "retire_credential",
]

_MOST = 4
_UNREADABLE = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a certificate that was made to hurt can raise."""
_LONGEST_LIFE = 398 * 86_400
"""Seconds that a certificate may be good, as long as those of browsers."""


class CredentialBody(msgspec.Struct, forbid_unknown_fields=True):
    """A credential that a member adds."""

    kind: str
    """tls or nats."""
    value: str
    """A certificate in PEM, signed by its own key; or a NATS user's key."""
    proof: str = ""
    """For nats: signature by the key, 64 bytes in base64."""
    overlap_seconds: int = 3600
    """For how long those before it stay good."""


class EndBody(msgspec.Struct, forbid_unknown_fields=True):
    """A credential that ends now."""

    id: str
    """Its id."""


def nats_proof(member: str, key: str) -> bytes:
    """Return what a NATS key signs when it is enrolled."""
    return f"stillwatch-exchange/v1 nats\n{member}\n{key}\n".encode()


async def enrol_credential(hub: Hub, call: Call) -> Answer:
    """Take a member's certificate or NATS key; the request is signed."""
    body = read_json(call.body, CredentialBody)
    member = call.asker
    if body.kind == "tls":
        name, content = _certificate(body.value, member, call.now)
    elif body.kind == "nats":
        name, content = _nats_key(body, member)
    else:
        raise HubError(400, "H-0", "kind is tls or nats")
    if not 0 <= body.overlap_seconds <= LONGEST_OVERLAP:  # H-0
        raise HubError(400, "H-0", f"overlap_seconds is 0 to {LONGEST_OVERLAP}")
    overlap = body.overlap_seconds * SECOND
    index = await hub.writer.change(
        lambda journal: enrol(journal, member, body.kind, name, content, overlap)
    )
    return answered({"id": name, "index": index}, 201, credential=name)


async def retire_credential(hub: Hub, call: Call) -> Answer:
    """End one of a member's certificates or NATS keys now."""
    body = read_json(call.body, EndBody)
    member = call.asker

    def work(journal: Journal) -> int:
        held = journal.roster.credentials.get(body.id)
        if held is None or held.member != member.number or not held.good(journal.now):
            raise HubError(404, "H-0", "the member has no such credential")
        c = tables.credentials.c
        journal.connection.execute(
            sa.update(tables.credentials).where(c.id == body.id).values(until=journal.now)
        )
        return _logged(journal, member, "credential-retired", held.kind, body.id)

    index = await hub.writer.change(work)
    return answered({"id": body.id, "index": index}, credential=body.id)


def enrol(
    journal: Journal, member: Member, kind: str, name: str, content: bytes, overlap: int
) -> int:
    """Keep a credential; those of its kind before it end after the overlap.

    Args:
        journal: the transaction.
        member: whose.
        kind: tls or nats.
        name: its id.
        content: what the tables keep of it.
        overlap: microseconds.

    Returns:
        the entry's index.

    Raises:
        HubError: H-6 it is known; H-8 the member has too many.
    """
    if name in journal.roster.credentials:  # H-6
        raise HubError(409, "H-6", "the credential is known", todo="make a new one")
    now = journal.now
    held = [(n, c) for n, c in _of(journal.roster, member, kind) if c.good(now)]
    if len(held) >= _MOST:  # H-8
        raise HubError(429, "H-8", f"a member has at most {_MOST} of a kind", todo="retire one")
    c = tables.credentials.c
    for before, _ in held:
        until = sa.func.coalesce(c.until, now + overlap)
        journal.connection.execute(
            sa.update(tables.credentials).where(c.id == before).values(until=until)
        )
    row = {
        "id": name,
        "member": member.number,
        "kind": kind,
        "content": content,
        "since": now,
        "until": None,
    }
    journal.connection.execute(sa.insert(tables.credentials).values(**row))
    return _logged(journal, member, "credential", kind, name)


def by_certificate(roster: Roster, der: bytes, now: int) -> Member | None:
    """Return whose a certificate is that the other side of a connection has shown."""
    held = roster.credentials.get(hashlib.sha256(der).hexdigest())
    if held is None or held.kind != "tls" or not held.good(now):
        return None
    return roster.members[held.member]


def certificates(roster: Roster) -> Iterator[bytes]:
    """Yield the certificates that were enrolled, in DER."""
    for held in roster.credentials.values():
        if held.kind == "tls":
            yield held.content


def _of(roster: Roster, member: Member, kind: str) -> Iterator[tuple[str, Credential]]:
    for name, held in roster.credentials.items():
        if held.member == member.number and held.kind == kind:
            yield name, held


def _certificate(text: str, member: Member, now: int) -> tuple[str, bytes]:
    """Return id and DER of a certificate that its own key signed for this member.

    Raises:
        HubError: H-15 it is none.
    """
    try:
        found = x509.load_pem_x509_certificate(text.encode("ascii"))
        found.verify_directly_issued_by(found)
        names = [one.value for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        extensions = {one.oid: one.value for one in found.extensions}
    except _UNREADABLE as error:
        raise _bad("the certificate is none that its own key signed") from error  # H-15
    if names != [member.id]:  # H-15
        raise _bad("the certificate's common name is not the member's id")
    ends = found.not_valid_after_utc.timestamp()
    if not now // SECOND < ends <= now // SECOND + _LONGEST_LIFE:  # H-15
        raise _bad(f"the certificate is over, or good for more than {_LONGEST_LIFE // 86_400} days")
    _check_extensions(extensions)
    der = found.public_bytes(Encoding.DER)
    return hashlib.sha256(der).hexdigest(), der


def _check_extensions(held: Mapping[x509.ObjectIdentifier, x509.ExtensionType]) -> None:
    """Refuse a certificate that may issue others, or that is not told from the next of its name.

    Raises:
        HubError: H-15.
    """
    basic = held.get(x509.BasicConstraints.oid)
    if isinstance(basic, x509.BasicConstraints) and basic.ca:  # H-15
        raise _bad("the certificate may issue others")
    if not {x509.SubjectKeyIdentifier.oid, x509.AuthorityKeyIdentifier.oid} <= held.keys():  # H-15
        raise _bad(
            "the certificate has no key identifiers, by which two of one name are told apart"
        )


def _nats_key(body: CredentialBody, member: Member) -> tuple[str, bytes]:
    """Return id and bytes of a NATS key that shows that its holder means this member.

    Raises:
        HubError: H-15 it is none, or does not.
    """
    try:
        raw = raw_key(body.value)
        proof = raw64(body.proof, 64, "proof")
        Ed25519PublicKey.from_public_bytes(raw).verify(proof, nats_proof(member.id, body.value))
    except (ValueError, InvalidSignature) as error:
        raise _bad("the NATS key is none, or the proof is not its own") from error  # H-15
    return body.value, raw


def _bad(what: str) -> HubError:
    return HubError(422, "H-15", what, todo="make it with `stillwatch exchange`")


def _logged(journal: Journal, member: Member, change: str, kind: str, name: str) -> int:
    index = log_change(journal, member, change, credential=f"{kind} {name}")
    journal.refresh()
    return index
