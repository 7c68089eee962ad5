"""Evaluations a second with proofs checked, and matching, each against a floor of the same run.

    python bench/oprf.py [--seconds 5] [--own 10000000] [--shared 1000000] [--json FILE]

Evaluations run on one core and in batches of 100: what a member does (blind, check both operators'
proofs, add, unblind, finalise), what one operator does (check the elements, multiply, prove), and
the operator's whole answer to a request (JSON, quotas, audit log, flush to the disk). The floor is
a bare multiplication of an element by a scalar in the same library, before and after. Matching is
of random pseudonyms that were evaluated, of which one in a hundred was shared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from stillwatch.ledger import SigningKey
from stillwatch.ledger.requests import Signed
from stillwatch.share.oprf import Operator, Shared, Steps, create, encode, group, terms_of_new
from stillwatch.share.oprf.protocol import LARGEST_BATCH, blind, evaluate, finalise
from stillwatch.share.oprf.shares import read_shares
from stillwatch.share.oprf.wire import EvaluateRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.share.oprf import EpochRecord, Home


def each(call: Callable[[], object], seconds: float) -> tuple[float, int]:
    """Return seconds a call takes, CPU time of this thread, and how often it was called."""
    times, until = 0, time.monotonic() + seconds
    start = time.thread_time()
    while time.monotonic() < until:
        call()
        times += 1
    return (time.thread_time() - start) / times, times


def pair(folder: Path) -> tuple[list[Home], EpochRecord]:
    homes = [create(folder / role, "bench", role, str(folder / role / "machine")) for role in "ab"]
    for home, other in zip(homes, homes[::-1], strict=True):
        (home.path / "peer.vkey").write_text(other.key.public.encode())
        with (home.path / "operator.toml").open("a") as file:
            file.write("\n[quota.par]\n")
            names = ("member_day", "member_epoch", "all_day", "all_epoch")
            file.write("".join(f"{name} = 1000000000000\n" for name in names))
    homes = [type(home).read(home.path) for home in homes]
    now = int(time.time())
    a, b = (Steps(home, terms_of_new(home, now), now) for home in homes)
    commits = a.commit(), b.commit()
    reveals = a.reveal(commits[1]), b.reveal(commits[0])
    confirms = a.confirm(reveals[1]), b.confirm(reveals[0])
    b.finish(confirms[0])
    return homes, a.finish(confirms[1]).record


def evaluations(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        homes, record = pair(Path(folder))
        keys = record.keys["par"]
        shares = [read_shares(home.share_path(1)).scalars()["par"] for home in homes]
        publics = [bytes.fromhex(text) for text in (keys.a, keys.b)]
        values = [f"{n:029d}" for n in range(LARGEST_BATCH)]
        inputs = [encode("par", value) for value in values]
        batch = blind(inputs)
        answers = [evaluate(s, p, batch.elements) for s, p in zip(shares, publics, strict=True)]
        point, factor = batch.elements[0], group.random_scalar()

        def member() -> None:
            blind(inputs)
            finalise(batch, answers, bytes.fromhex(keys.sum))

        operator, key = Operator(homes[0]), SigningKey.generate("member")
        number = iter(range(1 << 60))

        def answered() -> None:
            elements = [item.hex() for item in blind(inputs[:1]).elements]
            elements += [item.hex() for item in batch.elements[1:]]
            request = EvaluateRequest(
                epoch=1, generation=0, kind="par", purpose="sign-up", elements=elements
            )
            now = int(time.time())
            signed = Signed(key.public.key_id, now, f"{next(number):032}")
            operator.evaluate(msgspec.json.encode(request), signed, "member", now)

        before, _ = each(lambda: group.times(factor, point), seconds / 5)
        costs = {
            "member": each(member, seconds)[0] / LARGEST_BATCH,
            "operator": each(
                lambda: evaluate(shares[0], publics[0], batch.elements), seconds
            )[0] / LARGEST_BATCH,
            "operator with quotas and audit": each(answered, seconds)[0] / LARGEST_BATCH,
        }  # fmt: skip
        after, _ = each(lambda: group.times(factor, point), seconds / 5)
    floor = (before + after) / 2
    made = {"multiplication, µs": round(1e6 * floor, 1)}
    for name, cost in costs.items():
        made[f"{name}, evaluations a second a core"] = round(1 / cost)
        made[f"{name}, multiplications an evaluation"] = round(cost / floor, 2)
    return made


def matching(own: int, shared: int) -> dict[str, float]:
    draw = np.random.default_rng(5)
    mine = np.frombuffer(draw.bytes(64 * own), np.uint8).reshape(own, 64)
    theirs = draw.integers(0, 256, (shared, 64), np.uint8)
    both = min(own // 100, shared)
    theirs[:both] = mine[::100][:both]
    start = time.perf_counter()
    table = Shared(theirs)
    built = time.perf_counter()
    found, _ = table.match(mine)
    done = time.perf_counter()
    np.sort(mine[:, :8].copy().view(">u8").ravel())
    floor = time.perf_counter() - done
    return {
        "own": own,
        "shared": shared,
        "matches": len(found),
        "build, s": round(built - start, 2),
        "match, s": round(done - built, 2),
        "floor: copying and sorting the first 8 bytes of all own, s": round(floor, 2),
        "held for what was shared, MB": round(table.nbytes / 1e6),
        "peak resident, inputs and their making included, MB": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--own", type=int, default=10_000_000)
    parser.add_argument("--shared", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    made = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    made["evaluations"] = evaluations(given.seconds)
    made["matching"] = matching(given.own, given.shared)
    text = json.dumps(made, indent=1, ensure_ascii=False)
    print(text)
    if given.json:
        given.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
