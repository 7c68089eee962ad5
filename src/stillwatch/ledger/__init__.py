"""Keys, signatures, Merkle logs: what makes a statement somebody's, and a log one log for all.

>>> from stillwatch.ledger import SigningKey, checkpoints, merkle
"""

from stillwatch.ledger import (
    checkpoints,
    commitments,
    cosignatures,
    dsse,
    merkle,
    notes,
    requests,
    tiles,
)
from stillwatch.ledger.canonical import canonical
from stillwatch.ledger.checkpoints import Checkpoint
from stillwatch.ledger.commitments import commit
from stillwatch.ledger.folder import FolderTiles
from stillwatch.ledger.keys import COSIGNATURE, NOTE, SigningKey, VerifyKey
from stillwatch.ledger.notes import Note

__all__ = [
    "COSIGNATURE",
    "NOTE",
    "Checkpoint",
    "FolderTiles",
    "Note",
    "SigningKey",
    "VerifyKey",
    "canonical",
    "checkpoints",
    "commit",
    "commitments",
    "cosignatures",
    "dsse",
    "merkle",
    "notes",
    "requests",
    "tiles",
]
