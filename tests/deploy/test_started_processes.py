"""The processes of a deployment, started from its settings, without containers.

PostgreSQL, Redis and NATS are real. Of the settings only places are changed: folders, hosts, ports.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from databases import postgres_at
from servers import free_port, nats_server, redis_server, until

from stillwatch.cli.doctor.installation import read_environment

DEPLOY = Path(__file__).parents[2] / "deploy"
PARTS = ("hub", "serve", "scan", "console", "witness")
FOLDERS = ("hub", "serve", "scan", "results", "lake", "witness")


class Site:
    """A machine with the settings of a deployment on it."""

    def __init__(self, folder, hosts):
        self.folder, self.hosts = folder, hosts
        self.ports = {port: free_port() for port in ("8716", "8717", "8720", "8722", "8729")}
        self.secrets = folder / "etc" / "secrets"
        (folder / "lib").mkdir(mode=0o700)
        for name in FOLDERS:
            (folder / "lib" / name).mkdir(mode=0o700)
        (folder / "etc").mkdir(mode=0o750)
        self.key = self._first_secrets()
        for part in PARTS:
            self._put(f"{part}.env")
        self._put("serve.toml")
        for part in ("hub", "console"):
            path = self.secrets / f"{part}.env"
            path.write_text(self.here(path.read_text(), part))
        self.running = {}
        self.lines = {}

    def _first_secrets(self):
        command = [sys.executable, str(DEPLOY / "first_secrets.py"), str(self.secrets)]
        done = subprocess.run(  # noqa: S603 - our own words
            [*command, "--name", "localhost", "--valkey", self.hosts["valkey"]],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def _put(self, name):
        text = self.here((DEPLOY / "settings" / name).read_text())
        (self.folder / "etc" / name).write_text(text)

    def here(self, text, database=""):
        """Return settings with this machine's places in them."""
        text = text.replace("/etc/stillwatch", str(self.folder / "etc"))
        text = text.replace("/var/lib/stillwatch", str(self.folder / "lib"))
        text = text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - it is taken out
        text = text.replace("@SCAN_KEY@", self.key)
        text = text.replace("nats://nats:4222", self.hosts["nats"])
        text = re.sub(
            r"postgresql://stillwatch:[^@]+@postgres:5432/\w+",
            lambda _: self.hosts["postgres"](database),
            text,
        )
        for port, free in self.ports.items():
            text = re.sub(rf"(?<=[:=]){port}\b", str(free), text)
        return text.replace("https://hub.example", f"https://localhost:{self.ports['8717']}")

    def environment(self, part):
        found = read_environment(self.folder / "etc" / f"{part}.env")
        if (self.secrets / f"{part}.env").exists():
            found |= read_environment(self.secrets / f"{part}.env")
        own = {k: v for k, v in os.environ.items() if not k.startswith("STILLWATCH_")}
        return {**own, **found, "PYTHONWARNINGS": "", "PYTHONUNBUFFERED": "1"}

    def run(self, part, *words, code=0):
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-m", "stillwatch", *map(str, words)],
            env=self.environment(part), capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, part, *words):
        """Start what a unit, a container or a pod starts, and wait for its first line."""
        log = (self.folder / f"{part}.log").open("w")
        process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-m", "stillwatch", *words],
            env=self.environment(part), stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        log.close()
        self.running[part] = process
        first = process.stdout.readline()
        assert first, (self.folder / f"{part}.log").read_text()
        return first

    def get(self, port, path, *, token="", host=""):
        trusted = ssl.create_default_context(cafile=self.secrets / "tls.crt")
        trusted.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 does by itself
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Host": host} if host else {}
        url = f"https://localhost:{self.ports[port]}{path}"
        with urlopen(Request(url, headers=headers), context=trusted, timeout=10) as answer:
            return answer.status, answer.read().decode()

    def end(self):
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        codes = {}
        for part, process in self.running.items():
            try:
                codes[part] = process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[part] = process.wait(10)
            process.stdout.close()
        self.running = {}
        return codes


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    server = postgres_at(tmp_path_factory.mktemp("pg"))
    with (
        contextlib.ExitStack() as stack,
        redis_server(tmp_path_factory.mktemp("redis")) as redis,
        nats_server(tmp_path_factory.mktemp("nats")) as nats,
    ):
        stack.callback(server.cleanup)
        for name in ("hub", "console"):
            server.psql(f"CREATE DATABASE {name};")
        hosts = {
            "valkey": f"127.0.0.1:{redis.port}",
            "nats": f"nats://127.0.0.1:{nats.port}",
            "postgres": lambda name: server.get_uri(database=name),
        }
        made = Site(tmp_path_factory.mktemp("machine"), hosts)
        protect(redis.port, made.secrets / "valkey.password")
        yield made
        made.end()


