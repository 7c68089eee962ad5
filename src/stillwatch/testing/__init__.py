"""Outside services to try things against, which tests and how-tos run."""

from __future__ import annotations

from stillwatch.testing.authority import TimestampAuthority
from stillwatch.testing.endpoint import ModelEndpoint, serving
from stillwatch.testing.model import FakeModel

__all__ = ["FakeModel", "ModelEndpoint", "TimestampAuthority", "serving"]
