"""Trees and proofs against the definitions of RFC 6962, written out; L-8 to L-11."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import OutputError, RefusedError
from stillwatch.ledger import FolderTiles
from stillwatch.ledger.merkle import (
    EMPTY_ROOT,
    MemoryTiles,
    Tile,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    repairs,
    root_at,
    verify_consistency,
    verify_inclusion,
)

MOST = 70_000
LEAVES = [leaf_hash(n.to_bytes(4, "big")) for n in range(MOST)]
SIZES = st.one_of(
    st.integers(0, 600),
    st.sampled_from([255, 256, 257, 511, 512, 65_535, 65_536, 65_537, MOST]),
    st.integers(0, MOST),
)


def split(leaves):
    return 1 << ((leaves - 1).bit_length() - 1)


def root(leaves):
    """MTH of RFC 6962 2.1, on leaves' hashes."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def path(m, leaves):
    """PATH of RFC 6962 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), root(leaves[k:])]
    return [*path(m - k, leaves[k:]), root(leaves[:k])]


def subproof(m, leaves, *, whole=True):
    """SUBPROOF of RFC 6962 2.1.2."""
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), root(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), root(leaves[:k])]


@pytest.fixture(scope="module")
def tiles():
    held = MemoryTiles()
    held.write(Tree().append(LEAVES))
    return held


def test_rfc_6962_vectors():
    # the eight leaves of the certificate-transparency test suite, and their published roots
    texts = ["", "00", "10", "2021", "3031", "40414243"]
    texts += ["5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    tree = Tree()
    for text, wanted in zip(texts, roots, strict=True):
        tree.append([leaf_hash(bytes.fromhex(text))])
        assert tree.root().hex() == wanted


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 255, 256, 257, 1000, 65_536, 65_793, MOST])
def test_roots_are_those_of_the_definition(tiles, size):
    wanted = root(LEAVES[:size])
    assert root_at(size, tiles) == wanted
    assert Tree.resume(tiles, size).root() == wanted


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 700), max_size=12))
def test_portions_do_not_matter(portions):
    at, whole, held = 0, Tree(), MemoryTiles()
    for portion in portions:
        held.write(whole.append(LEAVES[at : at + portion]))
        at += portion
    once, other = Tree(), MemoryTiles()
    other.write(once.append(LEAVES[:at]))
    assert held._held == other._held
    assert (whole.size, whole.root()) == (at, once.root())
    assert Tree.recover(held).root() == once.root()


@settings(deadline=None)
@given(st.integers(1, 900), st.data())
def test_proofs_are_those_of_the_definition(size, data):
    held = MemoryTiles()
    held.write(Tree().append(LEAVES[:size]))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    assert inclusion_proof(index, size, held) == path(index, LEAVES[:size])
    assert consistency_proof(old, size, held) == subproof(old, LEAVES[:size])


@settings(deadline=None)
@given(size=SIZES.filter(bool), data=st.data())
def test_every_inclusion_proof_verifies_and_no_changed_one_does(tiles, size, data):
    index = data.draw(st.integers(0, size - 1))
    proof, top = inclusion_proof(index, size, tiles), root_at(size, tiles)
    verify_inclusion(LEAVES[index], index, size, proof, top)
    for leaf, place, leaves, steps, wanted in broken_inclusions(data, index, size, proof, top):
        with pytest.raises(RefusedError, match="L-9"):
            verify_inclusion(leaf, place, leaves, steps, wanted)


def broken_inclusions(data, index, size, proof, top):
    leaf = LEAVES[index]
    other = data.draw(st.integers(0, size).filter(lambda n: n != index))
    yield leaf, other, size, proof, top
    yield leaf, -1, size, proof, top
    yield leaf, index, 0, proof, top
    yield flipped(data, leaf), index, size, proof, top
    yield leaf, index, size, proof, flipped(data, top)
    yield leaf[:31], index, size, proof, top
    yield leaf, index, size, [*proof, top], top
    yield from ((leaf, index, size, steps, top) for steps in broken_proofs(data, proof))


def broken_proofs(data, proof):
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        yield proof[:at] + proof[at + 1 :]
        yield [*proof[:at], flipped(data, proof[at]), *proof[at + 1 :]]
        yield [*proof[:at], proof[at][:31], *proof[at + 1 :]]
        yield [*proof[:at], proof[at], *proof[at:]]
    yield [bytes(32)] * 64


def flipped(data, raw):
    at = data.draw(st.integers(0, len(raw) * 8 - 1))
    return bytes(b ^ (1 << at % 8) if n == at // 8 else b for n, b in enumerate(raw))


@settings(deadline=None)
@given(new=SIZES, data=st.data())
def test_every_consistency_proof_verifies_and_no_changed_one_does(tiles, new, data):
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(old, new, tiles)
    before, after = root_at(old, tiles), root_at(new, tiles)
    verify_consistency(old, new, before, after, proof)
    cases = [(old, new, before, after, steps) for steps in broken_proofs(data, proof)]
    cases.append((old, new, flipped(data, before), after, proof))
    if old:  # a tree without leaves is continued by any
        cases.append((old, new, before, flipped(data, after), proof))
    cases.append((new + 1, new, before, after, proof))
    for case in cases:
        with pytest.raises(RefusedError, match=r"L-1[01]"):
            verify_consistency(*case)


@settings(deadline=None)
@given(size=st.integers(1, 600), data=st.data())
def test_l_10_a_log_that_rewrote_a_leaf_cannot_prove_its_past(size, data):
    changed = data.draw(st.integers(0, size - 1))
    grown = data.draw(st.integers(size, size + 300))
    honest, other = MemoryTiles(), MemoryTiles()
    honest.write(Tree().append(LEAVES[:size]))
    leaves = [*LEAVES[:changed], leaf_hash(b"another"), *LEAVES[changed + 1 : grown]]
    other.write(Tree().append(leaves))
    with pytest.raises(RefusedError, match=r"L-1[01]"):
        verify_consistency(
            size,
            grown,
            root_at(size, honest),
            root_at(grown, other),
            consistency_proof(size, grown, other),
        )


def test_l_11_two_views_at_one_size():
    first, second = Tree(), Tree()
    first.append(LEAVES[:5])
    second.append([*LEAVES[:4], LEAVES[9]])
    with pytest.raises(RefusedError, match="L-11: two views"):
        verify_consistency(5, 5, first.root(), second.root(), [])


def test_l_11_the_tree_without_leaves_has_one_root(tiles):
    with pytest.raises(RefusedError, match="L-11"):
        verify_consistency(0, 5, bytes(32), root_at(5, tiles), [])
    with pytest.raises(RefusedError, match="L-11"):
        verify_consistency(0, 0, bytes(32), bytes(32), [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_l_9_there_is_no_such_leaf(tiles, index, size):
    with pytest.raises(RefusedError, match="L-9"):
        inclusion_proof(index, size, tiles)


def test_l_10_a_log_does_not_shrink(tiles):
    with pytest.raises(RefusedError, match="L-10"):
        consistency_proof(6, 5, tiles)


def test_l_8_missing_tiles_are_said():
    with pytest.raises(RefusedError, match="L-8"):
        root_at(5, MemoryTiles())
    with pytest.raises(RefusedError, match="L-8"):
        Tree.resume(MemoryTiles(), 5)
    with pytest.raises(RefusedError, match="L-8"):
        Tree.recover(MemoryTiles(), 300)
    with pytest.raises(RefusedError, match="L-8"):
        Tree().append([b"short"])


def test_tiles_of_the_specifications_example(tiles):
    full, partial = {}, {}
    for (level, _), content in tiles._held.items():
        side = full if len(content) == 8192 else partial
        side.setdefault(level, []).append(len(content) // 32)
    assert {level: len(found) for level, found in full.items()} == {0: 273, 1: 1}
    assert partial == {0: [112], 1: [17], 2: [1]}


class Counted(MemoryTiles):
    """Tiles of a log of ten million leaves that has few different ones."""

    reads = 0

    def read(self, tile):
        self.reads += 1
        return bytes(32) * tile.width


def test_a_proof_in_ten_million_leaves_reads_few_tiles():
    counted = Counted()
    inclusion_proof(1_234_567, 10_000_000, counted)
    assert counted.reads <= 8
    counted.reads = 0
    consistency_proof(1_234_567, 10_000_000, counted)
    assert counted.reads <= 8


def test_a_hundred_thousand_leaves_in_a_second():
    started = time.process_time()
    hashes = [leaf_hash(n.to_bytes(4, "big")) for n in range(100_000)]
    tree = Tree()
    MemoryTiles().write(tree.append(hashes))
    tree.root()
    assert time.process_time() - started < 1


def test_a_folder_keeps_what_memory_keeps(tmp_path, tiles):
    held = FolderTiles(tmp_path / "log")
    tree = Tree()
    for at in range(0, 1200, 171):  # the last one is of three leaves
        held.write(tree.append(LEAVES[at : min(at + 171, 1200)]))
    assert root_at(1200, held) == root_at(1200, tiles)
    assert root_at(342, held) == root_at(342, tiles)
    assert Tree.recover(held).root() == root_at(1200, tiles)
    assert held.read(Tile(0, 0, 5)) == tiles.read(Tile(0, 0, 256))
    assert (tmp_path / "log/tile/0/004.p/176").stat().st_size == 176 * 32
    assert not (tmp_path / "log/tile/0/000.p/171").exists()
    assert (tmp_path / "log/tile/1/000.p/4").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "log").write_text("in the way")
    with pytest.raises(OutputError):
        FolderTiles(tmp_path / "log").write(Tree().append(LEAVES[:1]))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 400), st.integers(0, 2))
def test_what_a_crash_left_above_the_leaves_is_repaired(extra, lost):
    held = MemoryTiles()
    tree = Tree()
    held.write(tree.append(LEAVES[:66_000]))
    changed = tree.append(LEAVES[66_000 : 66_000 + extra])
    held.write(tile for tile in changed if tile[0].level == 0)
    held.write([tile for tile in changed if tile[0].level > 0][:lost])
    found = Tree.recover(held, 66_000)
    assert (found.size, found.root()) == (tree.size, tree.root())
    held.write(repairs(held, found.size))
    assert root_at(found.size, held) == tree.root()
    assert repairs(held, found.size) == []


GROWING = """
import sys
from pathlib import Path
from stillwatch.ledger import FolderTiles
from stillwatch.ledger.merkle import Tree, leaf_hash, repairs
tiles = FolderTiles(Path(sys.argv[1]))
tree = Tree.recover(tiles, int(sys.argv[2]))
tiles.write(repairs(tiles, tree.size))
while True:
    leaves = [leaf_hash(n.to_bytes(4, "big")) for n in range(tree.size, tree.size + 97)]
    tiles.write(tree.append(leaves))
    print(tree.size, tree.root().hex(), flush=True)
"""


def test_a_killed_log_is_taken_up_from_its_tiles(tmp_path):
    said = 0
    for lines in (3, 11, 5):
        process = subprocess.Popen(  # noqa: S603 - our own text
            [sys.executable, "-c", GROWING, str(tmp_path / "log"), str(said)],
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            for _ in range(lines):
                size, top = process.stdout.readline().split()
            os.kill(process.pid, signal.SIGKILL)
        said = int(size)
        held = FolderTiles(tmp_path / "log")
        assert root(LEAVES[:said]).hex() == top == root_at(said, held).hex()
        left = Tree.recover(held, said)
        assert left.size >= said
        assert left.root() == root(LEAVES[: left.size])
