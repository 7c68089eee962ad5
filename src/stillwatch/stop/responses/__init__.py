"""What is done about a verdict: the policy, who approved what, and how it looks on the wire."""

from stillwatch.stop.responses.answers import AnswerFilter, phrase_check
from stillwatch.stop.responses.effects import effect_of, unavailable
from stillwatch.stop.responses.gate import Gate
from stillwatch.stop.responses.governance import Case, Governance, Permission
from stillwatch.stop.responses.measures import NOTHING_IN_FORCE, Measure, MeasuresInForce
from stillwatch.stop.responses.people import Analysts, read_analysts
from stillwatch.stop.responses.policy import DEFAULT, Lost, Policy
from stillwatch.stop.responses.policy_signing import read_policy, sign_policy
from stillwatch.stop.responses.reasons import Statement, statement_of

__all__ = [
    "DEFAULT",
    "NOTHING_IN_FORCE",
    "Analysts",
    "AnswerFilter",
    "Case",
    "Gate",
    "Governance",
    "Lost",
    "Measure",
    "MeasuresInForce",
    "Permission",
    "Policy",
    "Statement",
    "effect_of",
    "phrase_check",
    "read_analysts",
    "read_policy",
    "sign_policy",
    "statement_of",
    "unavailable",
]
