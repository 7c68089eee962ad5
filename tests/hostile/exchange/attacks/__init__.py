"""Hostile cases, a module for what they attack."""

from __future__ import annotations

from attacks import documents, lies, members, operating, over_http, questions, signing, witnessing

CASES = (
    *signing.CASES,
    *over_http.CASES,
    *questions.CASES,
    *documents.CASES,
    *members.CASES,
    *witnessing.CASES,
    *operating.CASES,
    *lies.CASES,
)
"""Every case."""
