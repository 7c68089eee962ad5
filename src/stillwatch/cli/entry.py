"""The ``stillwatch`` command: a lazy group, so that ``--help`` imports no kernel."""

from __future__ import annotations

import importlib
import sys

import click

from stillwatch.errors import StillwatchError

__all__ = ["main"]

COMMANDS: dict[str, str] = {
    "scan": "stillwatch.cli.scan",
    "state": "stillwatch.cli.state",
    "watch": "stillwatch.cli.watch",
    "backtest": "stillwatch.cli.backtest",
    "exercise": "stillwatch.cli.exercise",
    "observe": "stillwatch.cli.observe",
    "simulate": "stillwatch.cli.simulate",
    "evaluate": "stillwatch.cli.evaluate",
    "campaigns": "stillwatch.cli.campaigns",
    "account": "stillwatch.cli.account",
    "signatures": "stillwatch.cli.signatures",
    "match": "stillwatch.cli.match",
    "report": "stillwatch.cli.report",
    "alert": "stillwatch.cli.alert",
    "verdicts": "stillwatch.cli.verdicts",
    "vault": "stillwatch.cli.vault",
    "oprf": "stillwatch.cli.oprf",
    "witness": "stillwatch.cli.witness",
    "hub": "stillwatch.cli.hub",
    "exchange": "stillwatch.cli.exchange",
    "policy": "stillwatch.cli.policy",
    "measures": "stillwatch.cli.measures",
    "watermark": "stillwatch.cli.watermark",
    "provenance": "stillwatch.cli.provenance",
    "lineage": "stillwatch.cli.lineage",
    "evidence": "stillwatch.cli.evidence",
    "serve": "stillwatch.cli.serve",
    "updates": "stillwatch.cli.updates",
    "appeals": "stillwatch.cli.appeals",
    "store": "stillwatch.cli.store",
    "doctor": "stillwatch.cli.doctor",
    "console": "stillwatch.cli.console",
    "demo": "stillwatch.cli.demo",
}
"""Command name to the module that defines it as ``command``."""


class LazyGroup(click.Group):
    """Imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the command names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


@click.group(cls=LazyGroup, context_settings={"auto_envvar_prefix": "STILLWATCH"})
@click.version_option(package_name="stillwatch")
def cli() -> None:
    """Find, stop and prove adversarial distillation, and warn peers."""


def main() -> None:
    """Run the command line and turn known errors into their exit codes."""
    try:
        cli.main(standalone_mode=True)
    except StillwatchError as error:
        click.echo(error.diagnostics(), err=True)
        sys.exit(error.exit_code)
