"""A replica as a process: its parts made, its listeners started, and all of it ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import os
import secrets
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import uvicorn

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, MissingExtraError, OutputError
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.receiving import Segments
from stillwatch.heads import configuration
from stillwatch.listening import is_loopback, listen, tls_pair, url_of
from stillwatch.stop.appeals.tokens import TokenKey
from stillwatch.stop.gateways.ext_proc import ext_proc
from stillwatch.stop.gateways.gateway import Gateway
from stillwatch.stop.gateways.grpc import GrpcServer
from stillwatch.stop.gateways.http_api import HttpApi
from stillwatch.stop.gateways.rate_limits import rate_limits
from stillwatch.stop.gateways.trust import Trust
from stillwatch.stop.interface import FailMode
from stillwatch.stop.responses import DEFAULT, AnswerFilter, Lost, MeasuresInForce, phrase_check
from stillwatch.stop.responses.gate import Gate
from stillwatch.stop.service.admin import Admin
from stillwatch.stop.service.admission import Admission
from stillwatch.stop.service.lake import Bounds, Lake
from stillwatch.stop.service.live import LiveService, steady_clock
from stillwatch.stop.service.remembered import keep, recall
from stillwatch.stop.service.replica import Replica
from stillwatch.stop.service.tracing import start_traces
from stillwatch.stop.serving import Core, Knowledge, LocalBuckets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from stillwatch.stop.interface import Decision, Effect
    from stillwatch.stop.service.metrics import Metrics
    from stillwatch.stop.service.settings import Listener, Settings
    from stillwatch.stop.service.shared_buckets import RedisBuckets

__all__ = ["Process", "serve"]

_log = logging.getLogger(__name__)
_TICK = 0.05
"""Seconds between ticks that tell how late the loop runs."""
_SWITCH = 0.0005
"""Seconds after which a thread gives the interpreter up to the loop, which asks for it again with
every read and write of a socket: while a scan is taken in, by default each would wait 5 ms."""


def serve(settings: Settings, metrics: Metrics, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was begun.

    Args:
        settings: what the operator set.
        metrics: counts.
        say: takes ``name URL`` of each listener once all of them listen.

    Raises:
        StillwatchError: something that the settings name cannot be used.
    """
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not on Windows

        factory = uvloop.new_event_loop
    sys.setswitchinterval(_SWITCH)
    with asyncio.Runner(loop_factory=factory) as runner, contextlib.ExitStack() as stack:
        runner.run(Process(settings, metrics, stack).run(say))


