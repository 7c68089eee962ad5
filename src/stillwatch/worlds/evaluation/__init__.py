"""How good verdicts are, on worlds whose truth is known."""

from stillwatch.worlds.evaluation.evaluating import (
    BASE_RATES,
    Evaluation,
    evaluate,
    evaluate_judged,
    evaluate_many,
    to_json,
)
from stillwatch.worlds.evaluation.judged import Judged, join, pool
from stillwatch.worlds.evaluation.reading import Truth, VerdictTable, read_truth, read_verdicts
from stillwatch.worlds.evaluation.tables import Table, comparison, markdown, tables, text

__all__ = [
    "BASE_RATES",
    "Evaluation",
    "Judged",
    "Table",
    "Truth",
    "VerdictTable",
    "comparison",
    "evaluate",
    "evaluate_judged",
    "evaluate_many",
    "join",
    "markdown",
    "pool",
    "read_truth",
    "read_verdicts",
    "tables",
    "text",
    "to_json",
]
