"""Keyword rule: words that ask for reasoning in more than 30 % of the prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.worlds.evaluation.baselines.interface import Judgement
from stillwatch.worlds.evaluation.baselines.queries import per_account

if TYPE_CHECKING:
    from stillwatch.worlds.evaluation.baselines.interface import Log

__all__ = ["WORDS", "KeywordRule"]

WORDS = (
    "step by step", "step-by-step", "reasoning", "chain of thought", "chain-of-thought",
    "think through", "let's think", "show your work", "rationale", "explain your",
    "étape par étape", "raisonnement", "paso a paso", "razonamiento", "schritt für schritt",
    "begründe", "gedankengang", "passo a passo", "raciocínio", "passo dopo passo",
    "ragionamento", "шаг за шагом", "рассуждени", "逐步", "一步一步", "推理",
    "思考过程", "ステップ", "推論", "단계별", "추론", "خطوة بخطوة", "चरण दर चरण",
)  # fmt: skip
"""What an operator would list, in lower case."""


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """Flags accounts whose prompts often ask for reasoning.

    What it sees: elicitation that uses the listed words.  Who looks alike: evaluation
    harnesses, pupils, review bots.  What it misses: every other wording, and cover traffic.
    """

    slug: str = "keywords"
    """Name in tables."""
    source: str = "indicator lists"
    """Where the method comes from."""
    limit: float = 0.3
    """Share of prompts with a listed word that is still allowed."""

    def judge(self, log: Log) -> Judgement:
        """Judge every account of the log."""
        tests = " or ".join(
            "contains(lower(prompt), '{}')".format(w.replace("'", "''")) for w in WORDS
        )
        (share,) = per_account(log, f"avg(case when {tests} then 1.0 else 0.0 end)")
        return Judgement(flagged=share > self.limit, score=share)
