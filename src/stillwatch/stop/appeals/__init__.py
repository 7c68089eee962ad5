"""Appeals: an account holder contests a decision, and a person decides."""

from __future__ import annotations

from stillwatch.stop.appeals.tokens import Contested, TokenKey

__all__ = ["Contested", "TokenKey"]
