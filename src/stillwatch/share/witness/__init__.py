"""A witness of transparency logs: cosigns what continues, remembers, and refuses the rest."""

from stillwatch.share.witness.client import ask_witness
from stillwatch.share.witness.core import Cosigned, StaleError, admit, judge
from stillwatch.share.witness.memory import LogState, Memory
from stillwatch.share.witness.server import witness_app
from stillwatch.share.witness.submission import Submission, parse_submission, write_submission

__all__ = [
    "Cosigned",
    "LogState",
    "Memory",
    "StaleError",
    "Submission",
    "admit",
    "ask_witness",
    "judge",
    "parse_submission",
    "witness_app",
    "write_submission",
]
