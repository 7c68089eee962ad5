"""The how-to as it stands: Envoy, `stillwatch serve` as a process, and a model."""

from __future__ import annotations

import subprocess
import sys

import httpx
from gateway_world import ROOT, asgi_server, config_for, envoy
from test_ext_proc import CHAT, PATHS

from stillwatch.testing import FakeModel

SETTINGS = (
    "".join(f'[{name}]\naddress = "127.0.0.1:0"\n' for name in ("ext_proc", "api", "admin"))
    + "[lake]\nfolder = 'lake'\nseconds = 0.2\n"
)
ENVOY = (ROOT / "docs" / "how-to" / "envoy.yaml").read_text("utf-8")


def ports_of(process):
    held = {}
    for line in process.stdout:
        name, _, url = line.strip().partition(" ")
        held[name] = int(url.rsplit(":", 1)[1])
        if len(held) == 3:
            return held
    raise AssertionError(process.stderr.read())


def test_requests_pass_in_shadow_mode_and_are_counted(tmp_path):
    (tmp_path / "serve.toml").write_text(SETTINGS)
    command = [sys.executable, "-m", "stillwatch", "serve", "--config", tmp_path / "serve.toml"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            ours = ports_of(process)
            model = FakeModel()
            headers = {"authorization": "Bearer key-of-acme"}
            with (
                asgi_server(model) as model_port,
                envoy(config_for(ENVOY, model_port, ours["ext_proc"]), tmp_path) as ports,
            ):
                url = f"http://127.0.0.1:{ports['clients']}"
                for path, body in PATHS.items():
                    told = httpx.post(url + path, json=body, headers=headers, timeout=30)
                    assert told.status_code == 200
                body = CHAT | {"stream": True}
                path = "/v1/chat/completions"
                told = httpx.post(url + path, json=body, headers=headers, timeout=30)
                assert told.text.endswith("data: [DONE]\n\n")
                assert len(model.received) == 5
            metrics = httpx.get(f"http://127.0.0.1:{ours['admin']}/metrics", timeout=30).text
        finally:
            process.terminate()
            _, log = process.communicate(timeout=60)
    assert 'stillwatch_requests_total{outcome="passed"} 5.0' in metrics
    assert "acme" not in metrics
    assert "hello" not in log
    assert process.returncode == 0
    assert list((tmp_path / "lake").rglob("*.parquet")) != []
