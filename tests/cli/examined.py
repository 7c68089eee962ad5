"""Running ``stillwatch doctor`` on made installations."""

from __future__ import annotations

import json
import os

from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import UnhealthyError


def examine(*words, **variables):
    """Run the doctor; return findings by id, and the run."""
    done = CliRunner(env=environment(variables)).invoke(
        cli, ["doctor", "--json", *(str(word) for word in words)]
    )
    assert done.exception is None or isinstance(done.exception, UnhealthyError | SystemExit), (
        done.exception
    )
    said = json.loads(done.stdout)
    found = {}
    for one in said["checks"]:
        found.setdefault(one["id"], []).append(one)
    bad = said["counts"]["fail"]
    assert isinstance(done.exception, UnhealthyError) == bool(bad), done.output
    return found


def environment(variables):
    own = {name: None for name in os.environ if name.startswith("STILLWATCH_")}
    return own | {f"STILLWATCH_{name}": str(value) for name, value in variables.items()}


def failed(found, number):
    """Return what a check says that failed, and that each says what to do."""
    bad = [one for one in found.get(number, ()) if one["level"] == "fail"]
    assert bad, found.get(number)
    assert all(one["said"] and one["todo"] for one in bad)
    return " | ".join(f"{one['said']} ({one['where']})" for one in bad)


def warned(found, number):
    bad = [one for one in found.get(number, ()) if one["level"] == "warn"]
    assert bad, found.get(number)
    assert all(one["said"] and one["todo"] for one in bad)
    return " | ".join(f"{one['said']} ({one['where']})" for one in bad)


def good(found, number):
    """Return what a check says that finds nothing wrong."""
    assert found.get(number), f"{number} says nothing"
    assert {one["level"] for one in found[number]} == {"ok"}, found[number]
    return " | ".join(one["said"] for one in found[number])
