"""``stillwatch demo tour``: the whole of stillwatch at work, in processes, on this machine."""

from __future__ import annotations

__all__: list[str] = []
