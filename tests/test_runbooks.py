"""Commands that pages show and nobody can run beforehand exist, with the options shown."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import click
import pytest

from stillwatch.cli.entry import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "docs" / "how-to" / "incident-runbooks.md",
    ROOT / "docs" / "how-to" / "key-ceremonies.md",
    *sorted((ROOT / "docs" / "roles").glob("*.md")),
    *sorted((ROOT / "docs" / "templates").glob("*.md")),
]
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(stillwatch [^`]+)`")


def command_lines(text):
    """Return what stands after `stillwatch` in each command of a page."""
    lines = [
        part
        for block in BLOCK.findall(text)
        for line in block.replace("\\\n", " ").splitlines()
        for part in re.findall(r"\bstillwatch .*", line.partition(" # ")[0])
    ]
    return lines + INLINE.findall(BLOCK.sub("", text))


SHOWN = [(page.name, line) for page in PAGES for line in command_lines(page.read_text("utf-8"))]


def shown_wrong(line):
    """Say what is wrong with a command, None where nothing is."""
    line = re.sub(r"\$\([^)]*\)", "given", line)
    words = shlex.split(re.split(r" [|>] ?", line)[0])[1:]
    if words[0] in {"--version", "--help"}:
        return None
    command = importlib.import_module(COMMANDS[words[0]]).command
    rest = words[1:]
    while isinstance(command, click.Group):
        context = click.Context(command)
        if not rest or rest[0] not in command.list_commands(context):
            return None if not rest else f"no command {rest[0]}"
        command, rest = command.get_command(context, rest[0]), rest[1:]
    options = {flag: item for item in command.params for flag in (*item.opts, *item.secondary_opts)}
    at = 0
    while at < len(rest):
        if rest[at].startswith("--"):
            if rest[at] not in options:
                return f"no option {rest[at]}"
            item = options[rest[at]]
            taken = 0 if item.is_flag else item.nargs
            given = rest[at + 1 : at + 1 + taken]
            if isinstance(item.type, click.Choice) and not set(given) <= set(item.type.choices):
                return f"{rest[at]} is not {given}"
            at += taken
        at += 1
    return None


def test_there_are_commands_to_check():
    assert len(SHOWN) > 60
    assert {name for name, _ in SHOWN} >= {"incident-runbooks.md", "key-ceremonies.md"}


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=[f"{p}: {c[:60]}" for p, c in SHOWN])
def test_a_command_that_is_shown_exists(page, line):  # noqa: ARG001 - names the case
    assert shown_wrong(line) is None, line


@pytest.mark.parametrize(
    "line",
    [
        "stillwatch hub suspend --nonsense x",
        "stillwatch hub nonsense x",
        "stillwatch exchange recall id --reason nonsense",
    ],
)
def test_a_command_that_does_not_exist_is_seen(line):
    assert shown_wrong(line)


def test_every_incident_says_what_a_person_decides():
    text = (ROOT / "docs" / "how-to" / "incident-runbooks.md").read_text("utf-8")
    incidents = text.split("\n## ")[2:]
    assert len(incidents) >= 8
    for incident in incidents:
        assert "**Person**" in incident, incident.splitlines()[0]
