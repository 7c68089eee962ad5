"""The steps, oldest first by their numbers."""

__all__: list[str] = []
