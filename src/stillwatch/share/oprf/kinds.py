"""Types of identifiers that mean the same everywhere."""

from __future__ import annotations

__all__ = ["KINDS"]

KINDS = {"email": 1, "phone": 2, "par": 3}
"""Types and their byte in the input (P-2); each has keys of its own."""
