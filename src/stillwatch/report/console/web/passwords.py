"""Passwords of local accounts: made by the console, kept as what scrypt makes of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets

__all__ = ["LONGEST", "made", "matches", "stored"]

LONGEST = 256
"""Characters of a password that are looked at."""
_N, _R, _P = 1 << 15, 8, 3
"""Cost after OWASP's Password Storage Cheat Sheet: 32 MiB, three passes."""
_MEMORY = 64 << 20
"""Bytes that scrypt may take."""
_BITS = 120


def made() -> str:
    """Return a new password of 120 random bits, in groups that a person can copy.

    >>> len(made())
    27
    """
    letters = base64.b32encode(secrets.token_bytes(_BITS // 8)).decode().lower()
    return "-".join(letters[at : at + 6] for at in range(0, len(letters), 6))


def stored(password: str) -> str:
    """Return what is kept of a password."""
    salt = os.urandom(16)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(_made(password, salt, _N, _R, _P))}"


def matches(password: str, kept: str | None) -> bool:
    """Say whether a password is the one that something was kept of.

    Args:
        password: as it came.
        kept: what `stored` returned; None takes as long and says no.

    >>> kept = stored("correct horse")
    >>> matches("correct horse", kept), matches("battery", kept), matches("battery", None)
    (True, False, False)
    """
    # where there is no such person the answer takes as long
    nobody = f"scrypt${_N}${_R}${_P}${'A' * 22}==${'A' * 43}="
    kind, n, r, p, salt, digest = (kept or nobody).split("$")
    if kind != "scrypt" or len(password) > LONGEST:
        return False
    found = _made(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest)) and kept is not None


def _made(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
