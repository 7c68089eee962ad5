"""Hostile messages on the stream of updates, to a real replica: refused, and nothing is undone."""

from __future__ import annotations

import asyncio
import time
import zlib

import msgspec
import nats
import pytest

from stillwatch.ledger import SigningKey
from stillwatch.stop.service.scans import read_scan
from stillwatch.stop.service.stream import Place, send_updates
from stillwatch.stop.service.updates import Part, Update, _Sealed, sealed_parts

OURS, THEIRS = (
    SigningKey(f"{name}.example", bytes([at]) * 32) for at, name in ((7, "us"), (8, "x"))
)


def sealed(part, key=OURS):
    raw = msgspec.msgpack.encode(part)
    signature = key.sign(b"stillwatch update 1\n" + raw)
    return msgspec.msgpack.encode(_Sealed(raw, key.public.key_id, signature))


def part(kind="scan", key="scan", version=None, number=0, parts=1, piece=b""):
    version = time.time_ns() // 1000 if version is None else version
    return Part(kind, key, version, number, parts, piece)


def whole(kind, body, key=OURS, version=None):
    version = time.time_ns() // 1000 if version is None else version
    ((_, raw),) = sealed_parts(Update(kind, "scan", version, body), key)
    return raw


DAY_AHEAD = 2 * 86_400_000_000
MESSAGES = {
    "U-1/empty": lambda: b"",
    "U-1/text": lambda: b"hello",
    "U-1/deep": lambda: b"\x91" * 50_000,
    "U-1/number-beyond": lambda: sealed(part(number=2)),
    "U-1/many-parts": lambda: sealed(part(parts=1)).replace(b"\x01", b"\xcd"),
    "U-2/no-signature": lambda: whole("scan", b"x", None),
    "U-2/another-key": lambda: whole("scan", b"x", THEIRS),
    "U-2/another-kind": lambda: whole("recall", b"x"),
    "U-2/changed": lambda: whole("scan", b"x")[:-8] + bytes(8),
    "U-3/future": lambda: whole("scan", b"x", version=time.time_ns() // 1000 + DAY_AHEAD),
    "U-4/not-packed": lambda: sealed(part(piece=b"x" * 100)),
    "U-4/bomb": lambda: sealed(part(piece=zlib.compress(bytes(513 << 20), 9)[: 512 << 10])),
    "U-6/not-a-scan": lambda: whole("scan", b"\xc0"),
    "U-6/no-table": lambda: whole("scan", msgspec.msgpack.encode((1, b"[]", b"ARROW"))),
    "U-6/deep-campaigns": lambda: whole("scan", msgspec.msgpack.encode((1, b"[" * 99_999, b""))),
}


@pytest.fixture(scope="module")
def hearing(tmp_path_factory):
    from replicas import replicas, today, waited, write_policy  # noqa: PLC0415 - from conftest's path
    from scan_folder import write_scan  # noqa: PLC0415
    from servers import nats_server  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("hearing")
    with nats_server(folder / "nats") as server:
        url = f"nats://127.0.0.1:{server.port}"
        lines = write_policy(folder) + (
            f'state = "state"\n[updates]\nnats = "{url}"\n[[updates.trusted]]\n'
            f'key = "{OURS.public.encode()}"\nkinds = ["scan"]\n'
        )
        with replicas(folder, lines) as (one,):
            write_scan(folder / "out", ["bad"], as_of=today(minutes=60))
            good = read_scan(folder / "out", version=1)
            asyncio.run(send_updates(Place(url), [good], OURS))
            waited(lambda: one.status("bad") == 403)
            yield one, url


def publish(url, *raws):
    async def run():
        client = await nats.connect(url)
        context = client.jetstream()
        for at, raw in enumerate(raws):
            await context.publish(f"stillwatch.updates.hostile.x.{time.time_ns()}.{at}", raw)
        await client.close()

    asyncio.run(run())


def refusals(one):
    return sum(
        value
        for name, value in one.metrics().items()
        if name.startswith("stillwatch_updates_total") and 'outcome="refused"' in name
    )


@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_message_is_refused_by_its_rule_and_undoes_nothing(hearing, name):
    from judging import Usage  # noqa: PLC0415 - from conftest's path
    from replicas import waited  # noqa: PLC0415

    one, url = hearing
    raw, before, usage = MESSAGES[name](), refusals(one), Usage(one.process.pid, memory=True)
    said_before = len(one.logged("an update was refused"))
    publish(url, raw)
    waited(lambda: refusals(one) > before)
    waited(lambda: len(one.logged("an update was refused")) > said_before)  # a thread writes it
    said = one.logged("an update was refused")[-1]["error"]
    assert name.split("/")[0] in said
    assert usage.mebibytes() <= (256 if "bomb" in name else 64)
    waited(lambda: one.status("bad") == 403)  # a loop that runs late decides nothing for a moment


def test_parts_that_come_again_without_end_fill_no_memory(hearing):
    from judging import Usage  # noqa: PLC0415 - from conftest's path
    from replicas import waited  # noqa: PLC0415

    one, url = hearing
    usage = Usage(one.process.pid, memory=True)
    held = sealed(part(version=2, number=0, parts=2, piece=bytes(500_000)))
    publish(url, *[held] * 150)
    time.sleep(1)
    waited(lambda: one.status("bad") == 403)
    assert usage.mebibytes() <= 48
