"""The running decision service: buckets, updates, the lake, and what an operator sees of them."""

from __future__ import annotations

__all__: list[str] = []