class Process:
    """A replica and its listeners.

    Args:
        settings: what the operator set.
        metrics: counts.
        stack: closes what is opened.
    """

    def __init__(self, settings: Settings, metrics: Metrics, stack: contextlib.ExitStack) -> None:
        self._settings, self._metrics = settings, metrics
        self._secret = _secret(settings.key_file)
        self._admission = Admission(
            in_flight=settings.overload.in_flight, late=settings.overload.late
        )
        self._traces = start_traces(settings.trace)
        self._lake = self._make_lake(stack)
        self._why = "starting"
        self._ends = asyncio.Event()
        self._servers: list[uvicorn.Server] = []
        self._grpc: list[GrpcServer] = []
        self._api: HttpApi | None = None
        self._shared: RedisBuckets | None = None

    async def run(self, say: Callable[[str], None]) -> None:
        """Start, serve until told to end, and end in order."""
        settings, metrics = self._settings, self._metrics
        service = self._make_service()
        service.core.state.reserve()
        if settings.state is not None:
            recall(settings.state, service.core)
        replica = Replica(settings, service, metrics, secret=self._secret)
        await replica.start()
        self._watch_signals(replica)
        hearing = self._hearing(replica)
        tasks = [asyncio.create_task(replica.run()), asyncio.create_task(self._tick())]
        if hearing is not None:
            tasks.append(asyncio.create_task(hearing.run()))
            metrics.updates_connected.set_function(lambda: float(hearing.connected))
        metrics.in_flight.set_function(lambda: self._admission.in_flight)
        metrics.late.set_function(lambda: self._admission.late)
        metrics.ready.set_function(lambda: float(not self._ready(service)))
        metrics.watch_lake(self._lake)
        serving: list[asyncio.Task[None]] = []
        try:
            gc.collect()
            gc.freeze()  # modules and compiled kernels are looked through no more
            places = await self._listen(service, serving)
            self._why = ""
            for place in places:
                say(place)
            _log.info("serving", extra={"listeners": places})
            await self._ends.wait()
        finally:
            await self._end(serving, tasks)
            if settings.state is not None:
                keep(settings.state, service.core)

    def _make_lake(self, stack: contextlib.ExitStack) -> Lake:
        lake, key = self._settings.lake, key_from_secret(self._secret)
        segments = None
        if lake.observations is not None:
            segments = stack.enter_context(Segments.opened(lake.observations, key))
        bounds = Bounds(lake.exchanges, lake.megabytes << 20, lake.seconds)
        return Lake(lake.folder, segments=segments, key=key, bounds=bounds)

    def _make_service(self) -> LiveService:
        settings = self._settings
        core = Core(
            DEFAULT.terms,
            Knowledge.of(secret=self._secret),
            secret=self._secret,
            accounts=settings.known_accounts,
            segments=settings.known_segments,
        )
        buckets = settings.buckets
        url = buckets.url or (
            read_small(buckets.url_file, "the URL of Redis", 4096).decode().strip()
            if buckets.url_file
            else ""
        )
        if url:
            from stillwatch.stop.service.shared_buckets import RedisBuckets  # noqa: PLC0415

            self._shared = RedisBuckets(
                url,
                prefix=buckets.prefix,
                deadline=buckets.deadline,
                failures=buckets.failures,
                pause=buckets.pause,
            )
        key_file = settings.appeal_key_file
        return LiveService(
            core,
            Gate(DEFAULT, MeasuresInForce((), DEFAULT)),
            DEFAULT,
            LocalBuckets(buckets.local),
            self._lake,
            self._admission,
            self._metrics,
            shared=self._shared,
            tokens=None if key_file is None else TokenKey.read(key_file),
            keep_answers=settings.lake.keep_answers,
            traces=self._traces,
            clock=steady_clock(),
        )

    def _hearing(self, replica: Replica) -> Any:  # noqa: ANN401 - of an extra
        updates, state = self._settings.updates, self._settings.state
        if not updates.nats or state is None:
            return None
        try:
            from stillwatch.stop.service.stream import Hearing, Place  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"updates over NATS need {error.name}", todo="pip install 'stillwatch[nats]'"
            ) from error

        def refused(error: Any) -> None:  # noqa: ANN401 - a RefusedError
            self._metrics.updates.labels(error.where or "unknown", "refused").inc()
            _log.warning("an update was refused", extra={"error": str(error)})

        place = Place(updates.nats, updates.stream, updates.prefix, updates.credentials)
        return Hearing(
            place,
            _replica_name(state),
            trusted=updates.keys(),
            take=replica.take,
            clock=lambda: time.time_ns() // 1000,
            refused=refused,
        )

    async def _listen(self, service: LiveService, serving: list[asyncio.Task[None]]) -> list[str]:
        """Start the listeners; return where they are."""
        settings = self._settings
        places: list[str] = []
        gateway = self._gateway(service)

        def start(name: str, app: Any, listener: Listener) -> None:  # noqa: ANN401
            tls = tls_pair(listener.tls_certificate, listener.tls_key)
            bound = listen(*listener.place(), tls)
            server = _Quiet(_config(app, tls, settings.drain))
            self._servers.append(server)
            serving.append(asyncio.create_task(server.serve([bound])))
            places.append(f"{name} {url_of(bound, tls)}")

        if settings.api is not None:
            self._api = HttpApi(gateway, tokens=_digests(settings.api))
            start("api", self._api, settings.api)
        for name, listener, method in (
            ("ext_proc", settings.ext_proc, ext_proc),
            ("rate_limit", settings.rate_limit, rate_limits),
        ):
            if listener is not None:
                tls = tls_pair(listener.tls_certificate, listener.tls_key)
                bound = listen(*listener.place(), tls)
                server = GrpcServer([method(gateway)], tokens=_digests(listener))
                await server.start(bound, tls)
                self._grpc.append(server)
                places.append(f"{name} {url_of(bound, tls)}")
        token = _token(settings.admin)
        admin = Admin(self._metrics.shown, lambda: self._ready(service), token)
        start("admin", admin, settings.admin)
        return places

    def _gateway(self, service: LiveService) -> Gateway:
        trust, keep = self._settings.trust, self._settings.lake.keep_answers

        def filters(decision: Decision, effect: Effect, status: int) -> AnswerFilter:
            shape = decision.request.shape
            model = decision.asked.model or decision.request.model
            check = phrase_check(service.policy.shaping.hold_phrases) if effect.hold else None
            return AnswerFilter(
                effect, shape, status=status, check=check, keep_text=keep, model=model
            )

        return Gateway(
            service,
            filters,
            Trust(**{name: getattr(trust, name) for name in trust.__struct_fields__}),
            undecided=lambda: service.policy.fail(Lost.CORE),
            note=lambda outcome: self._metrics.outcomes.labels(outcome.value).inc(),
        )

    def _ready(self, service: LiveService) -> str:
        if self._why:
            return self._why
        closed = service.policy.fail(Lost.KNOWLEDGE) is FailMode.CLOSED
        return "no verdicts yet" if closed and not service.knowing else ""

    def _watch_signals(self, replica: Replica) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ends.set)
        looks: set[asyncio.Task[None]] = set()

        def reload() -> None:
            looks.add(task := asyncio.create_task(replica.look()))
            task.add_done_callback(looks.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            self._admission.ticked(loop.time() - due)

    async def _end(
        self, serving: Sequence[asyncio.Task[None]], tasks: Sequence[asyncio.Task[None]]
    ) -> None:
        """Take nothing more, finish what runs, write what waits: within the deadline."""
        until = time.monotonic() + self._settings.drain

        def left() -> float:
            return max(0.1, until - time.monotonic())

        self._why = "ending"
        _log.info("ending", extra={"in_flight": self._admission.in_flight})
        await asyncio.gather(*(server.close(left()) for server in self._grpc))
        for server in self._servers:
            server.should_exit = True
        if serving:
            await asyncio.wait(serving, timeout=left())
        if self._api is not None:
            await self._api.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._lake.close, left())
        if self._shared is not None:
            await self._shared.close()
        self._traces.close()