def protect(port, password):
    """Give the server the password that the deployment's file holds."""
    import redis  # noqa: PLC0415 - an extra

    with redis.Redis(port=port) as to:
        to.config_set("requirepass", password.read_text())


def test_everything_starts_works_together_and_ends(site):
    site.run("hub", "hub", "init", "hub.example/log")
    witness = site.folder / "lib" / "witness"
    site.run("witness", "witness", "new-key", "w.example/w", "--state", witness)
    assert site.start("hub", "hub", "serve").startswith("https://127.0.0.1:")
    assert site.start("serve", "serve").startswith("api https://")
    assert site.start("witness", "witness", "serve").startswith("https://")
    assert site.start("console", "console", "serve").startswith("https://")
    for port, path in (("8717", "/readyz"), ("8729", "/readyz")):
        assert site.get(port, path)[0] == 200
    # the console answers under its own name alone, which probes have to give
    assert site.get("8722", "/healthz", host="console.example")[0] == 200
    scanned(site)
    told_to_the_gateway(site)
    healthy(site)
    # what ends in order ends itself by the signal afterwards, which systemd counts as success
    assert set(site.end().values()) <= {0, -signal.SIGTERM}


def scanned(site):
    """Fill the lake, scan it as the job does, and send what was found."""
    world = site.folder / "world"
    site.run(
        "scan", "simulate", "--out", world, "--exchanges", 6000, "--accounts", 300,
        "--seed", 11, "--days", 4,
    )  # fmt: skip
    for day in sorted((world / "exchanges").iterdir()):
        day.rename(site.folder / "lib" / "lake" / day.name)
    site.run("scan", "scan", site.folder / "lib" / "lake")
    assert (site.folder / "lib" / "results" / "campaigns.json").exists()
    site.run("scan", "updates", "send", site.folder / "lib" / "results")


def told_to_the_gateway(site):
    """The scan reaches the replica over NATS, signed by the key that its settings trust."""
    token = (site.secrets / "admin.token").read_text().strip()

    def heard():
        found = re.findall(
            r'stillwatch_updates_total\{kind="scan",outcome="(\w+)"\} ([\d.]+)',
            site.get("8729", "/metrics", token=token)[1],
        )
        return {name for name, count in found if float(count)}

    until(lambda: heard() & {"taken", "known"}, 60)


def healthy(site):
    files = [site.folder / "etc" / f"{part}.env" for part in PARTS]
    files += [site.secrets / f"{part}.env" for part in ("hub", "console")]
    named = [word for path in files for word in ("--settings", str(path))]
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "stillwatch", "doctor", "--json", *named],
        env={k: v for k, v in os.environ.items() if not k.startswith("STILLWATCH_")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = json.loads(done.stdout)
    bad = [one for one in said["checks"] if one["level"] == "fail"]
    assert (bad, done.returncode) == ([], 0)
    seen = {one["id"] for one in said["checks"]}
    assert seen >= {f"D-{n}" for n in (*range(1, 18), 20, 21, 22)}, seen
    for path in site.secrets.iterdir():
        if path.suffix in {".token", ".password", ".key", ".url"}:
            assert path.read_text().strip() not in done.stdout
