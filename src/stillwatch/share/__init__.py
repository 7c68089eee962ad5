"""Warn peers: what travels, pseudonyms, the hub, its witnesses and a member."""

__all__: list[str] = []
