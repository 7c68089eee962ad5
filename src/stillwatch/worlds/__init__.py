"""Worlds with truth: making them, and judging verdicts on them."""

__all__: list[str] = []
