"""Prove: mark answers, tell whose answers a model learned from, and bundle what shows it."""

__all__: list[str] = []
