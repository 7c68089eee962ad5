"""Scans as their folders hold them, for the tests of reports."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
from example_scan import START, campaign, example_scan

from stillwatch.find.features.files import key_fingerprint
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.signatures.record import Levels, Piece, Signature, encode
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


def signed_folder(folder, secret):
    """Write a scan whose campaigns have signatures under a key."""
    result, activity = example_scan(accounts=0)
    key = key_fingerprint(key_from_secret(secret))
    campaigns = tuple(
        dataclasses.replace(item, signature=json.loads(encode(signature_of(item, key))))
        for item in result.campaigns
    )
    write_scan(dataclasses.replace(result, campaigns=campaigns), folder, activity)
    return folder


def signature_of(item, key):
    return Signature(
        key=key, campaign=item.campaign_id, declared=int(item.declared_at.timestamp()),
        accounts=len(item.members), exchanges=item.exchanges, background=9_000,
        pieces=tuple(Piece(0xA0B1_0000 + 77 * n, 400 - n, 700, 20) for n in range(40)),
        levels=Levels((100, 900, 1000, 2000, 2000, 2000, 1000, 1000),
                      (9_000_000, 9, 0, 0, 0, 0, 0, 0),
                      (990, 980, 900, 800, 700, 500, 300), (500, 10, 0, 0, 0, 0, 0)),
        habits={"turn": ((900, 60, 40), (300, 300, 400))}, clients=(), blocks=(),
    )  # fmt: skip


__all__ = [
    "CODE",
    "REASONING",
    "REVIEW",
    "START",
    "bare_folder",
    "large_folder",
    "read",
    "signed_folder",
]
