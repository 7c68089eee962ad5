"""Finding campaigns: sources, features, detectors, campaigns, in the order that data flow."""

__all__: list[str] = []
