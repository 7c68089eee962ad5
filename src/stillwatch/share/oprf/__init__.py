"""Pseudonyms of identifiers from an oblivious function whose key two operators share.

A member blinds identifiers, has both operators multiply them (`Member`), and gets what nobody can
compute alone. `Shared` says which of its pseudonyms peers have published.
"""

from stillwatch.share.oprf.client import Member, OperatorAddress, Pseudonym
from stillwatch.share.oprf.configuration import read_operators
from stillwatch.share.oprf.database import audit, connected
from stillwatch.share.oprf.epochs import Certificate, EpochRecord, Terms, current, opened
from stillwatch.share.oprf.home import Home, create
from stillwatch.share.oprf.identifiers import encode, normalise
from stillwatch.share.oprf.kinds import KINDS
from stillwatch.share.oprf.machine import register
from stillwatch.share.oprf.matching import Shared, packed
from stillwatch.share.oprf.meeting import meet
from stillwatch.share.oprf.operator import Operator
from stillwatch.share.oprf.quotas import DEFAULTS, Quota, days_to_enumerate, quota_table
from stillwatch.share.oprf.shares import KeyShare
from stillwatch.share.oprf.steps import Steps
from stillwatch.share.oprf.terms import (
    expect,
    pending,
    terms_in,
    terms_of_new,
    terms_of_refresh,
)
from stillwatch.share.oprf.wire import Counters

__all__ = [
    "DEFAULTS",
    "KINDS",
    "Certificate",
    "Counters",
    "EpochRecord",
    "Home",
    "KeyShare",
    "Member",
    "Operator",
    "OperatorAddress",
    "Pseudonym",
    "Quota",
    "Shared",
    "Steps",
    "Terms",
    "audit",
    "connected",
    "create",
    "current",
    "days_to_enumerate",
    "encode",
    "expect",
    "meet",
    "normalise",
    "opened",
    "packed",
    "pending",
    "quota_table",
    "read_operators",
    "register",
    "terms_in",
    "terms_of_new",
    "terms_of_refresh",
]
