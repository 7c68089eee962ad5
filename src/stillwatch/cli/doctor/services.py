"""D-15 and D-16: Redis or Valkey, and NATS, answer and are of a version that can be used."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillwatch.cli.doctor.interface import Finding, fail, ok, warn
from stillwatch.disk import read_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillwatch.cli.doctor.installation import Installation

__all__ = ["nats", "redis"]

_PATIENCE = 5.0
_REDIS = (6, 2)
_NATS = (2, 10)


def redis(found: Installation) -> Iterator[Finding]:
    """D-15: the shared buckets' server answers, runs scripts, and throws no bucket away."""
    if found.serve is None:
        return
    buckets = found.serve.buckets
    url = buckets.url
    if buckets.url_file is not None:
        url = read_small(buckets.url_file, "the URL of Redis", 4096).decode().strip()
    if not url:
        return
    from redis import Redis  # noqa: PLC0415 - an extra
    from redis.exceptions import RedisError  # noqa: PLC0415

    where = "buckets"
    try:
        with Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE) as to:
            about: dict[str, Any] = to.info()
            to.eval("return redis.call('TIME')", 0)
    except (RedisError, ValueError, OSError) as error:
        yield fail(
            f"Redis does not answer as it should: {type(error).__name__}",
            "check that it runs, its URL and its password; until then each replica counts alone",
            where,
        )
        return
    valkey = about.get("valkey_version")
    version = str(valkey or about.get("redis_version", "0"))
    name = f"{'Valkey' if valkey else 'Redis'} {version}"
    policy = str(about.get("maxmemory_policy", "noeviction"))
    if not valkey and _parts(version) < _REDIS:
        yield fail(f"{name} is too old", "run 6.2 or later, or Valkey", where)
    elif policy.startswith("allkeys"):
        yield warn(
            f"{name} may throw buckets away ({policy})", "set maxmemory-policy noeviction", where
        )
    else:
        yield ok(f"{name} answers and runs scripts", where)


@dataclass(frozen=True, slots=True)
class _Server:
    """A NATS, and who asks it."""

    url: str
    stream: str = ""
    """Stream that updates travel in; empty where none is needed."""
    credentials: Path | None = None
    seed: Path | None = None
    authorities: str | None = None


def nats(found: Installation) -> Iterator[Finding]:
    """D-16: NATS answers, and has JetStream where updates travel by it."""
    asked: dict[str, _Server] = {}
    if found.serve is not None and found.serve.updates.nats:
        updates = found.serve.updates
        asked[updates.nats] = _Server(updates.nats, updates.stream, updates.credentials)
    for place in found.named("nats"):
        own = found.of(place.command)
        if place.command == "updates send":
            made = _Server(place.value, own.get("stream", "STILLWATCH"), _path(own, "credentials"))
        else:
            folder = _path(own, "state") or _path(own, "home")
            seed = None if folder is None else folder / "nats.seed"
            shown = seed if seed is not None and seed.exists() else None
            made = _Server(
                place.value,
                credentials=_path(own, "credentials"),
                seed=shown,
                authorities=own.get("nats_ca"),
            )
        asked.setdefault(place.value, made)
    for server in asked.values():
        yield asyncio.run(_asked(server))


def _path(own: Mapping[str, str], option: str) -> Path | None:
    return Path(own[option]) if option in own else None


async def _asked(server: _Server) -> Finding:
    from nats.aio.client import Client  # noqa: PLC0415 - an extra
    from nats.errors import Error  # noqa: PLC0415
    from nats.js.errors import NotFoundError  # noqa: PLC0415

    from stillwatch.share.nkeys import read_seed  # noqa: PLC0415

    async def silent(_: Exception) -> None:
        pass

    where, stream = server.url.rpartition("@")[2], server.stream
    given: dict[str, Any] = {}
    if server.credentials is not None:
        given["user_credentials"] = str(server.credentials)
    if server.seed is not None:
        given["nkeys_seed_str"] = read_seed(server.seed)
    if server.authorities is not None:
        given["tls"] = ssl.create_default_context(cafile=server.authorities)
    to = Client()
    try:
        await asyncio.wait_for(
            to.connect(
                server.url.split(","),
                connect_timeout=int(_PATIENCE),
                allow_reconnect=False,
                max_reconnect_attempts=0,
                error_cb=silent,
                **given,
            ),
            _PATIENCE,
        )
    except (Error, OSError, ValueError, TimeoutError) as error:
        await to.close()  # a connection that was refused is left open else
        return fail(
            f"NATS does not answer as it should: {type(error).__name__}",
            "check that it runs, its URL and the credentials; what is known stays in force",
            where,
        )
    try:
        version = to.connected_server_version
        said = f"NATS {version.major}.{version.minor}.{version.patch} answers"
        if (version.major, version.minor) < _NATS:
            return fail(f"{said}, and is too old", "run 2.10 or later", where)
        if not stream:
            return ok(said, where)
        streams = to.jetstream(timeout=_PATIENCE)
        try:
            await streams.account_info()
            await streams.stream_info(stream)
        except NotFoundError:
            return warn(
                f"{said}; there is no stream {stream} yet",
                "nothing, if no update was ever sent: the first one makes it",
                where,
            )
        except (Error, TimeoutError):
            return fail(f"{said} without JetStream", "start it with -js, see run-a-hub", where)
        return ok(f"{said}, with the stream {stream}", where)
    finally:
        await to.close()


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
