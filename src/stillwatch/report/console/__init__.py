"""The console: what people look at and decide, and the pages that show it."""

__all__: list[str] = []
