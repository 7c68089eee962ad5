"""Runs ``stillwatch demo`` and puts what it prints between README's two demo-output marks."""  # noqa: INP001

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- demo-output:start -->", "<!-- demo-output:end -->"


def replaced(text: str, output: str) -> str:
    """Return README's text with the demo's output between its marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n```text\n$ stillwatch demo\n{output.strip()}\n```\n{END}{after}"


def main() -> None:
    """Run the demo in an empty folder and rewrite README."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", "from stillwatch.cli import main; main()", "demo"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    output = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    README.write_text(replaced(README.read_text("utf-8"), output), "utf-8")


if __name__ == "__main__":
    main()
