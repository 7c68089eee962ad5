"""Observations in files: written a day apart and all at once, read back and scanned alone."""

from stillwatch.find.features.files.checking import check_observations
from stillwatch.find.features.files.mark import (
    MARK,
    UNKEYED,
    key_fingerprint,
    stored_schema,
)
from stillwatch.find.features.files.reading import FORMAT, Observations, find_observations
from stillwatch.find.features.files.writing import Written, write_observations

__all__ = [
    "FORMAT",
    "MARK",
    "UNKEYED",
    "Observations",
    "Written",
    "check_observations",
    "find_observations",
    "key_fingerprint",
    "stored_schema",
    "write_observations",
]
