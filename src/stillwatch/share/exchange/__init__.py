"""A member's side of the exchange: publish, pull, match, trust."""

__all__: list[str] = []
