"""An expert's report as PDF: what was verified, with what, its limits, and the figures.

The template is Typst and reads ``data.json``: values reach the page as text and are never markup.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

import stillwatch
from stillwatch.disk import read_small, write_whole
from stillwatch.errors import OutputError
from stillwatch.prove.evidence.verifying import opened, verify
from stillwatch.typesetting import Press, typeset

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.prove.evidence.verifying import Trust

__all__ = ["report_data", "write_report"]

_MOST_RESULTS = 2_000


def report_data(bundle: Path, trust: Trust) -> dict[str, Any]:
    """Return what a template reads: the steps, the case, the results; JSON.

    Raises:
        RefusedError: E-1 to E-3, E-10 the bundle cannot be read.
    """
    held = opened(bundle, trust)
    names = {one.name for one in held.statement.subject}
    results = "parts/lineage/results.json"
    tested = json.loads(held.read(results, "E-18")) if results in names else {}
    return {
        "stillwatch": stillwatch.__version__,
        "statement": msgspec.to_builtins(held.statement.predicate),
        "keys": [one.public().key_id for one in held.statement.predicate.signers],
        "case": msgspec.to_builtins(held.case),
        "steps": [
            {"step": one.step, "held": one.held, "detail": one.detail}
            for one in verify(bundle, trust)
        ],
        "results": tested.get("results", [])[:_MOST_RESULTS],
        "parts": [[one.name, one.digest.sha256] for one in held.statement.subject][:_MOST_RESULTS],
    }


def write_report(bundle: Path, trust: Trust, out: Path, template: Path | None = None) -> None:
    """Write the report of a bundle.

    Args:
        bundle: the bundle; it is verified, and what fails is printed first.
        trust: keys and authorities that the expert knows from elsewhere.
        out: PDF file.
        template: Typst file instead of the shipped one; it can read ``data.json`` alone.

    Raises:
        MissingExtraError: typst is not installed.
        ConfigurationError: the template does not compile.
        OutputError: the file cannot be written.
    """
    shipped = files("stillwatch.prove.evidence").joinpath("report.typ").read_bytes()
    text = shipped if template is None else read_small(template, "the template")
    where = str(template or "report.typ")
    made = typeset(text, report_data(bundle, trust), Press("prove-report"), where=where)
    try:
        write_whole(out, made)
    except OSError as error:
        raise OutputError(
            f"the report cannot be written: {error.strerror}",
            where=str(out),
            todo="name a file in a folder that you can write to",
        ) from error
