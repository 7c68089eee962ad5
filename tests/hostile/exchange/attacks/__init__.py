"""Hostile cases, a module for what they attack."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from attacks import (
    answers,
    claims,
    documents,
    files,
    hubs_words,
    lies,
    members,
    operating,
    over_http,
    questions,
    signing,
    witnessing,
)

_ALL = (
    *signing.CASES,
    *over_http.CASES,
    *questions.CASES,
    *documents.CASES,
    *claims.CASES,
    *members.CASES,
    *witnessing.CASES,
    *operating.CASES,
    *lies.CASES,
    *hubs_words.CASES,
    *files.CASES,
    *answers.CASES,
)
IN_SHORT = 1
"""Cases of a mechanism at the member that a short run has: each is two commands of their own."""


def _chosen():
    seen = Counter()
    for case in _ALL:
        seen[case.mechanism] += 1
        late = case.at == "member" and seen[case.mechanism] > IN_SHORT
        yield replace(case, slow=True) if late else case


CASES = tuple(_chosen())
"""Every case."""
