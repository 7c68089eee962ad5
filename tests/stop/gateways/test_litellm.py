"""A real LiteLLM proxy, configured as the how-to says, in both forms."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time

import httpx
import pytest
from gateway_world import ROOT, Rules, asgi_server, gateway

from stillwatch.stop.gateways import litellm_callback
from stillwatch.stop.gateways.http_api import HttpApi, token_digest
from stillwatch.testing import FakeModel

TOKEN = "t0ken"  # noqa: S105 - of a test
HOW_TO = ROOT / "docs" / "how-to"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5}
AUTH = """
from litellm.proxy._types import UserAPIKeyAuth

async def who(request, api_key):
    return UserAPIKeyAuth(api_key=api_key, user_id=api_key.removeprefix("sk-"))
"""


def proxy_binary():
    """Return LiteLLM's proxy, which has an environment of its own."""
    found = os.environ.get("STILLWATCH_LITELLM") or shutil.which("litellm")
    if found is None:
        pytest.skip("needs LiteLLM: pip install 'litellm[proxy]', path in STILLWATCH_LITELLM")
    return found


@contextlib.contextmanager
def proxy(folder, config, model, api):
    """Run the proxy, and give its URL."""
    text = (HOW_TO / config).read_text("utf-8")
    text = text.replace("127.0.0.1:9000", f"127.0.0.1:{model}")
    text = text.replace("127.0.0.1:8720", f"127.0.0.1:{api}")
    text = text.replace("  master_key", "  custom_auth: auth.who\n  master_key")
    (folder / "config.yaml").write_text(text)
    (folder / "auth.py").write_text(AUTH)
    shutil.copy(litellm_callback.__file__, folder / "litellm_callback.py")
    with asgi_server(FakeModel()) as taken:
        port = taken  # free again below
    environment = os.environ | {
        "STILLWATCH_TOKEN": TOKEN,
        "LITELLM_MASTER_KEY": "sk-master",
        "NO_DOCS": "true",
        "LITELLM_LOCAL_MODEL_COST_MAP": "true",
        "LITELLM_TELEMETRY": "False",
    }
    command = [proxy_binary(), "--config", folder / "config.yaml"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    log = folder / "proxy.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, stdout=out, stderr=out
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process, url, log):
    until = time.monotonic() + 180
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(log.read_text()[-4000:])
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health/liveliness", timeout=5).status_code == 200:
                return
        time.sleep(0.3)
    raise AssertionError("LiteLLM did not start: " + log.read_text()[-4000:])


class World:
    def __init__(self, url, service, model, outcomes):
        self.url = url
        self.service = service
        self.model = model
        self.outcomes = outcomes

    def post(self, account="acme", path="/v1/chat/completions", body=None):
        headers = {"authorization": f"Bearer sk-{account}"}
        return httpx.post(self.url + path, json=body or CHAT, headers=headers, timeout=60)

    def told(self):
        until = time.monotonic() + 20
        while not self.service.answers and time.monotonic() < until:
            time.sleep(0.02)
        return self.service.answers


@contextlib.contextmanager
def standing(config, folder):
    service, model = Rules(), FakeModel()
    made, outcomes = gateway(service)
    with (
        asgi_server(model) as model_port,
        asgi_server(HttpApi(made, tokens=[token_digest(TOKEN)])) as api_port,
        proxy(folder, config, model_port, api_port) as url,
    ):
        yield World(url, service, model, outcomes)


@pytest.fixture(scope="module")
def http_form_running(tmp_path_factory):
    with standing("litellm.yaml", tmp_path_factory.mktemp("litellm")) as world:
        yield world


@pytest.fixture(scope="module")
def callback_running(tmp_path_factory):
    with standing("litellm-callback.yaml", tmp_path_factory.mktemp("litellm")) as world:
        yield world


def fresh(world):
    world.service.requests.clear()
    world.service.answers.clear()
    world.model.received.clear()
    world.outcomes.clear()
    return world


@pytest.fixture
def http_form(http_form_running):
    return fresh(http_form_running)


@pytest.fixture
def callback(callback_running):
    return fresh(callback_running)


@pytest.mark.parametrize("stream", [False, True])
def test_the_http_form_passes_and_is_told(http_form, stream):
    answer = http_form.post(body=CHAT | {"stream": stream})
    assert answer.status_code == 200
    (request,) = http_form.service.requests
    assert request.account == "acme"
    assert b"hello" in request.body
    ((decision, told),) = http_form.told()
    assert decision.request is request
    assert "one two" in told.text


def test_the_http_form_blocks(http_form):
    answer = http_form.post("limited")
    assert answer.status_code == 400
    assert "refused" in answer.text
    assert not http_form.model.received


def test_the_http_form_counts_what_it_cannot_do(http_form):
    assert http_form.post("capped").status_code == 200
    assert http_form.outcomes["unapplied"] == 1
    assert http_form.outcomes["changed"] == 1


def test_the_http_form_passes_when_the_service_fails(http_form):
    assert http_form.post("broken").status_code == 200
    assert http_form.outcomes == {"failed": 1}


@pytest.mark.parametrize("stream", [False, True])
def test_the_callback_passes_and_is_told(callback, stream):
    answer = callback.post(body=CHAT | {"stream": stream})
    assert answer.status_code == 200
    (request,) = callback.service.requests
    assert (request.account, request.ip) == ("acme", "127.0.0.1")
    assert b'"max_tokens":5' in request.body.replace(b" ", b"")
    ((_, told),) = callback.told()
    assert (told.status, told.finish_reason) == (200, "stop")
    if not stream:
        assert told.output_tokens == 5
    assert "stillwatch" not in callback.model.received[-1]["body"]


def test_the_callback_answers_in_the_models_place(callback):
    answer = callback.post("limited")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert not callback.model.received


def test_the_callback_changes_what_is_passed_on(callback):
    assert callback.post("capped").json()["usage"]["completion_tokens"] == 3
    callback.post("decoyed")
    assert '"decoy-1"' in callback.model.received[-1]["body"]
    marked = callback.post("marked")
    assert dict(callback.model.received[-1]["headers"])["x-mark"] == "k1"
    assert marked.headers["x-told"] == "yes"


@pytest.mark.parametrize("stream", [False, True])
def test_the_callback_withholds(callback, stream):
    shown = callback.post(body=CHAT | {"stream": stream})
    assert "a trace" in shown.text
    quiet = callback.post("quiet", body=CHAT | {"stream": stream})
    assert quiet.status_code == 200
    assert "a trace" not in quiet.text
    assert "one" in quiet.text


def test_the_callback_takes_messages_of_another_shape(callback):
    body = CHAT | {"max_tokens": 5}
    answer = callback.post("acme", "/v1/messages", body)
    assert answer.status_code == 200
    assert "one two" in answer.text
    assert callback.service.requests[0].shape == "anthropic-messages"
    assert callback.post("limited", "/v1/messages", body).status_code == 429


@pytest.mark.parametrize("account", ["slow", "broken"])
def test_the_callback_passes_when_the_service_does_not_answer(callback, account):
    assert callback.post(account).status_code == 200
