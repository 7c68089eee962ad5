"""What is published before a key is used, what opens it later, and the rules between the two.

A commitment is a signed note over the Merkle root of salted leaves, one leaf a cohort, and it names
a beacon round that is still to come.  Cohorts' names are in the leaves and nowhere else.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical, commit, merkle
from stillwatch.ledger.notes import decode64, parse_note, sign_note, verify_note
from stillwatch.prove.watermark.keys import Beacon, Draw, WatermarkKey, derive
from stillwatch.prove.watermark.schemes import scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillwatch.ledger import SigningKey, VerifyKey
    from stillwatch.prove.watermark.green_red import GreenRed
    from stillwatch.prove.watermark.gumbel import Gumbel

__all__ = [
    "MOST_COHORTS",
    "REVEAL_SCHEMA",
    "Commitment",
    "Reveal",
    "check_name",
    "leaf_of",
    "parse_commitment",
    "sign_commitment",
    "tree_of",
    "verify_reveal",
]

REVEAL_SCHEMA = "stillwatch-watermark-reveal-1"
"""``schema`` of a reveal file."""

MOST_COHORTS = 1_000_000
"""Leaves of one commitment."""

_FIRST = "stillwatch watermark commitment v1"
_FORM = re.compile(
    rf"{_FIRST}\nby (?P<by>\S+)\nnumber (?P<number>[1-9]\d*)\nepoch (?P<epoch>[^\n]+)\n"
    r"scheme (?P<scheme>\{[^\n]+\})\ntime (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n"
    r"beacon (?P<source>[^\n]+)\nround (?P<round>[1-9]\d*)\n"
    r"not before (?P<before>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n"
    r"leaves (?P<leaves>[1-9]\d*)\nroot (?P<root>[A-Za-z0-9+/]{43}=)\n"
)
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,200}")


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a note commits to."""

    by: str
    """Name of the key that signs, whose keys these are."""
    number: int
    """1, 2, … of this signer, without gaps: a missing one was held back."""
    epoch: str
    """Time for which the keys are."""
    scheme: GreenRed | Gumbel
    """How they mark."""
    time: int
    """When it was made by the signer's own clock, seconds since 1970."""
    draw: Draw
    """The beacon round that completes the keys."""
    leaves: int
    """Cohorts; every one counts as a key that was tried."""
    root: bytes
    """RFC 6962 root over the leaves in ascending order, 32 bytes."""

    def text(self) -> str:
        """Return the note's text."""
        return (
            f"{_FIRST}\nby {self.by}\nnumber {self.number}\nepoch {self.epoch}\n"
            f"scheme {canonical(dict(self.scheme.settings())).decode()}\ntime {_text(self.time)}\n"
            f"beacon {self.draw.source}\nround {self.draw.round}\n"
            f"not before {self.draw.when}\nleaves {self.leaves}\n"
            f"root {base64.b64encode(self.root).decode()}\n"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Reveal:
    """One cohort's opening: with the note it lets anyone compute the key."""

    epoch: str
    """Of the commitment."""
    cohort: str
    """Whose answers were marked."""
    secret: bytes
    """What was committed to, 32 bytes."""
    salt: bytes
    """The leaf's salt, 32 bytes."""
    index: int
    """The leaf's place in the tree."""
    proof: tuple[bytes, ...]
    """RFC 6962 inclusion proof of the leaf."""
    note: bytes
    """The signed commitment as it was published."""
    beacon: bytes
    """The value of the round that the note names."""

    def encode(self) -> bytes:
        """Return the reveal as canonical JSON."""
        return canonical(
            {
                "schema": REVEAL_SCHEMA,
                "epoch": self.epoch,
                "cohort": self.cohort,
                "secret": self.secret.hex(),
                "salt": self.salt.hex(),
                "index": self.index,
                "proof": [part.hex() for part in self.proof],
                "note": self.note.decode(),
                "beacon": self.beacon.hex(),
            }
        )

    @classmethod
    def decode(cls, raw: bytes) -> Reveal:
        """Return a reveal as it was received, with nothing verified.

        Raises:
            RefusedError: K-4 it is not in its form.
        """
        try:
            held = json.loads(raw)
            if set(held) != {"schema", *cls.__dataclass_fields__} or (
                held["schema"] != REVEAL_SCHEMA
            ):
                raise RefusedError("K-4", "a reveal has other fields")  # K-4
            epoch, cohort, index, note = (held[k] for k in ("epoch", "cohort", "index", "note"))
            if type(index) is not int or not all(
                isinstance(text, str) for text in (epoch, cohort, note)
            ):
                raise RefusedError("K-4", "a reveal's field is of another type")  # K-4
            return cls(
                epoch,
                cohort,
                bytes.fromhex(held["secret"]),
                bytes.fromhex(held["salt"]),
                index,
                tuple(bytes.fromhex(part) for part in held["proof"]),
                note.encode(),
                bytes.fromhex(held["beacon"]),
            )
        except (ValueError, TypeError, RecursionError) as error:  # K-4
            raise RefusedError("K-4", f"a reveal is not in its form: {error}") from error


def leaf_of(salt: bytes, secret: bytes, epoch: str, cohort: str) -> bytes:
    """Return a cohort's leaf, 32 bytes: salted, and over the secret, the epoch and the cohort.

    Raises:
        RefusedError: K-5 a name is empty, too long or has control characters.
    """
    check_name(epoch)
    check_name(cohort)
    content = {"cohort": cohort, "epoch": epoch, "secret": secret.hex()}
    return commit(salt, canonical({"kind": "stillwatch watermark key v1", **content}))


def check_name(name: str) -> None:
    """Refuse a name that cannot be an epoch's or cohort's.

    Raises:
        RefusedError: K-5 it is empty, too long or has control characters.
    """
    if not _NAME.fullmatch(name):  # K-5
        raise RefusedError(
            "K-5", "an epoch's or cohort's name is one line of 1 to 200 characters", where=name
        )


def sign_commitment(
    key: SigningKey,
    number: int,
    epoch: str,
    scheme: GreenRed | Gumbel,
    time: int,
    draw: Draw,
    leaves: Iterable[bytes],
) -> bytes:
    """Return a signed note over leaves.

    Raises:
        RefusedError: K-6 there is no leaf or too many; K-7 the beacon's round is not later.
    """
    ordered = sorted(leaves)
    if not 0 < len(ordered) <= MOST_COHORTS:  # K-6
        raise RefusedError("K-6", f"a commitment has 1 to {MOST_COHORTS:,} cohorts")
    if draw.not_before <= time:  # K-7
        raise RefusedError(
            "K-7",
            "the beacon's round does not come after the commitment",
            where=f"{draw.source} {draw.round}, {draw.when}",
            todo="name a later round",
        )
    root = tree_of(ordered)[0].root()
    made = Commitment(key.name, number, epoch, scheme, time, draw, len(ordered), root)
    return sign_note(made.text(), [key]).encode()


def parse_commitment(raw: bytes, keys: Iterable[VerifyKey]) -> Commitment:
    """Return what a note commits to, its signature and its own rules verified.

    Raises:
        RefusedError: L-4 to L-7 the note or its signature; K-6 its form; K-7 its beacon's round is
            not later than its time; K-1 the round is not one of its beacon.
    """
    note = parse_note(raw)
    signers = verify_note(note, keys)
    form = _FORM.fullmatch(note.text)
    if form is None or int(form["leaves"]) > MOST_COHORTS:  # K-6
        raise RefusedError("K-6", "a commitment's text is not in its form")
    if form["by"] not in {key.name for key in signers}:  # K-6
        raise RefusedError("K-6", "a commitment is signed by another name", where=form["by"])
    try:
        settings: Mapping[str, Any] = json.loads(form["scheme"])
        time, before = _seconds(form["time"]), _seconds(form["before"])
    except (ValueError, RecursionError) as error:  # K-6
        raise RefusedError("K-6", "a commitment's scheme or time is not in its form") from error
    draw = Draw(form["source"], int(form["round"]), before)
    if before <= time:  # K-7
        raise RefusedError("K-7", "the beacon's round does not come after the commitment")
    root = decode64(form["root"]) or b""
    return Commitment(
        form["by"],
        int(form["number"]),
        form["epoch"],
        scheme_of(settings),
        time,
        draw,
        int(form["leaves"]),
        root,
    )


def verify_reveal(reveal: Reveal, keys: Iterable[VerifyKey]) -> tuple[WatermarkKey, Commitment]:
    """Return the key that a reveal proves, and the commitment that was made to it.

    Whether the beacon really had this value, and when the note existed, is not in these bytes: look
    the round up where it is published, and the note in a log or under a timestamp.

    Raises:
        RefusedError: as `parse_commitment`; K-8 the reveal is of another epoch; K-5 a name; L-3 the
            salt; K-9 the leaf is not under the root.
    """
    made = parse_commitment(reveal.note, keys)
    if made.epoch != reveal.epoch:  # K-8
        raise RefusedError("K-8", "the reveal is of another epoch", where=reveal.epoch)
    leaf = leaf_of(reveal.salt, reveal.secret, reveal.epoch, reveal.cohort)
    try:
        merkle.verify_inclusion(
            merkle.leaf_hash(leaf), reveal.index, made.leaves, list(reveal.proof), made.root
        )
    except RefusedError as error:  # K-9
        raise RefusedError(
            "K-9", f"the leaf is not under the commitment's root: {error}", where=reveal.cohort
        ) from error
    beacon = Beacon(made.draw, reveal.beacon)
    return derive(reveal.secret, reveal.epoch, reveal.cohort, beacon), made


def tree_of(ordered: list[bytes]) -> tuple[merkle.Tree, merkle.MemoryTiles]:
    """Return the tree over leaves in ascending order, and its tiles."""
    tree, tiles = merkle.Tree(), merkle.MemoryTiles()
    tiles.write(tree.append([merkle.leaf_hash(leaf) for leaf in ordered]))
    return tree, tiles


def _text(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
