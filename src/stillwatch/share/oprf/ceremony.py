"""How two operators make keys, and refresh their shares, without anybody ever having a key (P-1).

Both make the same three messages, signed, each only after the other's of the step before:

1. commit: a hash of the public values that were drawn, under a salt;
2. reveal: those values, the salt, and proofs of knowing what is behind them;
3. confirm: the epoch's record that follows, signed.

For a new epoch the values are the public halves of fresh shares, and the key is their sum. For a
refresh they are halves of a Diffie-Hellman exchange: its hash is a number that both know and nobody
else does, which one adds to its share and the other subtracts. The sum stays what it was, which
anybody can check, and neither learns the other's share. Nothing here does I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical, commit, dsse
from stillwatch.share.oprf import group
from stillwatch.share.oprf.epochs import Closed, Element, EpochRecord, Keys, Terms, packed
from stillwatch.share.oprf.hashing import hash_to_scalar, prefixed
from stillwatch.share.oprf.kinds import KINDS
from stillwatch.share.oprf.proofs import possess, possesses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillwatch.ledger import SigningKey, VerifyKey

__all__ = [
    "MESSAGE_TYPE",
    "Commit",
    "Draft",
    "Reveal",
    "Role",
    "drawn",
    "made",
    "opened_message",
    "other",
    "refreshed",
    "revealed",
    "sealed",
    "verify_reveal",
]

MESSAGE_TYPE = "application/vnd.stillwatch.oprf.ceremony+json"
"""Type of the envelope that commits and reveals are signed in."""

Role = Literal["a", "b"]
_REFRESH = b"stillwatch-oprf-refresh-1"


class Commit(Closed, frozen=True, tag_field="step", tag="commit"):
    """First message."""

    terms: Terms
    """What for; the same at both."""
    operator: Role
    """Whose message."""
    commitment: Element
    """HMAC-SHA-256 of the public values under the salt, in hexadecimal."""


class Reveal(Closed, frozen=True, tag_field="step", tag="reveal"):
    """Second message."""

    terms: Terms
    """What for; the same at both."""
    operator: Role
    """Whose message."""
    salt: Element
    """32 bytes in hexadecimal."""
    publics: dict[str, Element]
    """Public values by type of identifier, in hexadecimal."""
    proofs: dict[str, str]
    """Proof of possession of each, bound to both commitments, in hexadecimal."""


class Draft(Closed, frozen=True):
    """What an operator drew for a ceremony under way; secret."""

    terms: Terms
    """What for."""
    operator: Role
    """Whose."""
    salt: Element
    """Salt of the commitment, in hexadecimal."""
    scalars: dict[str, Element]
    """What was drawn, by type, in hexadecimal."""

    def publics(self) -> dict[str, bytes]:
        """Return the public values by type."""
        return {k: group.base_times(bytes.fromhex(s)) for k, s in self.scalars.items()}

    def commit(self) -> Commit:
        """Return the first message."""
        publics = {kind: value.hex() for kind, value in self.publics().items()}
        made = _commitment(self.terms, self.operator, self.salt, publics)
        return Commit(terms=self.terms, operator=self.operator, commitment=made.hex())

    def __repr__(self) -> str:
        """Return all but the secrets."""
        return f"Draft({self.terms}, {self.operator})"


def other(role: Role) -> Role:
    """Return the other operator."""
    return "b" if role == "a" else "a"


def drawn(terms: Terms, role: Role, salt: bytes, draw: Callable[[], bytes]) -> Draft:
    """Return what an operator draws for a ceremony.

    Args:
        terms: what for.
        role: whose.
        salt: 32 random bytes.
        draw: gives a random scalar each time.
    """
    scalars = {kind: draw().hex() for kind in KINDS}
    return Draft(terms=terms, operator=role, salt=salt.hex(), scalars=scalars)


def revealed(draft: Draft, peer: Commit, draw: Callable[[], bytes]) -> Reveal:
    """Return the second message, which is made only with the other's first in hand (P-1).

    Raises:
        RefusedError: P-1 the other's commitment is for something else, or not the other's.
    """
    _fits(peer, draft)
    context = _context(draft.terms, draft.operator, _by_role(draft.commit(), peer))
    publics = draft.publics()
    proofs = {
        kind: possess(bytes.fromhex(draft.scalars[kind]), publics[kind], context, draw()).hex()
        for kind in KINDS
    }
    return Reveal(
        terms=draft.terms,
        operator=draft.operator,
        salt=draft.salt,
        publics={kind: value.hex() for kind, value in publics.items()},
        proofs=proofs,
    )


def verify_reveal(draft: Draft, commitment: Commit, peer: Reveal) -> dict[str, bytes]:
    """Return the other's public values by type, checked.

    Raises:
        RefusedError: P-1 they are not what was committed to, or not known to be possessed.
    """
    _fits(commitment, draft)
    _fits(peer, draft)
    made = _commitment(peer.terms, peer.operator, peer.salt, peer.publics)
    if made.hex() != commitment.commitment:  # P-1
        raise RefusedError("P-1", "the other operator reveals what it did not commit to")
    if set(peer.publics) != set(KINDS) or set(peer.proofs) != set(KINDS):  # P-1
        raise RefusedError("P-1", f"a ceremony makes keys of {', '.join(KINDS)}")
    context = _context(peer.terms, peer.operator, _by_role(draft.commit(), commitment))
    publics = {}
    for kind in KINDS:
        value = group.element(bytes.fromhex(peer.publics[kind]), f"public value of {kind}")
        if not possesses(value, context, _proof(peer.proofs[kind])):  # P-1
            raise RefusedError("P-1", "the other operator does not show that it knows its share")
        publics[kind] = value
    return publics


def made(draft: Draft, peer: Mapping[str, bytes]) -> tuple[dict[str, bytes], EpochRecord]:
    """Return an operator's shares of a new epoch's keys, and the epoch's record.

    Raises:
        RefusedError: P-4 two shares cancel each other.
    """
    own = draft.publics()
    keys = {}
    for kind in KINDS:
        total = group.element(group.add(own[kind], peer[kind]), f"key of {kind}")
        keys[kind] = _keys(draft.operator, own[kind], peer[kind], total)
    shares = {kind: bytes.fromhex(text) for kind, text in draft.scalars.items()}
    return shares, _record(draft.terms, keys)


def refreshed(
    draft: Draft,
    peer: Mapping[str, bytes],
    commits: tuple[Commit, Commit],
    shares: Mapping[str, bytes],
    before: EpochRecord,
) -> tuple[dict[str, bytes], EpochRecord]:
    """Return an operator's shares of the next generation, and its record; the keys stay (P-8).

    Args:
        draft: what this operator drew.
        peer: the other's public values, checked.
        commits: both first messages, operator a's first.
        shares: this operator's shares of the generation before.
        before: that generation's record.

    Raises:
        RefusedError: P-8 the new public halves do not add up to the key.
    """
    context = _context(draft.terms, "a", commits)
    keys, fresh = {}, {}
    for kind in KINDS:
        common = group.times(bytes.fromhex(draft.scalars[kind]), peer[kind])
        shift = hash_to_scalar(prefixed(common, context, kind.encode()), _REFRESH)
        step = group.base_times(shift)
        held = before.keys[kind]
        first = group.add(bytes.fromhex(held.a), step)
        second = group.subtract(bytes.fromhex(held.b), step)
        change = group.scalar_add if draft.operator == "a" else group.scalar_subtract
        fresh[kind] = group.scalar(change(shares[kind], shift))
        mine = first if draft.operator == "a" else second
        total = group.add(first, second).hex()
        if group.base_times(fresh[kind]) != mine or total != held.sum:  # P-8
            raise RefusedError("P-8", f"the refreshed shares of {kind} are not of the same key")
        keys[kind] = Keys(a=first.hex(), b=second.hex(), sum=total)
    return fresh, _record(draft.terms, keys)


def sealed(message: Commit | Reveal, key: SigningKey) -> bytes:
    """Return a message as a signed envelope."""
    return dsse.seal_envelope(MESSAGE_TYPE, canonical(msgspec.to_builtins(message)), [key])


def opened_message(raw: bytes, peer: VerifyKey) -> Commit | Reveal:
    """Return the message in an envelope that the other operator signed.

    Raises:
        RefusedError: L-18 it did not; P-1 it is no message of a ceremony.
    """
    payload = dsse.open_envelope(raw, MESSAGE_TYPE, [peer]).payload
    try:
        return msgspec.json.decode(payload, type=Commit | Reveal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("P-1", f"not a message of a ceremony: {error}") from error


def _fits(message: Commit | Reveal, draft: Draft) -> None:
    if message.terms != draft.terms:  # P-1
        raise RefusedError(
            "P-1",
            "the operators hold a ceremony on different terms",
            where=f"{message.terms} and {draft.terms}",
            todo="agree upon epoch, start and what was lost, and begin again",
        )
    if message.operator == draft.operator:  # P-1
        raise RefusedError("P-1", "a message of a ceremony comes from the same operator")


def _commitment(terms: Terms, role: Role, salt: str, publics: Mapping[str, str]) -> bytes:
    """Return the commitment to public values, of which the role is one: none fits the other."""
    content = canonical({"terms": msgspec.to_builtins(terms), "operator": role, "publics": publics})
    return commit(bytes.fromhex(salt), content)


def _by_role(one: Commit, two: Commit) -> tuple[Commit, Commit]:
    return (one, two) if one.operator == "a" else (two, one)


def _context(terms: Terms, role: Role, commits: tuple[Commit, Commit]) -> bytes:
    first, second = (bytes.fromhex(item.commitment) for item in commits)
    return prefixed(packed(terms), role.encode(), first, second)


def _proof(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _keys(role: Role, own: bytes, peer: bytes, total: bytes) -> Keys:
    first, second = (own, peer) if role == "a" else (peer, own)
    return Keys(a=first.hex(), b=second.hex(), sum=total.hex())


def _record(terms: Terms, keys: dict[str, Keys]) -> EpochRecord:
    return EpochRecord(**msgspec.to_builtins(terms), keys=keys)
