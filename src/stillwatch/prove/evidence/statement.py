"""What is signed: an in-toto Statement v1 whose subjects are the digests of all parts."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical, dsse
from stillwatch.ledger.notes import decode64
from stillwatch.prove.evidence.keys import PublicKey

if TYPE_CHECKING:
    from stillwatch.prove.evidence.keys import Signer

__all__ = [
    "PAYLOAD_TYPE",
    "PREDICATE_TYPE",
    "Envelope",
    "Predicate",
    "Signature",
    "SignerName",
    "Statement",
    "Subject",
]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""Type of the envelope's payload (in-toto attestation framework v1)."""
PREDICATE_TYPE = "urn:stillwatch:evidence:1"
"""What the predicate is."""

_STATEMENT = "https://in-toto.io/Statement/v1"
_PART = re.compile(r"parts(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,120}){1,5}")
Hex = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class DigestSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A part's digests."""

    sha256: Hex
    """Of the whole part."""
    merkle_1mib: Hex
    """RFC 6962 root over its chunks of 1 MiB."""


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the bundle."""

    name: str
    """Its path in the bundle."""
    digest: DigestSet
    """What it is."""


class SignerName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who has to sign."""

    name: str
    """Who it is, for people."""
    key: str
    """Base64 of the SubjectPublicKeyInfo."""

    def public(self) -> PublicKey:
        """Return the key.

        Raises:
            RefusedError: E-4 it is none.
        """
        return PublicKey(decode64(self.key) or b"")

    @classmethod
    def of(cls, name: str, key: PublicKey) -> SignerName:
        """Return the signer of a name and a key."""
        return cls(name, base64.b64encode(key.spki).decode())


class Predicate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of the parts."""

    title: str
    """What the bundle is about, one line."""
    made: str
    """When it was collected by its maker's clock, RFC 3339 UTC."""
    stillwatch: str
    """Version that collected it."""
    signers: tuple[SignerName, ...]
    """All who have to sign; every key once."""
    log_keys: tuple[str, ...] = ()
    """Verifier keys of the logs of daily digests."""
    marks_keys: tuple[str, ...] = ()
    """Verifier keys that sign commitments to watermark keys."""
    members: tuple[str, ...] = ()
    """Folders under ``parts/members`` of a joint bundle."""


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The signed statement."""

    subject: tuple[Subject, ...]
    """Parts in order of their names."""
    predicate: Predicate
    """What is said of them."""
    predicate_type: str = PREDICATE_TYPE
    """`PREDICATE_TYPE`."""
    type_: str = msgspec.field(default=_STATEMENT, name="_type")
    """in-toto's type of the statement."""

    def encode(self) -> bytes:
        """Return the statement as canonical JSON: the payload that is signed."""
        return canonical(msgspec.to_builtins(self))

    @classmethod
    def decode(cls, raw: bytes) -> Statement:
        """Return the statement of a payload.

        Raises:
            RefusedError: E-3 it is not in its one form.
        """
        try:
            made = msgspec.json.decode(raw, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # E-3
            raise RefusedError("E-3", f"the statement is not in its form: {error}") from error
        names = [subject.name for subject in made.subject]
        if (made.type_, made.predicate_type) != (_STATEMENT, PREDICATE_TYPE):  # E-3
            raise RefusedError("E-3", "the statement is of another type")
        if names != sorted(set(names)) or not all(_PART.fullmatch(name) for name in names):  # E-3
            raise RefusedError("E-3", "the statement's parts are out of order, twice or misnamed")
        if made.encode() != raw:  # E-3
            raise RefusedError("E-3", "the statement is not canonical JSON")
        keys = [signer.key for signer in made.predicate.signers]
        if not keys or len(set(keys)) != len(keys):  # E-3
            raise RefusedError("E-3", "the statement names no signer, or one twice")
        return made


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature in the envelope."""

    keyid: Hex
    """`PublicKey.key_id`."""
    sig: str
    """Base64 of the signature."""

    @property
    def raw(self) -> bytes:
        """The signature's bytes; empty where it is no base64."""
        return decode64(self.sig) or b""


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A DSSE envelope that gains signatures one by one; `ledger.dsse` opens it too."""

    payload: str
    """Base64 of the statement."""
    payload_type: str
    """`PAYLOAD_TYPE`."""
    signatures: tuple[Signature, ...] = ()
    """In order of signing."""

    @classmethod
    def of(cls, statement: Statement) -> Envelope:
        """Return an envelope that nobody signed yet."""
        return cls(base64.b64encode(statement.encode()).decode(), PAYLOAD_TYPE)

    @property
    def content(self) -> bytes:
        """The statement's bytes; empty where the payload is no base64."""
        return decode64(self.payload) or b""

    @property
    def signed(self) -> bytes:
        """What signers sign (DSSE's pre-authentication encoding)."""
        return dsse.pae(self.payload_type, self.content)

    def encode(self) -> bytes:
        """Return the envelope as canonical JSON, one line."""
        return canonical(msgspec.to_builtins(self)) + b"\n"

    @classmethod
    def decode(cls, raw: bytes) -> Envelope:
        """Return an envelope, nothing verified.

        Raises:
            RefusedError: E-2 it is not in its one form.
        """
        try:
            made = msgspec.json.decode(raw, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # E-2
            raise RefusedError("E-2", f"the envelope is not in its form: {error}") from error
        if made.payload_type != PAYLOAD_TYPE or made.encode() != raw:  # E-2
            raise RefusedError("E-2", "the envelope is of another type or spelling")
        return made

    def signed_by(self, signer: Signer) -> Envelope:
        """Return the envelope with one more signature.

        Raises:
            RefusedError: E-4 the statement does not name the signer, or it has signed already.
        """
        named = {one.public().key_id for one in Statement.decode(self.content).predicate.signers}
        key_id = signer.public.key_id
        if key_id not in named or any(one.keyid == key_id for one in self.signatures):  # E-4
            raise RefusedError(
                "E-4",
                "the key is not one that the statement waits for",
                where=key_id,
                todo="name it with --signer when the bundle is collected",
            )
        added = Signature(key_id, base64.b64encode(signer.sign(self.signed)).decode())
        return msgspec.structs.replace(self, signatures=(*self.signatures, added))
