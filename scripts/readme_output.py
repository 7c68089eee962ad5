"""Puts what the demos print into README and the tutorial, between marks of their own.

Run ``python scripts/readme_output.py`` after a change to what ``stillwatch demo`` or
``stillwatch demo lineage`` prints.
"""  # noqa: INP001

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorial" / "prove-a-copy.md"
START, END = "<!-- demo-output:start -->", "<!-- demo-output:end -->"
LINEAGE = "<!-- lineage-output:start -->", "<!-- lineage-output:end -->"


def replaced(
    text: str, output: str, marks: tuple[str, str] = (START, END), command: str = "demo"
) -> str:
    """Return a page's text with a demo's output between its marks."""
    before, rest = text.split(marks[0])
    _, after = rest.split(marks[1])
    shown = f"```text\n$ stillwatch {command}\n{output.strip()}\n```"
    return f"{before}{marks[0]}\n{shown}\n{marks[1]}{after}"


def printed(*words: str) -> str:
    """Return what a demo prints in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", "from stillwatch.cli import main; main()", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def main() -> None:
    """Run the demos and rewrite the pages."""
    for page, marks, words in (
        (README, (START, END), ("demo",)),
        (TUTORIAL, LINEAGE, ("demo", "lineage")),
    ):
        text = page.read_text("utf-8")
        page.write_text(replaced(text, printed(*words), marks, " ".join(words)), "utf-8")


if __name__ == "__main__":
    main()
