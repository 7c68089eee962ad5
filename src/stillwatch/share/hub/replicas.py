"""How replicas hear of each other: PostgreSQL's notices, or NATS; both only say that there is news.

What was written is always read from the database, so a lost notice costs `HubSettings.poll` at
most, and nothing is lost or told twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from stillwatch.errors import MissingExtraError
from stillwatch.share.nkeys import read_seed

if TYPE_CHECKING:
    from nats.aio.client import Client

    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.settings import HubSettings

__all__ = ["CHANNEL", "connect_nats", "listen_nats", "listen_postgres"]

CHANNEL = "stillwatch_hub"

_log = logging.getLogger(__name__)
_AGAIN = 1.0


async def listen_postgres(hub: Hub) -> None:
    """Ring when a transaction of any replica notifies, until cancelled."""
    try:
        import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"a hub on PostgreSQL needs {error.name}", todo="pip install 'stillwatch[postgres]'"
        ) from error
    url = make_url(hub.database.url).set(drivername="postgresql")
    while True:
        try:
            connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        except (OSError, asyncpg.PostgresError) as error:
            _log.warning("no notices from the database: %s", type(error).__name__)
            await asyncio.sleep(_AGAIN)
            continue
        try:
            await connection.add_listener(CHANNEL, lambda *_: hub.news.set())
            while not connection.is_closed():
                hub.news.set()
                await asyncio.sleep(_AGAIN)
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=1)


async def connect_nats(settings: HubSettings) -> Client:
    """Return a connection to NATS that comes back by itself.

    Raises:
        MissingExtraError: the extra is not installed.
    """
    try:
        import nats  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"--nats needs {error.name}", todo="pip install 'stillwatch[nats]'"
        ) from error
    given: dict[str, Any] = {}
    if settings.nats_key is not None:
        given["nkeys_seed_str"] = read_seed(settings.nats_key)
    if settings.nats.startswith("tls:"):
        given["tls"] = ssl.create_default_context(cafile=settings.nats_ca)
    return await nats.connect(
        settings.nats,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=_AGAIN,
        error_cb=_told,
        **given,
    )


async def _told(error: Exception) -> None:
    _log.info("NATS: %s", type(error).__name__)


async def listen_nats(hub: Hub) -> None:
    """Ring when another replica says so through NATS, and say so to others, until cancelled."""
    subject = f"stillwatch-hub.{hub.verify_key.key_id[:16]}"
    client = await connect_nats(hub.settings)

    async def heard(_message: object) -> None:
        hub.news.set()

    try:
        await client.subscribe(subject, cb=heard)
        told = hub.feed.size
        while True:
            await hub.feed.wait(hub.settings.heartbeat)
            if hub.feed.size > told:
                told = hub.feed.size
                with contextlib.suppress(
                    Exception
                ):  # without notices, replicas look every now and then
                    await client.publish(subject, str(told).encode())
    finally:
        await client.close()
