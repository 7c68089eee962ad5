"""What is done about a verdict: the policy, who approved what, and how it looks on the wire."""

from stillwatch.stop.responses.people import Analysts, read_analysts
from stillwatch.stop.responses.policy import DEFAULT, Lost, Policy
from stillwatch.stop.responses.policy_signing import read_policy, sign_policy

__all__ = [
    "DEFAULT",
    "Analysts",
    "Lost",
    "Policy",
    "read_analysts",
    "read_policy",
    "sign_policy",
]
