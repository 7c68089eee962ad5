"""The command line: one module a command."""

from stillwatch.cli.entry import main

__all__ = ["main"]
