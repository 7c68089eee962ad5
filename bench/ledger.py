"""Signed requests, trees, proofs and a witness: what a core does in a second.

    python bench/ledger.py

Figures are of processor time of this process, but for the witness, which waits for its disk.  The
same requests are verified by http-message-signatures where it is installed.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from stillwatch.ledger import COSIGNATURE, Checkpoint, SigningKey
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.ledger.merkle import (
    MemoryTiles,
    Tile,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from stillwatch.ledger.requests import TAG, sign_request, verify_request
from stillwatch.share.witness import Memory, write_submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

URL = "https://hub.example/taxii2/api/collections/c1/objects/?limit=3"
OWN = {"Content-Type": "application/taxii+json;version=2.1"}
KEY = SigningKey.generate("member.example/a")
LEAVES = [leaf_hash(n.to_bytes(4, "big")) for n in range(100_000)]


class TenMillion(MemoryTiles):
    """Tiles of a log of ten million leaves that are all alike."""

    def read(self, tile: Tile) -> bytes:
        """Return a tile."""
        return bytes(32) * tile.width


def rate(times: int, work: Callable[[int], object], clock: Callable[[], float]) -> float:
    """Return how often a second a piece of work is done."""
    started = clock()
    for n in range(times):
        work(n)
    return times / (clock() - started)


def signed(n: int, body: bytes, created: int) -> dict[str, str]:
    own = OWN if body else {}
    return sign_request("POST", URL, own, body, KEY, created=created, nonce=f"{n:020}") | own


def requests() -> Iterable[tuple[str, float]]:
    now = int(time.time())
    keys = {KEY.public.key_id: KEY.public}
    for size in (0, 700, 100_000):
        body = b"x" * size
        headers = signed(0, body, now)
        yield (
            f"requests of {size:,} bytes signed",
            rate(2000, lambda n, b=body: signed(n, b, now), time.process_time),
        )
        yield (
            f"requests of {size:,} bytes verified",
            rate(
                2000,
                lambda _, b=body, h=headers: verify_request("POST", URL, h, b, keys.get, now=now),
                time.process_time,
            ),
        )
    if importlib.util.find_spec("http_message_signatures"):
        yield "the same, 700 bytes, by http-message-signatures", theirs(now)


def theirs(now: int) -> float:
    import http_message_signatures as other  # noqa: PLC0415

    class Keys(other.HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> object:  # noqa: ARG002
            return KEY.public._public  # noqa: SLF001

    body = b"x" * 700
    request = SimpleNamespace(method="POST", url=URL, headers=signed(0, body, now))
    verifier = other.HTTPMessageVerifier(
        signature_algorithm=other.algorithms.ED25519, key_resolver=Keys()
    )
    age = dt.timedelta(minutes=5)
    return rate(
        500,
        lambda _: verifier.verify(request, max_age=age, expect_tag=TAG, body=body),
        time.process_time,
    )


def appended(portion: int, leaves: int) -> float:
    tree, tiles = Tree(), MemoryTiles()
    started = time.process_time()
    for at in range(0, leaves, portion):
        tiles.write(tree.append(LEAVES[at : at + portion]))
        tree.root()
    return leaves / (time.process_time() - started)


def trees() -> Iterable[tuple[str, float]]:
    for portion, leaves in ((100_000, 100_000), (100, 100_000), (1, 10_000)):
        yield f"leaves appended by {portion:,}, with a root each time", appended(portion, leaves)
    tiles, size = TenMillion(), 10_000_000
    clock = time.process_time
    yield (
        "inclusion proofs in ten million leaves",
        rate(300, lambda n: inclusion_proof(n * 33_333, size, tiles), clock),
    )
    yield (
        "consistency proofs in ten million leaves",
        rate(300, lambda n: consistency_proof(n * 33_333 + 1, size, tiles), clock),
    )


def witness() -> Iterable[tuple[str, float]]:
    log, key = SigningKey.generate("log.example"), SigningKey.generate("w.example", COSIGNATURE)
    tree, tiles, submissions = Tree(), MemoryTiles(), []
    for size in range(300):
        tiles.write(tree.append(LEAVES[size : size + 1]))
        proof = consistency_proof(size, size + 1, tiles) if size else []
        note = sign_checkpoint(Checkpoint(log.name, size + 1, tree.root()), [log])
        submissions.append(write_submission(size, proof, note))
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        memory = Memory.make(Path(folder) / "witness.sqlite", key.public)
        memory.add_log(log.name, log.public)
        yield (
            "cosignatures, on the disk",
            rate(300, lambda n: memory.cosign(submissions[n], key, 1), time.perf_counter),
        )


def main() -> None:
    for part in (requests, trees, witness):
        for what, figure in part():
            print(f"{what:60} {figure:12,.0f} a second")


if __name__ == "__main__":
    main()
