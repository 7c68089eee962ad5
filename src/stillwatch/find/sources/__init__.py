"""Logs and account tables of any usual form → canonical Arrow batches.

A *format* turns files into raw batches (one module each, listed in :mod:`.registry`), *cleaning*
applies the numbered rules of :mod:`.rules`, and what breaks a rule goes to a :class:`Quarantine`.
"""

from stillwatch.find.sources.check import Ability, CheckReport, InputCheck, Need, check
from stillwatch.find.sources.exchanges import ExchangeSource, locate_exchanges, open_exchanges
from stillwatch.find.sources.mapping import ColumnMapping, load_mapping
from stillwatch.find.sources.quarantine import Quarantine
from stillwatch.find.sources.tables import (
    Events,
    align_account_ids,
    read_account_events,
    read_accounts,
    read_events,
    read_identifier_tokens,
    read_intelligence,
    read_provider_events,
)

__all__ = [
    "Ability",
    "CheckReport",
    "ColumnMapping",
    "Events",
    "ExchangeSource",
    "InputCheck",
    "Need",
    "Quarantine",
    "align_account_ids",
    "check",
    "load_mapping",
    "locate_exchanges",
    "open_exchanges",
    "read_account_events",
    "read_accounts",
    "read_events",
    "read_identifier_tokens",
    "read_intelligence",
    "read_provider_events",
]
