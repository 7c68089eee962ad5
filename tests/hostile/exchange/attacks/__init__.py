"""Hostile cases, a module for what they attack."""

from __future__ import annotations

from attacks import (
    answers,
    documents,
    files,
    lies,
    members,
    operating,
    over_http,
    questions,
    signing,
    witnessing,
)

CASES = (
    *signing.CASES,
    *over_http.CASES,
    *questions.CASES,
    *documents.CASES,
    *members.CASES,
    *witnessing.CASES,
    *operating.CASES,
    *lies.CASES,
    *files.CASES,
    *answers.CASES,
)
"""Every case."""
