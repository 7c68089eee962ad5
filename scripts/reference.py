"""Writes the pages cli, columns and detectors of docs/reference from the code they describe.

Run ``python scripts/reference.py`` after a change to an option, a column, an error or a detector;
``tests/test_docs.py`` fails until the pages agree with the code.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path

import click

from stillwatch import errors, records
from stillwatch.cli.entry import COMMANDS, cli
from stillwatch.find.detectors import DETECTORS
from stillwatch.find.features.observe import OBSERVATION_VERSION, observation_schema
from stillwatch.report.documents import ACTIVITY, FINDINGS_SCHEMA

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- written by scripts/reference.py; change the code instead -->"


def cli_page() -> str:
    """Return the page of commands, options and exit codes."""
    lines = [NOTE, "# Command line", ""]
    lines += [
        "Data go to standard output and words for people to standard error. Every option can be",
        "given as the environment variable beside it.",
    ]
    root = click.Context(cli, info_name="stillwatch", auto_envvar_prefix="STILLWATCH")
    for name, module in COMMANDS.items():
        if importlib.util.find_spec(module) is not None:
            lines += _command(importlib.import_module(module).command, name, root)
    lines += ["", "## Exit codes", "", "| code | name | meaning |", "|---|---|---|"]
    lines += ["| 0 | | success |", "| 2 | | the command line is not understood |"]
    found = [getattr(errors, name) for name in errors.__all__]
    for error in sorted(found, key=lambda item: int(item.exit_code)):
        meaning = (inspect.getdoc(error) or "").splitlines()[0].rstrip(".")
        lines.append(f"| {error.exit_code} | `{error.__name__}` | {meaning} |")
    return "\n".join(lines) + "\n"


def columns_page() -> str:
    """Return the page of input and output columns."""
    lines = [NOTE, "# Columns", ""]
    lines += [
        "Times are microseconds since 1970-01-01, UTC. A column that is not required may be",
        "absent, wholly or by value; unknown columns are carried. A family is the only one whose",
        "detectors read the column; none means that all may.",
    ]
    inputs = {
        "Exchanges": records.EXCHANGE,
        "Accounts": records.ACCOUNT,
        "Account events": records.ACCOUNT_EVENT,
        "Provider events": records.PROVIDER_EVENT,
        "Identifier tokens": records.IDENTIFIER_TOKEN,
        "Intelligence": records.INTELLIGENCE,
    }
    for title, fields in inputs.items():
        lines += ["", f"## {title}", "", "| column | type | required | family | holds |"]
        lines.append("|---|---|---|---|---|")
        for field in fields:
            required = "yes" if field.required else ""
            row = (f"`{field.name}`", f"`{field.type}`", required, field.family or "", field.doc)
            lines.append("| " + " | ".join(row) + " |")
    lines += ["", f"## Observations, version {OBSERVATION_VERSION}", "", "| column | type |"]
    lines.append("|---|---|")
    account_type = records.ACCOUNT[0].type
    lines += [f"| `{field.name}` | `{field.type}` |" for field in observation_schema(account_type)]
    outputs = {
        "verdicts.parquet": records.verdict_schema(records.ACCOUNT[0].type),
        "findings.parquet": FINDINGS_SCHEMA,
    }
    for title, schema in outputs.items():
        lines += ["", f"## {title}", "", "| column | type | may be null |", "|---|---|---|"]
        for column in schema:
            null = "yes" if column.nullable else ""
            lines.append(f"| `{column.name}` | `{column.type}` | {null} |")
    lines += ["", "## Activity, an argument of `write_scan`", "", "| column | type | holds |"]
    lines.append("|---|---|---|")
    lines += [f"| `{field.name}` | `{field.type}` | {field.doc} |" for field in ACTIVITY]
    return "\n".join(lines) + "\n"


def detectors_page() -> str:
    """Return the page of detectors."""
    lines = [NOTE, "# Detectors", ""]
    lines += [
        "Each asks one question of every group, and abstains where it has too little to judge.",
        "What it measured is compared with crowds of ordinary accounts. The nats that it may add",
        "are `BOUNDS` in `find/campaigns/judge.py`; one with 0 to 0 is measured and has no say.",
    ]
    for family in dict.fromkeys(detector.family for detector in DETECTORS):
        lines += ["", f"## {family.capitalize()}", ""]
        lines += ["| detector | sees | reads | who looks alike | rests on |"]
        lines.append("|---|---|---|---|---|")
        for detector in (d for d in DETECTORS if d.family == family):
            reads = ", ".join(f"`{name}`" for name in sorted(detector.reads))
            words = (detector.sees, reads, detector.innocent, detector.source)
            lines.append(f"| `{detector.slug}` | " + " | ".join(words) + " |")
    return "\n".join(lines) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> list[str]:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    help_text = inspect.cleandoc(command.help or "")
    lines = ["", f"## {context.command_path}", "", help_text]
    if not isinstance(command, click.Group) or command.invoke_without_command:
        lines += ["", f"Usage: `{context.command_path} {usage}`"]
        options = [item for item in command.params if isinstance(item, click.Option)]
        if options:
            lines += ["", "| option | environment | default | meaning |", "|---|---|---|---|"]
            lines += [_option(option, context) for option in options]
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            subcommand = command.get_command(context, child)
            if subcommand is not None:
                lines += _command(subcommand, child, context)
    return lines


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if not option.is_flag:
        names += f" {option.make_metavar(context)}"
    variable = f"`{context.auto_envvar_prefix}_{(option.name or '').upper()}`"
    default = "required" if option.required else ""
    if not option.required and isinstance(option.default, str | int | float | Path):
        default = "" if option.is_flag else f"`{option.default}`"
    cells = (names, variable, default, option.help or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    """Write the pages."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    (REFERENCE / "cli.md").write_text(cli_page(), "utf-8")
    (REFERENCE / "columns.md").write_text(columns_page(), "utf-8")
    (REFERENCE / "detectors.md").write_text(detectors_page(), "utf-8")


if __name__ == "__main__":
    main()
