"""What ordinary traffic looks like, learned again whenever the log has grown by a quarter.

Robust throughout (medians, trimmed counts): up to seven in a hundred accounts may belong to
campaigns, and a null that follows them hides them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log
    from stillwatch.find.features.view import View

__all__ = ["answer_length_residuals", "refresh", "repeat_rate"]

_CLIP = 4.0
_LEAST_ROWS = 200


def refresh(view: View) -> None:
    """Learn the background from the rows that the view knows."""
    view.length[: view.rows] = answer_length_residuals(view.log, view.rows)
    view.repeat_rate = repeat_rate(view)


def answer_length_residuals(log: Log, rows: int) -> NDArray[np.float32]:
    """Return how long each answer is for such a prompt, in robust standard deviations.

    The expectation is the median of log answer length over prompts of about that length (half
    powers of two) to that model.  A fit on the form of the prompt was tried and took away
    half of what elicitation adds, since asking for structure is a form.

    Args:
        log: the observations.
        rows: rows known.

    Returns:
        (rows,) float32, clipped to +-4; 0 where the answer's length is unknown.
    """
    known = np.flatnonzero(log.output_tokens[:rows] >= 0)
    residual = np.zeros(rows, np.float32)
    if known.size == 0:
        return residual
    y = np.log1p(log.output_tokens[known].astype(np.float64))
    size = np.floor(2.0 * np.log2(log.form[known, 1].astype(np.float64) + 1.0)).astype(np.int64)
    coarse = size * 1024
    fine = coarse + log.model[known] + 1
    counts = dict(zip(*np.unique(fine, return_counts=True), strict=True))
    use_fine = np.array([counts[k] >= _LEAST_ROWS for k in counts])
    large = np.array(list(counts))[use_fine]
    key = np.where(np.isin(fine, large), fine, coarse)
    order = np.argsort(key, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        centre = np.median(y[part])
        spread = 1.4826 * np.median(np.abs(y[part] - centre)) + 0.1
        residual[known[part]] = np.clip((y[part] - centre) / spread, -_CLIP, _CLIP)
    return residual


def repeat_rate(view: View) -> float:
    """Return the probability that two exchanges of different accounts have the same text."""
    body = view.derived.body[: view.rows]
    account = view.log.account[: view.rows]
    body, account = body[body >= 0], account[body >= 0]
    if body.size < 2:
        return 0.0
    pairs = np.unique(body.astype(np.int64) * len(view.log.accounts) + account)
    _, counts = np.unique(pairs // len(view.log.accounts), return_counts=True)
    # the most popular texts belong to classes and newsletters, not to strangers' habits
    counts = counts[counts <= 8].astype(np.float64)
    n = float(counts.sum())
    return float((counts * (counts - 1)).sum() / max(n * (n - 1), 1.0))
