"""Stop: decisions in the request path, and the measures that follow from them."""

__all__: list[str] = []
