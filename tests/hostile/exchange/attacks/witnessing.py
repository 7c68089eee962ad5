"""Logs that want a witness's word for what did not happen."""

from __future__ import annotations

import base64
import os

from forking_log import ForkingLog
from judging import Case
from speaking import raw, request

from stillwatch.ledger import Checkpoint, SigningKey
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.ledger.merkle import consistency_proof
from stillwatch.share.witness import write_submission

SIZE = 3
"""Leaves of the log that the witness cosigned before."""


def submitted(make):
    """Submit bytes that are made of a copy of the log."""

    def attack(world):
        body = make(world.logs[1].fork())
        url = world.witness.url
        return raw(url, request(url, "POST", "/add-checkpoint", (), body))

    return attack


def _branch(log, old=SIZE):
    """Return a history that parts from the log's after its second leaf."""
    other = ForkingLog(log.key).grow(b"a", b"b", os.urandom(4), b"d", b"e")
    return other.submission(old)


def _proved(change):
    """Return an honest next checkpoint with another proof."""

    def make(log):
        log.grow(b"d", b"e")
        proof = consistency_proof(SIZE, log.tree.size, log.tiles)
        return write_submission(SIZE, change(proof), log.note())

    return make


FORKS = [
    Case("forked-log", "grown", submitted(_branch), "W-6", 422, at="witness"),
    Case("forked-log", "same-size", submitted(
        lambda log: ForkingLog(log.key).grow(b"a", b"b", b"x").submission(SIZE)), "W-6", 422,
        at="witness"),
    Case("forked-log", "other-root", submitted(lambda log: write_submission(
        SIZE, (), sign_checkpoint(Checkpoint(log.origin, SIZE, bytes(32)), [log.key]))), "W-6",
        422, at="witness"),
    Case("forked-log", "from-nothing", submitted(lambda log: _branch(log, 0)), "W-5", 409,
         at="witness"),
]  # fmt: skip
ROLLED = [
    Case("rolled-back-log", "smaller", submitted(lambda log: log.submission(1, 2)), "W-5", 409,
         at="witness"),
    Case("rolled-back-log", "empty", submitted(lambda log: write_submission(
        0, (), log.note(0))), "W-5", 409, at="witness"),
    Case("rolled-back-log", "old-beyond-new", submitted(
        lambda log: write_submission(SIZE, (), log.note(2))), "W-4", 400, at="witness"),
    Case("rolled-back-log", "old-beyond-all", submitted(
        lambda log: write_submission(10**18, (), log.note())), "W-4", 400, at="witness"),
]  # fmt: skip
PROOFS = [
    Case("forged-proof", name, submitted(_proved(change)), "W-6", 422, at="witness")
    for name, change in (
        ("none", lambda _: []), ("zeros", lambda p: [bytes(32)] * len(p)),
        ("shorter", lambda p: p[:-1]), ("longer", lambda p: [*p, bytes(32)]),
        ("turned", lambda p: p[::-1]),
    )
]  # fmt: skip


def _strange(origin="hub.elsewhere/log", key=None):
    return lambda _: ForkingLog(key or SigningKey.generate(origin), origin).grow(b"a").submission(0)


ORIGINS = [
    Case("wrong-origin", "unknown", submitted(_strange()), "W-2", 404, at="witness"),
    Case("wrong-origin", "look-alike", submitted(_strange("log1.examp1e")), "W-2", 404,
         at="witness"),
    Case("wrong-origin", "other-signer", submitted(lambda log: log.submission(
        SIZE, keys=[SigningKey.generate(log.origin)])), "W-3", 403, at="witness"),
    Case("wrong-origin", "unsigned", submitted(lambda log: log.submission(
        SIZE).rpartition("— ".encode())[0] + b"\n"), "W-1|W-3", 400, at="witness"),
    Case("wrong-origin", "tampered", submitted(lambda log: log.submission(
        SIZE).replace(b"\n3\n", b"\n4\n")), "W-3", 403, at="witness"),
]  # fmt: skip
SUBMISSIONS = [
    Case("malformed-submission", "no-empty-line", submitted(lambda _: b"old 0"), "W-1", 400,
         at="witness"),
    Case("malformed-submission", "line-ends", submitted(
        lambda log: log.submission(SIZE).replace(b"\n", b"\r\n")), "W-1", 400, at="witness"),
    Case("malformed-submission", "not-utf-8", submitted(
        lambda log: log.submission(SIZE).replace(b"example", b"\xff\xfexample")), "W-1", 400,
        at="witness"),
    Case("malformed-submission", "leading-zero", submitted(
        lambda log: log.submission(SIZE).replace(b"old 3", b"old 03")), "W-1", 400, at="witness"),
    Case("malformed-submission", "hundred-hashes", submitted(lambda log: b"old 3\n" + (
        base64.b64encode(bytes(32)) + b"\n") * 100 + b"\n" + log.note().encode()), "W-1", 400,
        at="witness"),
]  # fmt: skip

CASES = (*FORKS, *ROLLED, *PROOFS, *ORIGINS, *SUBMISSIONS)
