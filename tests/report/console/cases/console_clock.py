"""When the tests of the console's cases take place."""

from __future__ import annotations

NOW = 1_795_000_000_000_000
"""Microseconds since 1970: November 2026."""
