"""Proofs are checked here, from hashes alone (RFC 9162 2.1.3.2, 2.1.4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.merkle.hashing import EMPTY_ROOT, HASH_BYTES, node_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["verify_consistency", "verify_inclusion"]

_MOST = 1 << 62


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse a proof that a leaf is in a tree, unless it holds (RFC 9162 2.1.3.2).

    Args:
        leaf: the leaf's hash, 32 bytes.
        index: its place, from 0.
        size: leaves of the tree.
        proof: hashes from the leaf upwards, 32 bytes each.
        root: the tree's root, from a checkpoint that was verified.

    Raises:
        RefusedError: L-9 the proof does not hold.
    """
    if not 0 <= index < size <= _MOST or len(leaf) != HASH_BYTES:  # L-9
        raise RefusedError("L-9", "an inclusion proof is of no leaf of the tree")
    found = leaf
    for step, left in _climb(index, size - 1, _hashes(proof, "L-9"), "L-9"):
        found = node_hash(step, found) if left else node_hash(found, step)
    if found != root:  # L-9
        raise RefusedError("L-9", "an inclusion proof does not lead to the checkpoint's root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Refuse a proof that a tree continues an older one, unless it holds (RFC 9162 2.1.4.2).

    Args:
        old: leaves of the older tree.
        new: leaves of the newer tree.
        old_root: the older one's root, 32 bytes.
        new_root: the newer one's root, 32 bytes.
        proof: hashes, 32 bytes each; empty where the older tree is empty or they are equal.

    Raises:
        RefusedError: L-11 the sizes are equal and the roots are not, or the root of no leaves is
            wrong: two views of one log; L-10 the proof does not hold.
    """
    _check_heads(old, new, old_root, new_root)
    steps = _hashes(proof, "L-10")
    if old in {0, new}:
        if steps:  # L-10
            raise RefusedError("L-10", "a consistency proof is too long")
        return
    if old & (old - 1) == 0:
        steps = [old_root, *steps]
    if not steps:  # L-10
        raise RefusedError("L-10", "a consistency proof is empty")
    # the last whole subtree of the older tree: what is right of it inside is not in the proof
    shared = (~(old - 1) & old).bit_length() - 1
    before = after = steps[0]
    for step, left in _climb((old - 1) >> shared, (new - 1) >> shared, steps[1:], "L-10"):
        if left:
            before = node_hash(step, before)
        after = node_hash(step, after) if left else node_hash(after, step)
    if before != old_root or after != new_root:  # L-10
        raise RefusedError("L-10", "a consistency proof does not lead from root to root")


def _check_heads(old: int, new: int, old_root: bytes, new_root: bytes) -> None:
    """Refuse sizes and roots that no proof could join."""
    if not 0 <= old <= new <= _MOST:  # L-10
        raise RefusedError("L-10", f"a tree of {new} leaves does not continue one of {old}")
    if (old == 0 and old_root != EMPTY_ROOT) or (new == 0 and new_root != EMPTY_ROOT):  # L-11
        raise RefusedError("L-11", "a tree without leaves has another root")
    if old == new and old_root != new_root:  # L-11
        raise RefusedError("L-11", f"two views of one log: other roots at {old} leaves")


def _climb(
    place: int, last: int, steps: Sequence[bytes], rule: str
) -> Iterator[tuple[bytes, bool]]:
    """Yield each step from a node to the root, and whether it joins from the left.

    Args:
        place: the node's place among those of its height.
        last: place of the last node of that height.
        steps: hashes from the node upwards.
        rule: broken by too few steps or too many.
    """
    for step in steps:
        if last == 0:
            raise RefusedError(rule, "a proof is too long")
        left = place & 1 == 1 or place == last
        yield step, left
        while left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last:
        raise RefusedError(rule, "a proof is too short")


def _hashes(proof: Sequence[bytes], rule: str) -> list[bytes]:
    """Return a proof's hashes after a look at their form."""
    if len(proof) > 63 or any(len(step) != HASH_BYTES for step in proof):
        raise RefusedError(rule, "a proof is not at most 63 hashes of 32 bytes")
    return list(proof)
