"""Reports as files."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillwatch.disk import read_small
from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.folder import RESULTS, file_digest
from stillwatch.prove.lineage.querying.transcripts import read_lines
from stillwatch.prove.lineage.reporting.document import document_of
from stillwatch.prove.lineage.reporting.rendering import as_data, as_html, as_markdown, as_text
from stillwatch.typesetting import Press, typeset

if TYPE_CHECKING:
    from stillwatch.prove.lineage.folder import Folder

__all__ = ["FORMATS", "report_of"]

FORMATS = ("text", "markdown", "html", "pdf")
"""What a report may be written as."""

_TITLE = "Was the model trained on our answers?"
_MOST = 1 << 28
_SHORT = 300


def report_of(folder: Folder, kind: str, examples: int = 0) -> bytes:
    """Return the report of a folder's results.

    Args:
        folder: plan, transcripts and results.
        kind: of `FORMATS`.
        examples: answers of each suspect that are printed.

    Raises:
        SourceNotFoundError: there are no results.
        RefusedError: T-10 they are of another plan or other transcripts, or not in their form.
        MissingExtraError: PDF needs typst.
    """
    results = _results(folder)
    sections = document_of(folder.plan, results, _examples(folder, examples))
    if kind == "pdf":
        return _pdf(as_data(_TITLE, sections))
    render = {"text": as_text, "markdown": as_markdown, "html": as_html}[kind]
    return render(_TITLE, sections).encode()


def _results(folder: Folder) -> dict[str, Any]:
    raw = read_small(folder.path / RESULTS, "the results", _MOST)
    try:
        held: dict[str, Any] = json.loads(raw)
        same = held["plan"] == folder.plan.digest
        for name, digest in held["transcripts"].items():
            same = same and file_digest(folder.path / "transcripts" / Path(name).name) == digest
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise RefusedError("T-10", f"results are not in their form: {error}") from error  # T-10
    if not same:  # T-10
        raise RefusedError(
            "T-10",
            "the results are of another plan or of other transcripts",
            where=str(folder.path),
            todo="run `stillwatch lineage test` again",
        )
    return held


def _examples(folder: Folder, many: int) -> list[tuple[str, str, str]]:
    found = []
    for model in folder.plan.models if many else ():
        if model.role != "suspect":
            continue
        left = many
        for line in read_lines(folder.transcript(model), folder.plan.digest, model.name):
            if line.outcome == "answered" and left:
                left -= 1
                found.append((model.name, line.request[:_SHORT], line.said().text[:_SHORT]))
    return found


def _pdf(data: dict[str, object]) -> bytes:
    template = files("stillwatch.prove.lineage.reporting").joinpath("report.typ").read_bytes()
    return typeset(template, data, Press("prove-report"), where="report.typ")
