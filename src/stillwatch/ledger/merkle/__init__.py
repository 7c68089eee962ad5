"""The Merkle tree of RFC 6962, kept as tiles, and its proofs.

A tree is its tiles: 256 hashes of one level each (C2SP tlog-tiles). `Tree` holds the right edge
alone, says which tiles an append changes, and can be taken up again from tiles. Proofs read the
few tiles that they need. Nothing here does I/O; tiles come from a `Tiles`.
"""

from stillwatch.ledger.merkle.hashing import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from stillwatch.ledger.merkle.interface import TILE_WIDTH, MemoryTiles, Tile, Tiles, TileStore
from stillwatch.ledger.merkle.proofs import Reader, consistency_proof, inclusion_proof, root_at
from stillwatch.ledger.merkle.tree import Tree, repairs
from stillwatch.ledger.merkle.verifying import verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "TILE_WIDTH",
    "MemoryTiles",
    "Reader",
    "Tile",
    "TileStore",
    "Tiles",
    "Tree",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "repairs",
    "root_at",
    "verify_consistency",
    "verify_inclusion",
]
