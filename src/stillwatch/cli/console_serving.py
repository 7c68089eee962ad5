"""``stillwatch console serve``: the pages, and what keeps them fed."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.console_cases import database_option
from stillwatch.errors import ConfigurationError, StillwatchError
from stillwatch.listening import listen, url_of

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Sequence

    from stillwatch.report.console.cases import Sources
    from stillwatch.report.console.web import Desk, WebSettings
    from stillwatch.report.console.web.trial import Trials
    from stillwatch.stop.responses.trial import Affected
    from stillwatch.store import Database

__all__ = ["serve"]

_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)
_MINUTE = 60_000_000


@click.command("serve")
@database_option
@click.option("--results", type=_folder, help="Output folder of `stillwatch scan`, followed.")
@click.option("--state", type=_folder, help="State folder of the scans, for their revisions.")
@click.option("--measures", help="Database of `stillwatch measures`.")
@click.option("--analysts", type=_file, help="TOML file of who may sign measures.")
@click.option("--policy", type=_file, help="Policy that stands; pages begin with it.")
@click.option("--appeals", help="Database of `stillwatch appeals`.")
@click.option("--exchange", type=_folder, help="Home folder of this member of an exchange.")
@click.option(
    "--attribution", type=_file, help="What `stillwatch signatures attribute --json` printed."
)
@click.option(
    "--gateway",
    "gateways",
    multiple=True,
    metavar="NAME=URL",
    help="Address that answers 200 while a gateway is ready; may be repeated.",
)
@click.option("--recording", help="Recorded exchanges on which policies are tried.")
@options.accounts
@click.option("--cohorts", help="Column of the account table by which trials are told, like plan.")
@options.mapping
@options.format_name
@click.option("--openid", type=_file, help="TOML file that names the identity provider.")
@click.option("--no-passwords", is_flag=True, help="Let nobody sign in with a password.")
@click.option("--origin", help="Scheme and authority under which browsers reach the console.")
@click.option(
    "--idle-minutes",
    default=30,
    show_default=True,
    type=click.IntRange(1, 24 * 60),
    help="A session ends after so long without a request.",
)
@click.option(
    "--session-hours",
    default=12,
    show_default=True,
    type=click.IntRange(1, 24 * 7),
    help="A session ends so long after the sign-in.",
)
@click.option(
    "--every",
    default=20,
    show_default=True,
    type=click.IntRange(1, 3600),
    help="Seconds between looks for new results.",
)
@options.listening(8722)
def serve(
    database: str,
    openid: Path | None,
    origin: str | None,
    idle_minutes: int,
    session_hours: int,
    every: int,
    host: str,
    port: int,
    tls: tuple[Path, Path] | None,
    *,
    no_passwords: bool,
    **more: Any,  # noqa: ANN401 - the options of sources and of trials
) -> None:
    """Serve the pages until told to end; the URL is the first line printed.

    Makes the tables where there are none, and on a console without people a first account, whose
    password is printed once.
    """
    from stillwatch.report.console.cases.log import prepare  # noqa: PLC0415
    from stillwatch.report.console.web import WebSettings, people  # noqa: PLC0415
    from stillwatch.report.console.web.sessions import Lifetimes  # noqa: PLC0415
    from stillwatch.store import Database  # noqa: PLC0415

    if no_passwords and openid is None:
        raise ConfigurationError(
            "nobody could sign in", where="--no-passwords", todo="give --openid, too"
        )
    sources = _sources(database, more)
    trials = _trials(more)
    store = Database(database)
    try:
        store.now(prepare)
        store.now(people.prepare)
        bound = listen(host, port, tls)
        url = (origin or url_of(bound, tls)).rstrip("/")
        lives = Lifetimes(idle_minutes * _MINUTE, session_hours * 60 * _MINUTE)
        settings = WebSettings(url, local=not no_passwords, lives=lives)
        first = None if no_passwords else store.now(people.first, time.time_ns() // 1000)
        if first is not None:
            click.echo(f"first account: {first[0]}, password: {first[1]}", err=True)

        async def run() -> None:
            async with _desk(settings, store, sources, openid, trials) as desk:
                click.echo(url_of(bound, tls))
                await _served(desk, bound, tls, sources, every)

        asyncio.run(run())
    finally:
        store.close()


@contextlib.asynccontextmanager
async def _desk(
    settings: WebSettings,
    store: Database,
    sources: Sources,
    openid: Path | None,
    trials: Trials | None,
) -> AsyncIterator[Desk]:
    import httpx  # noqa: PLC0415 - of extras

    from stillwatch.report.console.cases.stored import StoredCases  # noqa: PLC0415
    from stillwatch.report.console.web import Desk, Pages  # noqa: PLC0415
    from stillwatch.report.console.web.openid import Provider  # noqa: PLC0415
    from stillwatch.report.console.web.openid_file import read_provider  # noqa: PLC0415

    cases = StoredCases(store, sources)
    async with httpx.AsyncClient(timeout=10.0) as client:
        provider = None if openid is None else Provider(read_provider(openid), client)
        try:
            yield Desk(settings, cases, store, Pages(), provider=provider, trials=trials)
        finally:
            cases.close()


async def _served(
    desk: Desk,
    bound: socket.socket,
    tls: tuple[Path, Path] | None,
    sources: Sources,
    every: int,
) -> None:
    import uvicorn  # noqa: PLC0415 - of extras

    from stillwatch.heads import configuration  # noqa: PLC0415
    from stillwatch.report.console.web import console  # noqa: PLC0415

    config = configuration(
        console(desk), tls, lifespan="off", limit_concurrency=256, timeout_graceful_shutdown=10
    )
    following = asyncio.create_task(_followed(desk.database, sources, every))
    try:
        await uvicorn.Server(config).serve([bound])
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


async def _followed(store: Database, sources: Sources, every: int) -> None:
    """Take in what is new, until cancelled; what cannot be read is told once and tried again."""
    from stillwatch.report.console.cases.loading import refresh  # noqa: PLC0415

    stood, said = "", ""
    while True:
        stands = _stands(sources)
        # the results of a scan are read only when they are others: they may be large
        asked = sources if stands != stood else replace(sources, results=None, attribution=None)
        try:
            await store.write(refresh, asked, now=time.time_ns() // 1000, who="console")
            stood, said = stands, ""
        except StillwatchError as error:
            if error.diagnostics() != said:
                said = error.diagnostics()
                click.echo(said, err=True)
        await asyncio.sleep(every)


def _stands(sources: Sources) -> str:
    named = [
        sources.results / "campaigns.json" if sources.results else None,
        sources.results / "verdicts.parquet" if sources.results else None,
        sources.attribution,
    ]
    found = []
    for path in named:
        with contextlib.suppress(OSError):
            if path is not None:
                stat = path.stat()
                found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return repr(found)


def _sources(database: str, more: dict[str, Any]) -> Sources:
    from stillwatch.report.console.cases import Sources  # noqa: PLC0415

    gateways = {}
    for text in more["gateways"]:
        name, _, url = text.partition("=")
        if not name or not url.startswith(("http://", "https://")):
            raise ConfigurationError(
                "a gateway is NAME=URL", where=text, todo="--gateway east=http://10.0.0.7/readyz"
            )
        gateways[name] = url
    names = (
        "results", "state", "measures", "analysts", "policy", "appeals", "exchange", "attribution",
    )  # fmt: skip
    return Sources(database, gateways=gateways, **{name: more[name] for name in names})


def _trials(more: dict[str, Any]) -> Trials | None:
    """Return what policies are tried on, None where nothing was recorded."""
    if more["recording"] is None:
        return None
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.report.console.web.trial import Trials  # noqa: PLC0415

    text = 'version = 1\nmode = "shadow"\n'
    if more["policy"] is not None:
        raw = read_small(more["policy"], "the policy", 1 << 18)
        text = raw.decode("utf-8", "replace")
    return Trials(_run(more), text, more["recording"])


def _run(more: dict[str, Any]) -> Callable[[str], Sequence[Affected]]:
    def run(text: str) -> Sequence[Affected]:
        from stillwatch.cli.policy_trial import tried  # noqa: PLC0415
        from stillwatch.stop.responses import read_policy  # noqa: PLC0415

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "policy.toml"
            path.write_text(text, "utf-8")
            policy = read_policy(path)
        results = more["results"]
        scan = results if results and (results / "verdicts.parquet").exists() else None
        return tried(
            policy,
            more["recording"],
            accounts=more["accounts"],
            scan=scan,
            cohorts=more["cohorts"],
            mapping=more["map_"],
            format_=more["format_"],
        )

    return run
