"""Hostile cases, a module for what they attack."""

from __future__ import annotations

from attacks import documents, over_http, signing

CASES = (*signing.CASES, *over_http.CASES, *documents.CASES)
"""Every case."""
