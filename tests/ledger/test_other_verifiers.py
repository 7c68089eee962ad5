"""What we sign and prove is verified by code that we did not write."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ledger import COSIGNATURE, Checkpoint, FolderTiles, SigningKey
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.ledger.cosignatures import cosign
from stillwatch.ledger.merkle import (
    MemoryTiles,
    Tile,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
)
from stillwatch.ledger.tiles import bundle, bundle_path

LOG = SigningKey.generate("hub.example/log")
WITNESS = SigningKey.generate("witness.example/w1", COSIGNATURE)
NOW = 1_800_000_000
SPKI = bytes.fromhex("302a300506032b6570032100")
"""What RFC 8410 puts before an Ed25519 key."""


def openssl(folder, key, message, signature):
    """Say whether OpenSSL's command finds a signature good."""
    pem = base64.encodebytes(SPKI + key.public.raw).decode()
    (folder / "key.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{pem}-----END PUBLIC KEY-----\n")
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    command = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in message -sigfile signature"
    done = subprocess.run(  # noqa: S603 - our own words
        command.split(), cwd=folder, capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_checkpoints_and_cosignatures(tmp_path):
    note = sign_checkpoint(Checkpoint("hub.example/log", 3, bytes(32)), [LOG])
    raw = note.encode()
    text, _, lines = raw.partition(b"\n\n")
    signature = base64.b64decode(lines.split(b" ")[2])[4:]
    assert openssl(tmp_path, LOG, text + b"\n", signature)
    assert not openssl(tmp_path, LOG, text + b"\n\n", signature)
    packed = base64.b64decode(cosign(note.text, WITNESS, NOW).encode().split(" ")[2])
    head = f"cosignature/v1\ntime {int.from_bytes(packed[4:12], 'big')}\n".encode()
    assert openssl(tmp_path, WITNESS, head + text + b"\n", packed[12:])


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("aics_tlog", reason="aics-tlog is not installed")


def test_their_notes(theirs):
    note = sign_checkpoint(Checkpoint("hub.example/log", 3, bytes(32)), [LOG])
    note = note.added([cosign(note.text, WITNESS, NOW)])
    log, witness = (theirs.parse_vkey(key.public.encode()) for key in (LOG, WITNESS))
    found = theirs.verify_checkpoint(
        theirs.parse_note(note.encode()),
        log,
        [witness],
        1,
        expected_origin="hub.example/log",
        max_age_seconds=60,
        max_future_seconds=60,
        now=NOW + 5,
    )
    assert found
    assert theirs.cosignature_vkey(WITNESS.name, WITNESS.public.raw) == witness
    wrong = theirs.parse_note(note.encode().replace(b"\n3\n", b"\n4\n"))
    assert not theirs.verify_note(wrong, [log])


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 1500), st.data())
def test_their_proofs(theirs, size, data):
    leaves = [n.to_bytes(4, "big") for n in range(size)]
    tiles, tree = MemoryTiles(), Tree()
    tiles.write(tree.append(map(leaf_hash, leaves)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    inclusion = inclusion_proof(index, size, tiles)
    consistency = consistency_proof(old, size, tiles)
    whole = theirs.MerkleTree(leaves)
    assert whole.root() == tree.root()
    assert theirs.verify_leaf_inclusion(leaves[index], index, size, inclusion, tree.root())
    assert theirs.verify_consistency(old, size, root_at(old, tiles), tree.root(), consistency)


def test_their_audit_of_our_folder(theirs, tmp_path):
    leaves = [n.to_bytes(4, "big") for n in range(700)]
    tiles, tree = FolderTiles(tmp_path), Tree()
    for at in range(0, 700, 100):
        tiles.write(tree.append(map(leaf_hash, leaves[at : at + 100])))
    for index in range(3):
        entries = leaves[index * 256 : index * 256 + 256]
        path = tmp_path / bundle_path(Tile(0, index, len(entries)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bundle(entries))
    reader = theirs.FileSystemTileReader(tmp_path)
    theirs.audit_tiles(reader, 700, tree.root())
    proven = theirs.VerifiedTileReader(reader, 700, tree.root())
    assert proven.entry(650) == leaves[650]
    assert theirs.inclusion_proof_from_tiles(reader, 5, 700) == inclusion_proof(5, 700, tiles)