class _Quiet(uvicorn.Server):
    """Leaves signals to the process."""

    capture_signals = contextlib.nullcontext  # type: ignore[assignment]


def _config(app: Any, tls: tuple[Path, Path] | None, drain: float) -> uvicorn.Config:  # noqa: ANN401
    return configuration(
        app,
        tls,
        log_level=None,
        log_config=None,
        lifespan="off",
        limit_concurrency=4096,
        backlog=2048,
        timeout_graceful_shutdown=max(1, int(drain) - 1),
    )


def _token(listener: Listener) -> bytes:
    """Return the bearer token of a listener.

    Raises:
        ConfigurationError: it listens beyond this machine and asks for none.
    """
    if listener.token_file is not None:
        token = read_small(listener.token_file, "the token", 4096).strip()
        if token:
            return token
    elif is_loopback(listener.place()[0]):
        return b""
    raise ConfigurationError(
        "a listener beyond this machine asks for no token",
        where=listener.address,
        todo="name a token_file that holds one, or listen at 127.0.0.1",
    )


def _digests(listener: Listener) -> tuple[bytes, ...]:
    token = _token(listener)
    return (hashlib.sha256(token).digest(),) if token else ()


def _secret(path: Path | None) -> bytes:
    if path is None:
        return b""
    secret = read_small(path, "the key file", 1 << 16).strip()
    if not secret:
        raise ConfigurationError("the key file is empty", where=str(path), todo="put a secret in")
    return secret


def _replica_name(state: Path) -> str:
    """Return the name of this folder's consumer: a folder that was lost is another replica."""
    path = state / "replica"
    try:
        if not path.exists():
            write_whole(path, secrets.token_hex(8).encode())
        name = read_small(path, "the replica's name", 64).decode("ascii", "replace").strip()
    except OSError as error:
        raise OutputError(
            f"the replica's name cannot be kept: {error.strerror}",
            where=str(path),
            todo="name a folder for state that you may write",
        ) from error
    return f"replica-{name}" if name.isalnum() else f"replica-{os.getpid()}"
