"""What gateways add to a request's latency, against the same without them.

    python bench/gateways.py [--rates 250,500,1000] [--seconds 5] [--rounds 3] [--litellm]

Envoy answers by itself: directly, after a processor that answers each message with a constant, and
after ``stillwatch serve``; the same over HTTP against an application that answers a constant.
LiteLLM (an environment of its own, `STILLWATCH_LITELLM`): alone, with a guardrail of its own, and
with both forms of ours, at the rate it bears.  Runs take turns, so that what else the machine does
falls on all of them; figures are medians over rounds.  CPU is that of each process in a request;
what all of them use together, and how busy the machine was, say whether a case was measured or a
queue before cores that had no time left.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
HOW_TO = HERE.parent / "docs" / "how-to"
CHAT = "/v1/chat/completions"
CASES = ("none", "empty", "ours")
ANSWER = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "word " * 300},
             "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 300, "total_tokens": 400},
    }
)  # fmt: skip
EMPTY_PROCESSOR = """
import asyncio, sys, uvloop
from stillwatch.listening import listen
from stillwatch.stop.gateways.ext_proc import _GO_ON
from stillwatch.stop.gateways.grpc import GrpcServer, Method
from stillwatch.stop.gateways.messages import ProcessingRequest
DUPLEX = sys.argv[1] == "duplex"
from stillwatch.stop.gateways.messages import ProcessingResponse
def streamed(kind, body):
    reply = ProcessingResponse()
    part = getattr(reply, kind).response.body_mutation.streamed_response
    part.body, part.end_of_stream = body.body, body.end_of_stream
    return reply.SerializeToString()
async def process(call):
    while (raw := await call.receive()) is not None:
        message = ProcessingRequest.FromString(raw)
        kind = message.WhichOneof("request")
        if DUPLEX and kind.endswith("body"):
            await call.send(streamed(kind, getattr(message, kind)))
        else:
            await call.send(_GO_ON[kind])
async def main():
    server = GrpcServer([Method("/envoy.service.ext_proc.v3.ExternalProcessor/Process", process)])
    held = listen("127.0.0.1", 0, None)
    await server.start(held)
    print("ext_proc http://127.0.0.1:%d" % held.getsockname()[1], flush=True)
    await asyncio.Event().wait()
uvloop.run(main())
"""
EMPTY_API = """
import uvicorn
from stillwatch.heads import http_protocol
from stillwatch.listening import listen
ANSWER = b'{"effect":{"status":0}}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})
held = listen("127.0.0.1", 0, None)
print("api http://127.0.0.1:%d" % held.getsockname()[1], flush=True)
config = uvicorn.Config(app, log_level="error", access_log=False, http=http_protocol(),
                        lifespan="off", ws="none")
uvicorn.Server(config).run(sockets=[held])
"""
MODEL = """
import uvicorn
from stillwatch.listening import listen
from stillwatch.testing import FakeModel
held = listen("127.0.0.1", 0, None)
print("model http://127.0.0.1:%d" % held.getsockname()[1], flush=True)
config = uvicorn.Config(FakeModel(), log_level="error", access_log=False, lifespan="off", ws="none")
uvicorn.Server(config).run(sockets=[held])
"""
OWN_GUARDRAIL = """
from litellm.integrations.custom_guardrail import CustomGuardrail
class Nothing(CustomGuardrail):
    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        return data
"""
AUTH = """
from litellm.proxy._types import UserAPIKeyAuth
async def who(request, api_key):
    return UserAPIKeyAuth(api_key=api_key, user_id="bench")
"""


def bodies(count: int, seed: int = 5) -> list[str]:
    """Draw requests: prompts of lognormal length, median 500 characters, and 1 % of 50 KB."""
    draw = random.Random(seed)
    words = [f"w{draw.randrange(10**6)}" for _ in range(5000)]
    held = []
    for at in range(count):
        size = 50_000 if at % 100 == 99 else min(int(draw.lognormvariate(6.2, 1.1)), 20_000)
        text = " ".join(draw.choices(words, k=size // 7 + 1))
        held.append(json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}))
    return held


@contextlib.contextmanager
def server(command: list[str], wanted: str) -> Iterator[tuple[int, int]]:
    """Run a server that prints ``name URL``, and give its port and process id."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            for line in process.stdout:
                name, _, url = line.strip().partition(" ")
                if name == wanted:
                    yield int(url.rsplit(":", 1)[1]), process.pid
                    break
            else:
                raise SystemExit(f"{command} did not say where it listens")
        finally:
            process.terminate()


