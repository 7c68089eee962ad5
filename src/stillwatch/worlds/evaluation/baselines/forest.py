"""Isolation forest over aggregates of each account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import MissingExtraError
from stillwatch.worlds.evaluation.baselines.interface import Judgement
from stillwatch.worlds.evaluation.baselines.queries import log_columns, per_account

if TYPE_CHECKING:
    from stillwatch.worlds.evaluation.baselines.interface import Log

__all__ = ["IsolationForestTop"]

AGGREGATES = (
    ("time", "ln(1 + count(*))"),
    ("time", "count(distinct epoch_us(time) // 86400000000)::double"),
    ("time", "count(*)::double / count(distinct epoch_us(time) // 3600000000)"),
    ("time", "entropy((epoch_us(time) // 3600000000) % 24)"),
    ("prompt", "avg(length(prompt))"),
    ("prompt", "coalesce(stddev_pop(length(prompt)), 0)"),
    ("output_tokens", "avg(output_tokens)"),
    ("output_tokens", "coalesce(stddev_pop(output_tokens), 0)"),
    ("conversation_id", "count(distinct conversation_id)::double / count(*)"),
    ("system_prompt", "count(distinct system_prompt)::double"),
    ("model", "count(distinct model)::double"),
    ("ip", "count(distinct ip)::double"),
    ("user_agent", "count(distinct user_agent)::double"),
    ("temperature", "avg(temperature)"),
)
"""Column needed and SQL aggregate."""


@dataclass(frozen=True, slots=True)
class IsolationForestTop:
    """Flags the accounts that are easiest to isolate.

    What it sees: unusual accounts of any sort.  Who looks alike: every unusual customer.  What
    it misses: accounts that are ordinary one by one.
    Source: Liu, Ting and Zhou, ICDM 2008, as scikit-learn implements it.
    """

    slug: str = "isolation forest"
    """Name in tables."""
    source: str = "Liu, Ting and Zhou 2008"
    """Where the method comes from."""
    top: float = 0.1
    """Share of accounts flagged."""
    seed: int = 0
    """Of the forest."""

    def judge(self, log: Log) -> Judgement:
        """Judge every account of the log.

        Raises:
            MissingExtraError: scikit-learn is not installed.
        """
        try:
            from sklearn.ensemble import IsolationForest  # noqa: PLC0415  (optional dependency)
        except ImportError as error:
            what = "the isolation forest needs scikit-learn"
            todo = "pip install 'stillwatch[evaluate]'"
            raise MissingExtraError(what, todo=todo) from error
        columns = log_columns(log)
        used = [sql for column, sql in AGGREGATES if column in columns]
        features = np.column_stack(per_account(log, *used))
        active = features[:, 0] > 0
        flagged = np.zeros(len(features), dtype=np.bool_)
        score = np.zeros(len(features))
        if active.any():
            forest = IsolationForest(random_state=self.seed).fit(features[active])
            score[active] = -forest.score_samples(features[active])
            flagged[active] = score[active] > np.quantile(score[active], 1 - self.top)
        return Judgement(flagged=flagged, score=np.clip(score, 0.0, 1.0))
