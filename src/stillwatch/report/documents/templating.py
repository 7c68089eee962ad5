"""Where the templates of reports, papers and the console run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2

from stillwatch.report.documents import words
from stillwatch.report.documents.visible import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["environment"]


def environment(
    loader: jinja2.BaseLoader,
    finalize: Callable[..., object] | None,
    made_by: type[jinja2.Environment] = jinja2.Environment,
    **filters: Callable[..., Any],
) -> jinja2.Environment:
    """Return an environment that escapes every value, refuses missing ones, and knows our words.

    Args:
        loader: finds templates.
        finalize: takes each value that a template prints; None leaves them.
        made_by: kind of environment; a sandboxed one for templates that an operator may change.
        filters: more filters, by name.
    """
    made = made_by(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "amount": words.amount,
        "amount_range": words.amount_range,
        "count": words.count,
        "duration": words.duration,
        "log_value": words.log_value,
        "measure": words.measure,
        "money": words.money,
        "short": shorten,
        "spaced": words.spaced,
        "when": words.when,
        **filters,
    }
    made.globals["share"] = words.share
    return made
