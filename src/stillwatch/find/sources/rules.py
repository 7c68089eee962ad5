"""The numbered rules that every input row meets.

``R`` rules concern a row: a row that breaks one goes to quarantine and the first broken rule, in
the order below, is its reason.  ``C`` rules concern a cell: the row stays, the cell is repaired
or emptied, and only a count is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CELL_RULES",
    "DUPLICATE",
    "ID",
    "IDENTIFIER",
    "LATE_COLUMN",
    "MESSAGES",
    "NAIVE_TIME",
    "NEGATIVE",
    "NETWORK",
    "NUMBER",
    "OVERSIZE",
    "RANGE",
    "RECORD",
    "REQUIRED",
    "ROW_RULES",
    "TIME_FORMAT",
    "UTF8",
    "VOCABULARY",
    "Rule",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    number: str
    """``R-n`` for a rule about rows, ``C-n`` for one about cells."""
    slug: str
    """Reason code, as written to the quarantine file."""
    message: str
    """What is wrong, for a person."""


RECORD = Rule("R-1", "unreadable-record", "the record cannot be parsed")
REQUIRED = Rule("R-2", "missing-value", "a required value is missing")
ID = Rule("R-3", "bad-id", "an id is not usable text (invalid UTF-8, NUL, over 1 KiB) or not int64")
TIME_FORMAT = Rule("R-4", "unreadable-time", "the time cannot be read")
RANGE = Rule("R-5", "time-out-of-range", "the time is before 2015, after 2099 or in the future")
VOCABULARY = Rule("R-6", "unknown-type", "the value is none of those that the column allows")
DUPLICATE = Rule("R-7", "duplicate-id", "an earlier row has the same id")
IDENTIFIER = Rule("R-8", "bad-identifier", "the value is no e-mail address, E.164 phone or PAR")

ROW_RULES = (RECORD, REQUIRED, ID, TIME_FORMAT, RANGE, VOCABULARY, DUPLICATE, IDENTIFIER)
"""Rules about rows, in the order in which they are tried."""

UTF8 = Rule("C-1", "invalid-utf8", "bytes that are not UTF-8 were replaced by U+FFFD")
OVERSIZE = Rule("C-2", "oversize-text", "text over 1 MiB was cut to its head and tail")
NEGATIVE = Rule("C-3", "negative-number", "a negative number was emptied")
NUMBER = Rule("C-4", "not-a-number", "a value that is not a number or truth value was emptied")
NETWORK = Rule("C-5", "bad-ip", "a value that is not one IP address was emptied")
NAIVE_TIME = Rule("C-6", "naive-time", "a time without zone was taken as UTC")
MESSAGES = Rule("C-7", "unreadable-messages", "messages holds no user turn that can be read")
LATE_COLUMN = Rule("C-8", "late-column", "a column absent from the head of its file was left out")

CELL_RULES = (UTF8, OVERSIZE, NEGATIVE, NUMBER, NETWORK, NAIVE_TIME, MESSAGES, LATE_COLUMN)
"""Rules about cells."""
