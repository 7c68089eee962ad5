"""What declared campaigns leave: kept, recognised in other exchanges, and compared."""

from stillwatch.find.signatures.attribution import Attribution, attribute
from stillwatch.find.signatures.evidence import Evidence, Traffic, evidence_for
from stillwatch.find.signatures.follow import Followed, Runs, follow
from stillwatch.find.signatures.match import Match, Matches, match
from stillwatch.find.signatures.rarity import Arrivals, pooled
from stillwatch.find.signatures.record import Signature, decode, encode, signature_schema
from stillwatch.find.signatures.store import Store, from_scan, read_signature, write_signature

__all__ = [
    "Arrivals",
    "Attribution",
    "Evidence",
    "Followed",
    "Match",
    "Matches",
    "Runs",
    "Signature",
    "Store",
    "Traffic",
    "attribute",
    "decode",
    "encode",
    "evidence_for",
    "follow",
    "from_scan",
    "match",
    "pooled",
    "read_signature",
    "signature_schema",
    "write_signature",
]