def listener(name: str, chain: str) -> str:
    return f"""
  - name: {name}
    address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: {name}
          route_config: {{virtual_hosts: [{{name: a, domains: ["*"], routes: [{{match: {{prefix: "/"}}, {"route: {cluster: model}" if chain != "model" else "direct_response: {status: 200, body: {filename: answer.json}}, response_headers_to_add: [{header: {key: content-type, value: application/json}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}]"}}}]}}]}}
          http_filters:{chain if chain != "model" else ""}
          - name: router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}"""  # noqa: E501 - Envoy's words


def processor(cluster: str, way: str) -> str:
    request, answer = ("FULL_DUPLEX_STREAMED",) * 2 if way == "duplex" else ("BUFFERED", "STREAMED")
    trailers = "SEND" if way == "duplex" else "SKIP"
    return f"""
          - name: ext_proc
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
              grpc_service: {{envoy_grpc: {{cluster_name: {cluster}}}}}
              message_timeout: 5s
              request_attributes: [source.address]
              processing_mode: {{request_header_mode: SEND, response_header_mode: SEND, request_body_mode: {request}, response_body_mode: {answer}, request_trailer_mode: {trailers}, response_trailer_mode: {trailers}}}"""  # noqa: E501


def cluster(name: str, port: int, *, http2: bool) -> str:
    options = """
    typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {"@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http2_protocol_options: {}}}}"""  # noqa: E501
    return f"""
  - name: {name}{options if http2 else ""}
    load_assignment: {{cluster_name: {name}, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}}}}}]}}]}}"""  # noqa: E501


@contextlib.contextmanager
def envoy(folder: Path, empty: int, ours: int, model: int, way: str) -> Iterator[tuple[dict, int]]:
    """Run one Envoy with a listener for each case."""
    chains = {"none": "", "empty": processor("empty", way), "ours": processor("ours", way)}
    config = "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n"
    config += "static_resources:\n  listeners:"
    config += "".join(listener(name, chain) for name, chain in chains.items())
    config += "\n  clusters:" + cluster("model", model, http2=False)
    config += cluster("empty", empty, http2=True) + cluster("ours", ours, http2=True)
    (folder / "envoy.yaml").write_text(config)
    command = [shutil.which("envoy"), "-c", "envoy.yaml", "--concurrency", "1", "-l", "error"]
    command += ["--admin-address-path", "admin", "--disable-hot-restart"]
    (folder / "admin").unlink(missing_ok=True)
    with subprocess.Popen(command, cwd=folder) as process:  # noqa: S603 - our own command
        try:
            yield listeners(folder / "admin"), process.pid
        finally:
            process.terminate()


def listeners(admin: Path) -> dict[str, int]:
    import httpx  # noqa: PLC0415 - only here

    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError, httpx.HTTPError, KeyError):
            held = httpx.get(f"http://{admin.read_text()}/listeners?format=json").json()
            return {
                one["name"]: one["local_address"]["socket_address"]["port_value"]
                for one in held["listener_statuses"]
            }
        time.sleep(0.1)
    raise SystemExit("Envoy did not start")


def cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port: int, rate: float, seconds: float, path: str, given: str) -> dict:
    command = [sys.executable, str(HERE / "gateway_load.py"), str(port), str(rate), str(seconds)]
    done = subprocess.run([*command, path], input=given, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    return json.loads(done.stdout)


class Table:
    """Runs of several cases, and what they say together."""

    def __init__(self, pids: dict[str, int]) -> None:
        self.pids = pids
        self.runs: dict[str, list[dict]] = {}

    def run(self, name: str, call: Callable[[], dict]) -> None:
        """Take one run of a case, and what each process used in it."""
        before, begun = {who: cpu(pid) for who, pid in self.pids.items()}, busy()
        told = call()
        many = max(told["came"], 1) / 1000
        told |= {who: (cpu(pid) - before[who]) / many for who, pid in self.pids.items()}
        told["client"] = told.pop("cpu") / many
        used, whole = (after - was for after, was in zip(busy(), begun, strict=True))
        told["busy"] = used / max(whole, 1)
        self.runs.setdefault(name, []).append(told)

    def show(self, title: str, floor: str) -> None:
        """Print medians over rounds, and what each case adds to the floor."""
        who = ["client", *self.pids]
        print(f"\n{title}; milliseconds, of processors for each request")
        columns = "".join(f"{name:>9}" for name in (*who, "together"))
        print(f"{'':18}{'p50':>8}{'p99':>8}{'+p50':>8}{'+p99':>8}{columns}{'busy':>6}  lost")

        def median(name: str, key: str) -> float:
            return statistics.median(run[key] for run in self.runs[name])

        for name, runs in self.runs.items():
            p50, p99 = median(name, "p50"), median(name, "p99")
            each = [median(name, one) for one in who]
            used = "".join(f"{one:9.3f}" for one in (*each, sum(each)))
            lost = sum(run["missed"] + run["bad"] for run in runs)
            print(
                f"{name:18}{p50:8.2f}{p99:8.2f}{p50 - median(floor, 'p50'):8.2f}"
                f"{p99 - median(floor, 'p99'):8.2f}{used}{median(name, 'busy'):6.0%}  {lost}"
            )


def busy() -> tuple[float, float]:
    """Return how long all processors worked, and how long they were there, in ticks."""
    fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def over_envoy(options: argparse.Namespace, folder: Path, serve: list[str]) -> None:
    given = json.dumps(bodies(2000))
    (folder / "answer.json").write_text(ANSWER)
    python = [sys.executable, "-c"]
    model = "static_resources:\n  listeners:" + listener("model", "model")
    model = "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n" + model
    (folder / "model.yaml").write_text(model)
    command = [shutil.which("envoy"), "-c", "model.yaml", "--concurrency", "1", "-l", "error"]
    command += ["--admin-address-path", "model-admin", "--disable-hot-restart"]
    for way in options.ways.split(","):
        (folder / "model-admin").unlink(missing_ok=True)
        with (
            subprocess.Popen(command, cwd=folder) as upstream,  # noqa: S603 - our own command
            server([*python, EMPTY_PROCESSOR, way], "ext_proc") as (empty, empty_pid),
            server(serve, "ext_proc") as (ours, ours_pid),
        ):
            model_port = listeners(folder / "model-admin")["model"]
            with envoy(folder, empty, ours, model_port, way) as (ports, envoy_pid):
                pids = {"envoy": envoy_pid, "model": upstream.pid}
                pids |= {"empty": empty_pid, "ours": ours_pid}
                for name in CASES:
                    load(ports[name], 250, options.warm, CHAT, given)
                for rate in options.rates:
                    table = Table(pids)
                    for _ in range(options.rounds):
                        for name in CASES:
                            table.run(
                                name, partial(load, ports[name], rate, options.seconds, CHAT, given)
                            )
                    table.show(f"Envoy, {way}, {rate:g} requests a second", "empty")
            upstream.terminate()


def over_http(options: argparse.Namespace, serve: list[str]) -> None:
    held = [
        json.dumps({"account": f"a{at % 1000}", "shape": "openai-chat", "body": json.loads(body)})
        for at, body in enumerate(bodies(2000))
    ]
    given = json.dumps(held)
    with (
        server([sys.executable, "-c", EMPTY_API], "api") as (empty, empty_pid),
        server(serve, "api") as (ours, ours_pid),
    ):
        ports = {"empty": empty, "ours": ours}
        for port in ports.values():
            load(port, 250, options.warm, "/v1/decisions", given)
        for rate in options.rates:
            table = Table({"empty": empty_pid, "ours": ours_pid})
            for _ in range(options.rounds):
                for name, port in ports.items():
                    table.run(
                        name, partial(load, port, rate, options.seconds, "/v1/decisions", given)
                    )
            table.show(f"decision API, {rate:g} requests a second", "empty")


def litellm_config(folder: Path, name: str, model: int, api: int) -> None:
    base = (
        HOW_TO / ("litellm-callback.yaml" if name == "callback" else "litellm.yaml")
    ).read_text()
    if name in {"alone", "own guardrail"}:
        start, end = base.index("guardrails:"), base.index("general_settings:")
        own = "guardrails: [{guardrail_name: own, litellm_params: {guardrail: own.Nothing, "
        own += "mode: pre_call, default_on: true}}]\n\n"
        base = base[:start] + (own if name == "own guardrail" else "") + base[end:]
    base = base.replace("127.0.0.1:9000", f"127.0.0.1:{model}").replace(
        "127.0.0.1:8720", f"127.0.0.1:{api}"
    )
    (folder / "config.yaml").write_text(
        base.replace("  master_key", "  custom_auth: auth.who\n  master_key")
    )
    (folder / "auth.py").write_text(AUTH)
    (folder / "own.py").write_text(OWN_GUARDRAIL)
    from stillwatch.stop.gateways import litellm_callback  # noqa: PLC0415 - only here

    shutil.copy(litellm_callback.__file__, folder / "litellm_callback.py")


@contextlib.contextmanager
def litellm(folder: Path, port: int) -> Iterator[int]:
    import httpx  # noqa: PLC0415 - only here

    found = os.environ.get("STILLWATCH_LITELLM") or shutil.which("litellm")
    if found is None:
        raise SystemExit("needs LiteLLM's proxy: name it in STILLWATCH_LITELLM")
    more = {"LITELLM_MASTER_KEY": "sk-m", "LITELLM_LOCAL_MODEL_COST_MAP": "true", "NO_DOCS": "true"}
    command = [found, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env=os.environ | more, stdout=log, stderr=log
        ) as process,
    ):
        try:
            until = time.monotonic() + 180
            while time.monotonic() < until:
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"http://127.0.0.1:{port}/health/liveliness").status_code == 200:
                        break
                time.sleep(0.5)
            yield process.pid
        finally:
            process.terminate()


