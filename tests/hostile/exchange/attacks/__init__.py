"""Hostile cases, a module for what they attack."""

from __future__ import annotations

from attacks import documents, members, over_http, questions, signing

CASES = (
    *signing.CASES,
    *over_http.CASES,
    *questions.CASES,
    *documents.CASES,
    *members.CASES,
)
"""Every case."""
