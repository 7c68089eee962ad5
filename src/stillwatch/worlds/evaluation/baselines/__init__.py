"""What a user could do today, run on the same worlds."""

from stillwatch.worlds.evaluation.baselines.running import BASELINES, evaluate_baselines

__all__ = ["BASELINES", "evaluate_baselines"]
