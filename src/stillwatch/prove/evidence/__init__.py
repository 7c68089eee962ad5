"""Bundles: evidence that somebody who trusts nobody can check, offline.

`Collector` makes one, `sign` and `stamp` fix it in time, `verify` tries the numbered `STEPS`.
"""

from stillwatch.prove.evidence.case import Case, Draft, read_draft
from stillwatch.prove.evidence.changing import open_records, redact, sign, stamp
from stillwatch.prove.evidence.collecting import Collector
from stillwatch.prove.evidence.days import DayLog
from stillwatch.prove.evidence.digests import Digests, digests_of
from stillwatch.prove.evidence.keys import LocalSigner, PublicKey, Signer
from stillwatch.prove.evidence.layout import pack, unpack
from stillwatch.prove.evidence.legal import read_matrix
from stillwatch.prove.evidence.stamps import Authority, Stamp, ask, verify_stamp
from stillwatch.prove.evidence.statement import Envelope, SignerName, Statement
from stillwatch.prove.evidence.steps import STEPS
from stillwatch.prove.evidence.tables import Opening
from stillwatch.prove.evidence.tokens import TokenSigner
from stillwatch.prove.evidence.verifying import Outcome, Trust, verify

__all__ = [
    "STEPS",
    "Authority",
    "Case",
    "Collector",
    "DayLog",
    "Digests",
    "Draft",
    "Envelope",
    "LocalSigner",
    "Opening",
    "Outcome",
    "PublicKey",
    "Signer",
    "SignerName",
    "Stamp",
    "Statement",
    "TokenSigner",
    "Trust",
    "ask",
    "digests_of",
    "open_records",
    "pack",
    "read_draft",
    "read_matrix",
    "redact",
    "sign",
    "stamp",
    "unpack",
    "verify",
    "verify_stamp",
]
