"""From exchanges to observations in columns, and the facets, groups and counts over them."""

__all__: list[str] = []
