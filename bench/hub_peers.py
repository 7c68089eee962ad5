"""medallion and OpenTAXII, set up as their manuals say, under the load of ``hub_load``."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from hub_load import TAXII, Peer, made, pages, posts

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 5917
URL = f"http://127.0.0.1:{PORT}"
TOKEN = base64.b64encode(b"user:password").decode()
HEADERS = {"Accept": TAXII, "Authorization": f"Basic {TOKEN}", "Connection": "close"}

MEDALLION = {
    "discovery": {
        "title": "t",
        "default": "http://localhost:5000/api/",
        "api_roots": ["http://localhost:5000/api/"],
    },
    "api": {
        "information": {"title": "t", "versions": [TAXII], "max_content_length": 104857600},
        "status": [],
        "collections": [
            {
                "id": "365fed99-08fa-fdcd-a1b3-fb247eb41d01",
                "title": "c",
                "can_read": True,
                "can_write": True,
                "media_types": ["application/stix+json;version=2.1"],
                "manifest": [],
                "objects": [],
            }
        ],
    },
}


OPENTAXII = """
domain: "127.0.0.1:{port}"
support_basic_auth: yes
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters: {{db_connection: "sqlite:///{folder}/auth.db", create_tables: yes, secret: s}}
taxii2:
  title: t
  contact: c
  description: d
  max_content_length: 104857600
  public_discovery: true
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters: {{db_connection: "sqlite:///{folder}/data.db", create_tables: yes}}
logging: {{opentaxii: error, root: error}}
"""
PATCHED = """
import json, uuid
from opentaxii.http import app

def as_text(_, value):  # without it, answers that hold a UUID end in 500
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(value)

json.JSONEncoder.default = as_text
"""
"""OpenTAXII 0.9.3 keeps ids as UUID objects, which its own encoder does not know."""


def measure(venv: Path, count: int) -> dict[str, dict[str, float]]:
    """Return objects a second of each peer, by what was done."""
    found: dict[str, dict[str, float]] = {}
    for name, serving in (("medallion", medallion), ("opentaxii", opentaxii)):
        try:
            with tempfile.TemporaryDirectory() as folder, serving(venv, Path(folder)) as path:
                peer = Peer(URL, HEADERS, path)
                body = b'{"objects":[%b]}' % made(peer.author, peer.key, 1)[0]
                headers = {**HEADERS, "Content-Type": TAXII}
                answer = httpx.post(URL + path, content=body, headers=headers, timeout=30)
                if answer.status_code != 202:
                    print(f"{name}: left out, a post is answered with {answer.status_code}")
                    continue
                rates = asyncio.run(posts(name, peer, count, 8))
                found[name] = rates | asyncio.run(pages(name, peer, 2 * count + 1, 5))
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            print(f"{name}: left out: {error}")
    return found


@contextmanager
def medallion(venv: Path, folder: Path) -> Iterator[str]:
    data, settings = folder / "data.json", folder / "config.json"
    data.write_text(json.dumps(MEDALLION))
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(data),
    }
    limit = {"max_page_size": 100}
    users = {"user": "password"}
    settings.write_text(json.dumps({"backend": backend, "users": users, "taxii": limit}))
    words = ("--host", "127.0.0.1", "--port", str(PORT), "--log-level", "ERROR", str(settings))
    with running([str(venv / "bin" / "medallion"), *words], dict(os.environ)):
        yield f"/api/collections/{MEDALLION['api']['collections'][0]['id']}/objects/"


@contextmanager
def opentaxii(venv: Path, folder: Path) -> Iterator[str]:
    settings = folder / "config.yml"
    settings.write_text(OPENTAXII.format(port=PORT, folder=folder))
    environment = {**os.environ, "OPENTAXII_CONFIG": str(settings), "PYTHONWARNINGS": "ignore"}

    def run(name: str, *words: str) -> str:
        command = [str(venv / "bin" / f"opentaxii-{name}"), *words]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
        return done.stdout

    run("create-account", "-u", "user", "-p", "password", "-a")
    run("add-api-root", "-t", "api", "--default")
    root = re.search("-r {([0-9a-f-]{36})}", run("add-collection", "-h"))[1]
    run("add-collection", "-r", root, "-t", "c", "-a", "c", "--public", "--public-write")
    (folder / "patched.py").write_text(PATCHED)
    words = ("--threads", "8", "--bind", f"127.0.0.1:{PORT}", "--log-level", "critical")
    command = [str(venv / "bin" / "gunicorn"), *words, "--pythonpath", str(folder), "patched:app"]
    with running(command, environment):
        yield f"/taxii2/{root}/collections/c/objects/"


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)  # noqa: S603
    try:
        for _ in range(100):
            try:
                httpx.get(URL)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()
