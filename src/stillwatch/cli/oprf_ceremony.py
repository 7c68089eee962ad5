"""``stillwatch oprf ceremony``: make an epoch's keys, or refresh shares, by file or over HTTP."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.share.oprf import Certificate, Home, Steps, Terms

__all__ = ["ceremony"]

_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The operator's folder.",
)
_starts = click.option(
    "--starts",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="When the new epoch begins, UTC; by default when the last turns, or now.",
)
_lost = click.option(
    "--lost",
    type=int,
    multiple=True,
    help="Epoch whose share was lost or may have leaked: it ends when the new one begins.",
)
_refresh = click.option(
    "--refresh", type=int, help="Refresh the shares of this epoch instead of making a new one."
)
_message = click.argument("message", type=click.Path(path_type=Path, dir_okay=False))


@click.group("ceremony")
def ceremony() -> None:
    """Make keys with the other operator, or refresh the shares of them.

    By file: both run commit, reveal, confirm and finish, each time with the message that the other
    printed. Over HTTP: one runs meet, while the other serves.
    """


@ceremony.command("commit")
@_state
@_starts
@_lost
@_refresh
@click.option(
    "--with",
    "peer",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The other operator's commitment, on whose terms to go.",
)
def commit(
    state: Path,
    starts: datetime | None,
    lost: tuple[int, ...],
    refresh: int | None,
    peer: Path | None,
) -> None:
    """Draw, and print the commitment to what was drawn."""
    from stillwatch.share.oprf import Steps, terms_in  # noqa: PLC0415

    home = _home(state)
    if peer is not None:
        terms = terms_in(_read(peer), home)
        _said(terms)
    else:
        terms = _terms(home, starts, lost, refresh)
    click.echo(Steps(home, terms, int(time.time())).commit())


@ceremony.command("reveal")
@_message
@_state
def reveal(message: Path, state: Path) -> None:
    """Print what was drawn's public half, given the other operator's commitment in MESSAGE."""
    raw = _read(message)
    click.echo(_steps(state, raw).reveal(raw))


@ceremony.command("confirm")
@_message
@_state
def confirm(message: Path, state: Path) -> None:
    """Check what the other operator revealed in MESSAGE, and print the epoch's record, signed."""
    raw = _read(message)
    click.echo(_steps(state, raw).confirm(raw))


@ceremony.command("finish")
@_message
@_state
def finish(message: Path, state: Path) -> None:
    """Check the other operator's confirmation in MESSAGE, and use the new shares.

    Prints the record with both signatures, for the exchange's log.
    """
    raw = _read(message)
    _done(_home(state), _steps(state, raw).finish(raw))


@ceremony.command("meet")
@click.argument("url")
@_state
@_starts
@_lost
@_refresh
def meet(
    url: str, state: Path, starts: datetime | None, lost: tuple[int, ...], refresh: int | None
) -> None:
    """Hold the whole ceremony with the other operator's service at URL.

    After an interruption the same command goes on. Prints the record with both signatures.
    """
    import httpx  # noqa: PLC0415 - help imports no client

    from stillwatch.share.oprf import meet as hold  # noqa: PLC0415
    from stillwatch.share.oprf import pending  # noqa: PLC0415

    home = _home(state)
    terms = pending(home) or _terms(home, starts, lost, refresh)
    with httpx.Client(timeout=30.0, follow_redirects=False) as http:
        _done(home, hold(home, terms, url, http, time.time))


@ceremony.command("publish")
@_state
def publish(state: Path) -> None:
    """Put the records of all ceremonies into the log of the hub that operator.toml names.

    Each ceremony does so at its end; this is for when the hub was away. Nothing is put there twice.
    """
    home = _home(state)
    if not home.settings.hub:
        raise ConfigurationError(
            "no hub is named", where=str(state / "operator.toml"), todo='add hub = "https://…"'
        )
    _publish(home, [held for _, held in sorted(home.certificates().items())])


@ceremony.command("expect")
@_state
@_lost
def expect(state: Path, lost: tuple[int, ...]) -> None:
    """Agree that the service answers a ceremony by which the epochs named with --lost end.

    Without --lost, agree to none any more. Epochs on time, and refreshes, need no word.
    """
    from stillwatch.share.oprf import expect as agree  # noqa: PLC0415

    agree(_home(state), lost)
    click.echo(f"agreed to the end of {', '.join(map(str, lost)) or 'no epoch'}", err=True)


@ceremony.command("abandon")
@_state
def abandon(state: Path) -> None:
    """Forget the ceremony under way; refused once it was confirmed."""
    from stillwatch.share.oprf import Steps, pending  # noqa: PLC0415

    home = _home(state)
    terms = pending(home)
    if terms is None:
        click.echo("no ceremony is under way", err=True)
        return
    Steps(home, terms, int(time.time())).abandon()
    click.echo(f"abandoned the ceremony for epoch {terms.epoch}.{terms.generation}", err=True)


def _home(state: Path) -> Home:
    from stillwatch.share.oprf import Home, register  # noqa: PLC0415

    home = Home.read(state)
    register(home)  # P-1
    return home


def _steps(state: Path, raw: bytes) -> Steps:
    from stillwatch.share.oprf import Steps, terms_in  # noqa: PLC0415

    home = _home(state)
    return Steps(home, terms_in(raw, home), int(time.time()))


def _terms(
    home: Home, starts: datetime | None, lost: tuple[int, ...], refresh: int | None
) -> Terms:
    from stillwatch.share.oprf import terms_of_new, terms_of_refresh  # noqa: PLC0415

    if refresh is not None:
        if starts is not None or lost:
            raise ConfigurationError(
                "a refresh neither begins an epoch nor ends one",
                where="--refresh",
                todo="leave out --starts and --lost",
            )
        return terms_of_refresh(home, refresh)
    now = int(time.time())
    if starts is not None:
        return terms_of_new(home, int(starts.replace(tzinfo=UTC).timestamp()), lost)
    known = home.certificates()
    last = known[max(known)].record if known else None
    on_time = last is not None and last.epoch not in lost
    begins = max(now, last.turns) if last is not None and on_time else now
    return terms_of_new(home, begins, lost)


def _said(terms: Terms) -> None:
    """Tell a person what the other operator proposes, before it is gone along with."""
    begins = datetime.fromtimestamp(terms.starts, UTC)
    what = f"refresh {terms.generation} of epoch" if terms.generation else "new epoch"
    ended = f", ending {', '.join(map(str, terms.lost))}" if terms.lost else ""
    click.echo(f"{what} {terms.epoch} from {begins:%Y-%m-%d %H:%M} UTC{ended}", err=True)


def _done(home: Home, certificate: Certificate) -> None:
    record = certificate.record
    click.echo(certificate.envelope)
    click.echo(f"epoch {record.epoch}, generation {record.generation}", err=True)
    if home.settings.hub:
        _publish(home, [certificate])


def _publish(home: Home, certificates: Sequence[Certificate]) -> None:
    from stillwatch.share.oprf.publishing import publish as send  # noqa: PLC0415

    for certificate in certificates:
        index = send(home.settings.hub, certificate)
        record = certificate.record
        click.echo(f"epoch {record.epoch}.{record.generation} is entry {index}", err=True)


def _read(path: Path) -> bytes:
    from stillwatch.disk import read_small  # noqa: PLC0415

    return read_small(path, "the other operator's message").strip()
