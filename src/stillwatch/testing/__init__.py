"""Outside services to try things against, which tests and how-tos run."""

from __future__ import annotations

from stillwatch.testing.model import FakeModel

__all__ = ["FakeModel"]
