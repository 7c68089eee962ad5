"""Pseudonyms of identifiers from an oblivious function whose key two operators share."""

__all__: list[str] = []
