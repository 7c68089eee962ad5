"""The transparency log: what is accepted is in it, and everybody can check."""

from __future__ import annotations

import base64
import threading
import time

import pytest
import uvicorn
from hub_world import CLIENT, LOG, OBJECTS, World, check_inclusion, checkpoint, hashes

from stillwatch.errors import RefusedError
from stillwatch.ledger import COSIGNATURE, SigningKey, canonical, merkle, tiles
from stillwatch.ledger.checkpoints import open_checkpoint
from stillwatch.ledger.cosignatures import verify_cosignatures
from stillwatch.listening import listen, url_of
from stillwatch.share.hub import Witness
from stillwatch.share.witness import Memory, witness_app


def test_every_record_is_in_the_log(own):
    item = own.alpha.publish()
    own.beta.sight(item, "confirmed")
    own.alpha.recall(item)
    found = own.beta.get("/exchange/v1/records").json()
    assert [r["index"] for r in found["records"]] == list(range(5))
    assert [r["object"].get("change") for r in found["records"][:2]] == ["joined", "joined"]
    for record in found["records"]:
        check_inclusion(own, record)
        assert own.beta.get(f"{LOG}/salts", index=record["index"]).json()["salts"] == [
            {"index": record["index"], "salt": record["salt"]}
        ]
    changed = {**found["records"][2], "salt": base64.b64encode(bytes(32)).decode()}
    with pytest.raises(RefusedError, match="L-9"):
        check_inclusion(own, changed)
    assert found["checkpoint"].encode() == own.beta.get(f"{LOG}/checkpoint").content


def test_a_later_checkpoint_continues_an_earlier_one(own):
    before = checkpoint(own)
    own.alpha.post(*(own.alpha.make() for _ in range(300)))
    after = checkpoint(own)
    assert after.size == before.size + 300
    proof = own.beta.get(f"{LOG}/proof/consistency", first=before.size, second=after.size)
    merkle.verify_consistency(before.size, after.size, before.root, after.root, hashes(proof))


def test_tiles_and_entries_are_those_of_the_specification(own):
    own.alpha.post(*(own.alpha.make() for _ in range(300)))
    head = checkpoint(own)

    def fetch(path):
        return own.beta.get(f"{LOG}/{path}")

    leaves = []
    for index, width in ((0, 256), (1, head.size - 256)):
        tile = merkle.Tile(0, index, width)
        raw = fetch(tiles.bundle_path(tile)).content
        held = [merkle.leaf_hash(entry) for entry in tiles.unbundle(raw, width)]
        assert b"".join(held) == fetch(tiles.tile_path(tile)).content
        leaves += held
    tree = merkle.Tree()
    tree.append(leaves)
    assert tree.root() == head.root
    assert len(fetch("tile/1/000.p/1").content) == 32
    assert "immutable" in fetch("tile/0/000").headers["cache-control"]
    for path in ("tile/0/001", "tile/0/0", "tile/0/000.p/0", "tile/x/000", "tile/0/000.p/257"):
        assert fetch(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("proof/inclusion", {}),
        ("proof/inclusion", {"index": 10**9}),
        ("proof/inclusion", {"index": 0, "size": 10**9}),
        ("proof/inclusion", {"index": -5}),
        ("proof/consistency", {"first": 5, "second": 2}),
        ("proof/consistency", {"first": "x"}),
        ("salts", {}),
        ("salts", {"index": "x"}),
        ("salts", {"index": list(range(101))}),
    ],
)
def test_junk_is_400(world, path, query):
    answer = world.alpha.get(f"{LOG}/{path}", **query)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "H-0")


def test_salts_are_given_to_those_entitled_alone(own):
    gamma = own.lab("Gamma")
    own.alpha.publish(audience=[own.beta.id])
    index = own.hub.feed.size - 1
    assert len(own.beta.get(f"{LOG}/salts", index=index).json()["salts"]) == 1
    assert gamma.get(f"{LOG}/salts", index=index).json() == {"salts": []}
    observer = own.lab("Observer", "observe")
    assert observer.get(f"{LOG}/salts", index=index).json() == {"salts": []}
    assert observer.get(f"{LOG}/checkpoint").status_code == 200
    assert observer.get(OBJECTS).status_code == 403


def test_the_log_is_for_members_unless_the_operator_says_otherwise(tmp_path):
    with World(tmp_path, public_log=True).serving() as hub:
        hub.lab("Alpha")
        assert CLIENT.get(f"{hub.url}{LOG}/checkpoint").status_code == 200
        assert len(CLIENT.get(f"{hub.url}{LOG}/tile/0/000.p/1").content) == 32
        assert CLIENT.get(f"{hub.url}{LOG}/proof/inclusion?index=0").status_code == 401
        assert CLIENT.get(f"{hub.url}/exchange/v1/records").status_code == 401


def test_witnesses_cosign_what_is_published(tmp_path):
    log_key = SigningKey.generate("hub.example/log")
    keys, servers, found = [], [], []
    for number in range(2):
        key = SigningKey.generate(f"witness.example/{number}", COSIGNATURE)
        memory = Memory.make(tmp_path / f"w{number}", key.public)
        memory.add_log(log_key.name, log_key.public)
        listening = listen("127.0.0.1", 0, None)
        url = url_of(listening, None)
        app = witness_app(memory, key, lambda: int(time.time()))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        keys.append(key.public)
        servers.append((server, thread))
        found.append(Witness(url, key.public.encode()))
    try:
        with World(tmp_path, key=log_key, witnesses=tuple(found)).serving() as hub:
            alpha = hub.lab("Alpha")
            assert alpha.joined.json()["log"]["witnesses"] == [k.encode() for k in keys]
            alpha.publish()
            until = time.monotonic() + 15
            while time.monotonic() < until:
                raw = alpha.get(f"{LOG}/checkpoint").content
                head, note = open_checkpoint(raw, log_key.name, [log_key.public])
                if head.size == 2 and len(note.signatures) == 3:
                    break
                time.sleep(0.2)
            assert len(verify_cosignatures(note, keys, now=int(time.time()))) == 2
    finally:
        for server, thread in servers:
            server.should_exit = True
            thread.join()


def test_the_bytes_committed_to_are_those_handed_out(own):
    item = own.alpha.publish()
    raw = own.beta.get("/exchange/v1/records", after=1).content
    assert b'"object":' + canonical(item.to_stix()) in raw
