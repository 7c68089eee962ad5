"""Keys, signatures, Merkle logs: what makes a statement somebody's, and a log one log for all.

>>> from stillwatch.ledger import SigningKey, merkle
"""

from stillwatch.ledger import commitments, merkle, requests
from stillwatch.ledger.canonical import canonical
from stillwatch.ledger.commitments import commit
from stillwatch.ledger.keys import COSIGNATURE, NOTE, SigningKey, VerifyKey

__all__ = [
    "COSIGNATURE",
    "NOTE",
    "SigningKey",
    "VerifyKey",
    "canonical",
    "commit",
    "commitments",
    "merkle",
    "requests",
]
