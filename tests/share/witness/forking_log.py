"""A log that can be made to show two histories, for tests of those who watch it."""

from __future__ import annotations

import copy

from stillwatch.ledger import Checkpoint, SigningKey
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.ledger.merkle import MemoryTiles, Tree, consistency_proof, leaf_hash, root_at
from stillwatch.share.witness import write_submission

LOG = SigningKey("hub.example/log", bytes(range(32)))


class ForkingLog:
    """A log whose operator keeps any number of branches."""

    def __init__(self, key=LOG, origin=None):
        self.key = key
        self.origin = origin or key.name
        self.tiles = MemoryTiles()
        self.tree = Tree()

    def grow(self, *entries):
        self.tiles.write(self.tree.append(map(leaf_hash, entries)))
        return self

    def fork(self):
        other = ForkingLog(self.key, self.origin)
        other.tiles._held = dict(self.tiles._held)
        other.tree = copy.copy(self.tree)
        other.tree._edge = list(self.tree._edge)
        return other

    def note(self, size=None, keys=None):
        size = self.tree.size if size is None else size
        checkpoint = Checkpoint(self.origin, size, root_at(size, self.tiles))
        return sign_checkpoint(checkpoint, [self.key] if keys is None else keys)

    def submission(self, old, size=None, keys=None):
        size = self.tree.size if size is None else size
        proof = consistency_proof(old, size, self.tiles) if old <= size else []
        return write_submission(old, proof, self.note(size, keys))

    async def prove(self, old, new):
        return consistency_proof(old, new, self.tiles)
