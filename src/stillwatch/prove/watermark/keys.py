"""From one master key to a key for each cohort: fixed when it is committed, unknown until later.

The chain is HKDF-SHA-256 (RFC 5869), so that each part can be shown without the others:

    master ──epoch ‖ cohort──▶ secret ──beacon ‖ epoch ‖ cohort──▶ key ──scheme──▶ 128-bit words

A commitment is to the secret and names the beacon round to come.  Whoever searched for a secret
with a lucky key would have had to know the beacon's value, which did not exist yet.  Revealing a
secret opens one cohort in one epoch and says nothing of any other.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from stillwatch.disk import flush, read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import canonical

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.prove.watermark.prf import Words

__all__ = ["KNOWN_BEACONS", "Beacon", "Draw", "MasterKey", "WatermarkKey", "derive", "read_private"]

KNOWN_BEACONS = {
    "drand-quicknet": (1_692_803_367, 3),
    "drand-default": (1_595_431_050, 30),
}
"""Public beacons whose rounds tell their time: when round 1 was and the period, both seconds."""

_FILE = b"stillwatch watermark master key v1\n"


@dataclass(frozen=True, slots=True)
class Draw:
    """A round of a public beacon whose value is not known yet.

    Raises:
        RefusedError: K-1 the source, the round or the time is not one of a beacon.

    >>> Draw.of("drand-quicknet", 2).not_before
    1692803370
    """

    source: str
    """Who publishes it: a name of `KNOWN_BEACONS`, or another public source in plain words."""
    round: int
    """Its number there."""
    not_before: int
    """When it is published at the earliest, seconds since 1970."""

    def __post_init__(self) -> None:
        if not self.source or not self.source.isprintable() or len(self.source) > 200:  # K-1
            raise RefusedError("K-1", "a beacon's source is one line of at most 200 characters")
        if not 1 <= self.round < 2**53 or not 0 <= self.not_before < 2**40:  # K-1
            raise RefusedError("K-1", "a beacon's round or time is out of range", where=self.source)
        known = KNOWN_BEACONS.get(self.source)
        if known and self.not_before != known[0] + known[1] * (self.round - 1):  # K-1
            raise RefusedError("K-1", "this beacon's round has another time", where=self.source)

    @classmethod
    def of(cls, source: str, number: int) -> Draw:
        """Return a round of a known beacon.

        Raises:
            RefusedError: K-1 the beacon is not known, so that its time has to be given.
        """
        if source not in KNOWN_BEACONS:  # K-1
            raise RefusedError(
                "K-1",
                "the times of this beacon's rounds are not known here",
                where=source,
                todo=f"say when the round comes, or use one of {', '.join(KNOWN_BEACONS)}",
            )
        genesis, period = KNOWN_BEACONS[source]
        return cls(source, number, genesis + period * (number - 1))

    @classmethod
    def after(cls, source: str, time: int) -> Draw:
        """Return a known beacon's first round that comes after a time in seconds since 1970."""
        genesis, period = KNOWN_BEACONS.get(source, (0, 1))
        return cls.of(source, max((time - genesis) // period + 2, 1))

    @property
    def when(self) -> str:
        """`not_before` as RFC 3339 text."""
        return datetime.fromtimestamp(self.not_before, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Beacon:
    """A round with the value that it had.

    Raises:
        RefusedError: K-2 the value is shorter than 16 bytes or longer than 1,024.
    """

    draw: Draw
    """Which round."""
    value: bytes
    """What was published."""

    def __post_init__(self) -> None:
        if not 16 <= len(self.value) <= 1024:  # K-2
            raise RefusedError("K-2", "a beacon's value has 16 to 1,024 bytes")


@dataclass(frozen=True, slots=True, repr=False)
class WatermarkKey:
    """A cohort's key in one epoch.

    >>> WatermarkKey(bytes(32)).id
    '88f83aa265a97904'
    """

    raw: bytes
    """32 bytes."""

    def __post_init__(self) -> None:
        if len(self.raw) != 32:  # K-3
            raise RefusedError("K-3", "a watermark key has 32 bytes")

    def __repr__(self) -> str:
        """Return the key's id: a key never reaches a log."""
        return f"WatermarkKey({self.id})"

    @property
    def id(self) -> str:
        """16 hex digits that name the key and do not give it away."""
        return hashlib.sha256(b"stillwatch watermark key id v1\n" + self.raw).hexdigest()[:16]

    def words(self, domain: str) -> Words:
        """Return the 128-bit key of the pseudorandom function, another one in every domain."""
        return _words(self.raw, domain)

    @classmethod
    def random(cls, seed: int) -> WatermarkKey:
        """Return a wrong key for calibration, the same one for a seed; never for marking."""
        return cls(hashlib.sha256(b"stillwatch wrong key v1\n%d" % seed).digest())


class MasterKey:
    """The secret of all epochs and cohorts; stays with whoever derives keys, off the samplers.

    >>> MasterKey(bytes(32)).secret("2026-11", "a") == MasterKey(bytes(32)).secret("2026-11", "b")
    False
    """

    def __init__(self, raw: bytes) -> None:
        if len(raw) != 32:  # K-3
            raise RefusedError("K-3", "a master key has 32 bytes")
        self._raw = raw

    def __repr__(self) -> str:
        """Return no key."""
        return "MasterKey()"

    @classmethod
    def generate(cls) -> MasterKey:
        """Return a new key of the system's randomness."""
        return cls(os.urandom(32))

    def secret(self, epoch: str, cohort: str) -> bytes:
        """Return the 32 bytes to which an epoch's commitment for a cohort is made."""
        info = b"stillwatch watermark secret v1\n" + canonical([epoch, cohort])
        return HKDF(SHA256(), 32, None, info).derive(self._raw)

    def write(self, path: Path) -> None:
        """Write the key where its owner alone can read it; nothing is replaced.

        Raises:
            OSError: it cannot be written, or the file exists.
        """
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_FILE + self._raw.hex().encode() + b"\n")
        flush(path)
        flush(path.parent)

    @classmethod
    def read(cls, path: Path) -> MasterKey:
        """Return the key in a file.

        Raises:
            SourceNotFoundError: the file cannot be opened.
            ConfigurationError: others can read it, or it holds no master key.
        """
        held = read_private(path, "the master key")
        try:
            if held.startswith(_FILE):
                return cls(bytes.fromhex(held.removeprefix(_FILE).decode().strip()))
        except (ValueError, RefusedError):
            pass
        raise ConfigurationError(
            "the file holds no master key", where=str(path), todo="restore it from its copy"
        )


def derive(secret: bytes, epoch: str, cohort: str, beacon: Beacon) -> WatermarkKey:
    """Return the key that a committed secret and the beacon's value make; anyone can repeat it.

    >>> beacon = Beacon(Draw.of("drand-quicknet", 1), bytes(32))
    >>> derive(bytes(32), "2026-11", "campaign-7", beacon).id
    'bd3215ecd8e36878'
    """
    drawn = canonical([beacon.draw.source, beacon.draw.round, beacon.value.hex(), epoch, cohort])
    salt = hmac.digest(b"stillwatch watermark key v1", drawn, "sha256")
    return WatermarkKey(HKDF(SHA256(), 32, salt, drawn).derive(secret))


@lru_cache(maxsize=1024)
def _words(raw: bytes, domain: str) -> Words:
    """Return the words of a key, which a sampler asks for at every token."""
    words = HKDFExpand(SHA256(), 16, domain.encode()).derive(raw)
    return int.from_bytes(words[:8], "little"), int.from_bytes(words[8:], "little")


def read_private(path: Path, what: str, most: int = 1 << 20) -> bytes:
    """Return a small file that nobody but its owner may read.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: others can read it, or it is too long.
    """
    held = read_small(path, what, most)
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "nt" and mode & 0o077:
        raise ConfigurationError(
            f"{what} can be read by others (mode {mode:o})",
            where=str(path),
            todo="make a new one, since others may hold this one; or chmod 600",
        )
    return held
