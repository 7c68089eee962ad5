"""How many bytes of bodies a process holds at once, however many clients send slowly."""

from __future__ import annotations

__all__ = ["Held", "Room"]


class Room:
    """Bytes that all requests under way have together.

    A decision's texts are kept with its body, so that the memory is up to five times as much.

    Args:
        most: bytes.
    """

    def __init__(self, most: int = 256 << 20) -> None:
        self._most = most
        self.taken = 0
        """Bytes that are held."""

    def take(self, count: int) -> bool:
        """Take as many bytes; False where there is no room for them, and none are taken."""
        if self.taken + count > self._most:
            return False
        self.taken += count
        return True

    def give(self, count: int) -> None:
        """Give as many back."""
        self.taken -= count


class Held:
    """What one request has of the room.

    Args:
        room: of all.

    >>> room = Room(10)
    >>> one, other = Held(room), Held(room)
    >>> one.until(8), other.until(8), one.until(4)
    (True, False, True)
    >>> one.release()
    >>> other.until(8), room.taken
    (True, 8)
    """

    __slots__ = ("_count", "_room")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._count = 0

    def until(self, count: int) -> bool:
        """Hold so many bytes in all, or those held already where they are more; say whether."""
        more = max(0, count - self._count)
        if not self._room.take(more):
            return False
        self._count += more
        return True

    def release(self) -> None:
        """Hold nothing more."""
        self._room.give(self._count)
        self._count = 0
