"""Documentation tells the truth: every block runs, every option and file is written down."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from stillwatch.cli.entry import COMMANDS
from stillwatch.report.documents import write_scan

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
RUNS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
SHOWN = {"text", "json", "toml", "sql", "csv", "mermaid"}
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- [^>]*not run[^>]*: [^>]{10,} -->\s*$")
GIVEN = "<!-- given: an example scan in out/ -->"


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    excused: bool


def relative(path):
    return str(path.relative_to(ROOT))


def blocks(text):
    return [
        Block(match[1], match[2], bool(NOT_RUN.search(text[: match.start()])))
        for match in FENCE.finditer(text)
    ]


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def example_scan(folder):
    sys.path.insert(0, str(ROOT / "tests" / "report"))
    try:
        example = importlib.import_module("example_scan")
    finally:
        sys.path.pop(0)
    result, activity = example.example_scan()
    write_scan(result, folder / "out", activity)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_blocks_name_their_language(page):
    text = page.read_text("utf-8")
    assert text.count("\n```") % 2 == 0
    assert {block.language for block in blocks(text)} <= set(RUNS) | SHOWN


WITH_CODE = [
    page
    for page in PAGES
    if any(b.language in RUNS and not b.excused for b in blocks(page.read_text("utf-8")))
]


@pytest.mark.parametrize("page", WITH_CODE, ids=relative)
def test_blocks_run(page, tmp_path):
    text = page.read_text("utf-8")
    if GIVEN in text:
        example_scan(tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for block in blocks(text):
        if block.language not in RUNS or block.excused:
            continue
        done = subprocess.run(  # noqa: S603 - our own text
            [*RUNS[block.language], block.code],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"{block.code}\n{done.stdout}\n{done.stderr}"


def test_a_block_is_excused_only_with_a_reason():
    fence = "```sh\nfalse\n```\n"
    assert blocks(f"<!-- not run: it needs a cluster -->\n{fence}")[0].excused
    assert not blocks(f"<!-- not run: -->\n{fence}")[0].excused
    assert not blocks(f"<!-- not run: it needs a cluster -->\n\nwords\n\n{fence}")[0].excused
    assert not blocks(fence)[0].excused


@pytest.mark.parametrize("page", ["cli", "columns", "detectors"])
def test_generated_references_are_current(page):
    wanted = getattr(script("reference"), f"{page}_page")()
    written = (ROOT / "docs" / "reference" / f"{page}.md").read_text("utf-8")
    assert written == wanted, "run python scripts/reference.py"


def leaves(command, path):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from leaves(command.get_command(context, name), f"{path} {name}")


@pytest.mark.parametrize(("name", "module"), COMMANDS.items(), ids=list(COMMANDS))
def test_every_command_and_option_is_documented_and_helped(name, module):
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    for path, command in leaves(importlib.import_module(module).command, f"stillwatch {name}"):
        section = page.partition(f"## {path}\n")[2].partition("\n## ")[0]
        assert section, path
        assert command.help, path
        for option in (item for item in command.params if isinstance(item, click.Option)):
            assert option.help, (path, option.name)
            assert all(f"`{flag}`" in section for flag in option.opts), (path, option.name)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_relative_links_lead_somewhere(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert (page.parent / target).exists(), target


def test_every_page_is_reached_from_the_index():
    index = "".join(
        (ROOT / "docs" / name).read_text("utf-8") for name in ("index.md", "decisions/index.md")
    )
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page.name != "index.md"]
    assert [relative(page) for page in pages if page.name not in index] == []


def test_decisions_are_one_page_and_numbered():
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text("utf-8")
        assert len(text.splitlines()) <= 80
        assert text.startswith(f"# {page.name[:4]} ")
        for heading in ("Status: ", "## Question", "## Considered", "## Decision", "## Consequ"):
            assert heading in text, (page.name, heading)


@pytest.mark.parametrize("number", ["one", "two"])
def test_readme_has_the_two_commands(number):
    done = subprocess.run(  # noqa: S603 - our own text
        [str(ROOT / "scripts" / "readme-command"), number],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("python -m pip install")
    assert done.stdout.count("\n") == 1


def test_readme_output_is_replaced_between_its_marks():
    module = script("readme_output")
    text = (ROOT / "README.md").read_text("utf-8")
    once = module.replaced(text, "found 3 of 3\n")
    assert "$ stillwatch demo\nfound 3 of 3\n```" in once
    assert module.replaced(once, "found 3 of 3\n") == once
    assert text.partition(module.START)[0] == once.partition(module.START)[0]
    assert text.partition(module.END)[2] == once.partition(module.END)[2]
