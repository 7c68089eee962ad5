"""See the package documentation."""

__all__: list[str] = []
