"""What ``next`` stands for: a place in one reading, and where that reading ends."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from stillwatch.share.hub.refusals import HubError

__all__ = ["Place"]

_FORM = struct.Struct(">QQ8s")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a reading.

    >>> Place.read(Place(3, 9).write("filters"), "filters")
    Place(after=3, upto=9)
    """

    after: int
    """Last ``date_added`` that was given or looked at, microseconds since 1970."""

    upto: int
    """Last ``date_added`` of the reading: what is added meanwhile is not in it."""

    def write(self, filters: str) -> str:
        """Return the token; it is good with the same filters alone."""
        packed = _FORM.pack(self.after, self.upto, _mark(filters))
        return base64.urlsafe_b64encode(packed).decode()

    @classmethod
    def read(cls, token: str, filters: str) -> Place:
        """Return the place of a token.

        Raises:
            HubError: H-10 it is none of ours, or of other filters.
        """
        try:
            after, upto, mark = _FORM.unpack(base64.b64decode(token, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, struct.error) as error:  # H-10
            raise HubError(400, "H-10", "next is no token of this hub") from error
        if mark != _mark(filters) or not after <= upto < 1 << 63:  # H-10
            raise HubError(400, "H-10", "next belongs to other filters")
        return cls(after, upto)


def _mark(filters: str) -> bytes:
    return hashlib.sha256(filters.encode()).digest()[:8]