def over_litellm(options: argparse.Namespace, folder: Path, serve: list[str]) -> None:
    given = json.dumps(bodies(200))
    runs: dict[str, list[dict]] = {}
    with (
        server([sys.executable, "-c", MODEL], "model") as (model, _),
        server(serve, "api") as (api, _),
    ):
        for at, name in enumerate(("alone", "own guardrail", "generic guardrail", "callback")):
            place = folder / f"litellm-{at}"
            place.mkdir()
            litellm_config(place, name, model, api)
            with litellm(place, 47_310 + at) as pid:
                load(47_310 + at, options.litellm_rate, 5, CHAT, given)
                table = Table({"litellm": pid})
                table.runs = runs
                for _ in range(options.rounds):
                    table.run(
                        name,
                        partial(
                            load, 47_310 + at, options.litellm_rate, options.seconds, CHAT, given
                        ),
                    )
    table.show(f"LiteLLM, {options.litellm_rate:g} requests a second", "alone")


def rates(given: str) -> list[float]:
    return [float(one) for one in given.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=rates, default=[250.0, 500.0, 1000.0], help="with commas")
    parser.add_argument("--ways", default="duplex,buffered", help="in which Envoy sends bodies")
    parser.add_argument("--litellm-rate", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument(
        "--warm", type=float, default=8, help="seconds before what is counted: memory is touched"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--litellm", action="store_true", help="only LiteLLM")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; load {os.getloadavg()[0]:.1f} before: others use this machine")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "serve.toml"
        config.write_text(
            "".join(f'[{at}]\naddress = "127.0.0.1:0"\n' for at in ("ext_proc", "api", "admin"))
        )
        serve = [sys.executable, "-m", "stillwatch", "serve", "--config", str(config)]
        if options.litellm:
            over_litellm(options, folder, serve)
        else:
            over_envoy(options, folder, serve)
            over_http(options, serve)
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
