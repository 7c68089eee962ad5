"""Scans as their folders hold them, for the tests of reports."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
from example_scan import START, campaign, example_scan

from stillwatch.report.documents import CAMPAIGNS, read_campaigns, write_scan

REASONING = "c-7f3a91d2"
REVIEW = "c-b01c44e8"
CODE = "c-20d9e6aa"


def read(folder):
    return read_campaigns(folder)


def large_folder(folder, members):
    """Write a scan with one campaign of many members."""
    result, _ = example_scan(accounts=0)
    big = campaign("c-b1gb1gb1", "code", members, 3, 20, rng=np.random.default_rng(2))
    write_scan(dataclasses.replace(result, campaigns=(big,), accounts=members), folder)
    return folder


def bare_folder(folder):
    """Write a scan whose campaign holds nothing that is optional."""
    result, _ = example_scan(accounts=0)
    kept = result.campaigns[0]
    bare = dataclasses.replace(
        kept, findings=(), kind="unknown", explanations=(), signature={}, harvested={}, usage=(),
        entities=(), votes=(), log_odds=None, examples=(), split_from=None, merged=(),
        exchanges=0, leaked=0,
    )  # fmt: skip
    write_scan(
        dataclasses.replace(
            result, campaigns=(bare,), first=None, missing=(), findings=(), events=()
        ),
        folder,
    )
    path = folder / CAMPAIGNS
    document = json.loads(path.read_text())
    for name in ("damage", "usage", "votes", "entities", "examples", "harvested", "activity"):
        document["campaigns"][0].pop(name)
    document.pop("assumptions")
    path.write_text(json.dumps(document))
    return folder


__all__ = ["CODE", "REASONING", "REVIEW", "START", "bare_folder", "large_folder", "read"]
