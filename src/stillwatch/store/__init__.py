"""Tables and the databases that hold them (extra ``share``)."""

from __future__ import annotations

from stillwatch.store.database import Database

__all__ = ["Database"]
