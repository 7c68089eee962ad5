"""``stillwatch serve``: the decision service beside the gateway."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stillwatch.cli.extras import extra

__all__ = ["command"]


@click.command("serve")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="serve.toml; without one, shadow mode on this machine alone.",
)
@click.option("--check", is_flag=True, help="Read the settings and the policy, and end.")
def command(config: Path | None, *, check: bool) -> None:
    """Decide requests for gateways until told to end; each listener is a line of output."""
    with extra("serve", "the decision service needs"):
        from stillwatch.stop.service.logs import start_logs  # noqa: PLC0415 - help loads nothing
        from stillwatch.stop.service.metrics import Metrics  # noqa: PLC0415
        from stillwatch.stop.service.running import serve  # noqa: PLC0415
        from stillwatch.stop.service.settings import Settings, read_settings  # noqa: PLC0415
    from stillwatch.stop.responses import read_analysts, read_policy  # noqa: PLC0415

    settings = Settings() if config is None else read_settings(config)
    if check:
        analysts = None if settings.analysts is None else read_analysts(settings.analysts)
        if settings.policy is not None:
            read_policy(settings.policy, analysts)
        click.echo("the settings can be used", err=True)
        return
    metrics = Metrics()
    logs = start_logs(settings.log, sys.stderr, metrics.logs_dropped.inc)
    try:
        serve(settings, metrics, click.echo)
    finally:
        logs.stop()
