"""Compiled steps of a decision, over arrays that were laid out once."""

__all__: list[str] = []
