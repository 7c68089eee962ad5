"""Reading TAXII servers that others wrote, and our own hub with HTTP Basic.

The servers need packages that do not go with ours; name the Python of an environment that has them
in ``STILLWATCH_TAXII_PYTHON`` (``python -m venv X && X/bin/pip install medallion opentaxii``).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.share.exchange.reading import read_server
from stillwatch.share.exchange.store import Store
from stillwatch.share.exchange.taxii import Collection, TaxiiClient
from stillwatch.share.objects import Network, canonical, new_indicator

PYTHON = Path(os.environ.get("STILLWATCH_TAXII_PYTHON", "/tmp/taxii-servers/bin/python"))  # noqa: S108
NOW = time.time()
AUTHOR = "identity--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01"
ROOT, COLLECTION = "api", "472c94ae-3113-4e3e-a4dd-a9f4ac7471d4"


def installed(module):
    if not PYTHON.exists():
        return False
    done = subprocess.run([str(PYTHON), "-c", f"import {module}"], capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


needs = pytest.mark.skipif
needs_opentaxii = needs(
    not installed("opentaxii"), reason="opentaxii is not in STILLWATCH_TAXII_PYTHON"
)
needs_medallion = needs(
    not installed("medallion"), reason="medallion is not in STILLWATCH_TAXII_PYTHON"
)


def indicators(many):
    return [
        new_indicator(
            Network(entity="asn", value=str(213_000 + n), mine=300, others=200),
            author=AUTHOR,
            campaign=f"campaign-{n:032x}",
            now=NOW - 60.0,
            number=n.to_bytes(16, "big"),
            first_seen=NOW - 600.0,
            last_seen=NOW - 60.0,
        )
        for n in range(many)
    ]


MALWARE = {
    "type": "malware",
    "spec_version": "2.1",
    "id": "malware--4c5732d0-87e6-4754-bfb5-ed92c2fd8d0b",
    "created": "2026-01-01T00:00:00.000Z",
    "modified": "2026-01-01T00:00:00.000Z",
    "is_family": False,
}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def until(url):
    for _ in range(200):
        try:
            httpx.get(url, timeout=2.0)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(url)


def data(objects):
    stamps = [f"2026-11-01T00:00:00.{n:06d}Z" for n in range(len(objects))]
    media = "application/stix+json;version=2.1"
    return {
        "/discovery": {
            "title": "Some server",
            "default": "ROOT",
            "api_roots": ["ROOT"],
        },
        ROOT: {
            "information": {
                "title": "Root",
                "versions": ["application/taxii+json;version=2.1"],
                "max_content_length": 104_857_600,
            },
            "status": [],
            "collections": [
                {
                    "id": COLLECTION,
                    "title": "Indicators",
                    "can_read": True,
                    "can_write": True,
                    "media_types": [media],
                    "objects": objects,
                    "manifest": [
                        {
                            "id": one["id"],
                            "date_added": stamp,
                            "version": one["modified"],
                            "media_type": media,
                        }
                        for one, stamp in zip(objects, stamps, strict=True)
                    ],
                }
            ],
        },
    }


@pytest.fixture
def medallion(tmp_path):
    objects = [json.loads(canonical(one)) for one in indicators(230)] + [MALWARE]
    wrong = json.loads(canonical(indicators(1)[0]))
    wrong["id"] = "indicator--4c5732d0-87e6-4754-bfb5-ed92c2fd8d0b"
    wrong["description"] = "ask anna@example.org"
    port = free_port()
    text = json.dumps(data([*objects, wrong])).replace("ROOT", f"http://127.0.0.1:{port}/{ROOT}/")
    (tmp_path / "data.json").write_text(text)
    config = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(tmp_path / "data.json"),
        },
        "users": {"reader": "a password"},
        "taxii": {"max_page_size": 100},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    script = PYTHON.with_name("medallion")
    process = subprocess.Popen(  # noqa: S603
        [str(script), "--port", str(port), str(tmp_path / "config.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/taxii2/"
    until(url)
    yield url
    process.kill()
    process.wait()


@pytest.mark.slow
@needs_medallion
def test_a_medallion_is_read(medallion, tmp_path):
    store = Store(tmp_path / "store.sqlite")
    client = TaxiiClient(medallion, user="reader", password="a password")  # noqa: S106
    found = read_server(client, store, source="medallion", now=NOW)
    assert found == {"collections": 1, "objects": 230, "refused": 1, "of_other_types": 1}
    held = {one.item.id for one in store.live(NOW)}
    assert held == {one.id for one in indicators(230)}
    assert [rule for _, _, rule, _ in store.refusals()] == ["X-14"]
    again = read_server(client, store, source="medallion", now=NOW)
    assert again["objects"] == 0
    store.close()
    client.close()


@pytest.mark.slow
@needs_medallion
def test_a_wrong_password_is_said(medallion):
    client = TaxiiClient(medallion, user="reader", password="another")  # noqa: S106
    with pytest.raises(RefusedError, match="M-12"):
        client.collections()
    client.close()


@pytest.fixture
def opentaxii(tmp_path):
    port = free_port()
    script = Path(__file__).parent / "serve_opentaxii.py"
    process = subprocess.Popen(  # noqa: S603
        [str(PYTHON), str(script), str(tmp_path), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/taxii2/"
    until(url)
    yield url
    process.kill()
    process.wait()


@pytest.mark.slow
@needs_opentaxii
def test_an_opentaxii_is_read(opentaxii, tmp_path):
    server = TaxiiClient(opentaxii)
    (place, *_) = server.collections()
    envelope = {"objects": [json.loads(canonical(one)) for one in indicators(620)]}
    media = "application/taxii+json;version=2.1"
    headers = {"Accept": media, "Content-Type": media}
    url = f"{place.url}objects/"
    assert httpx.post(url, json=envelope, headers=headers, timeout=120.0).status_code == 202
    store = Store(tmp_path / "store.sqlite")
    found = read_server(server, store, source="opentaxii", now=NOW)
    assert (found["objects"], found["refused"]) == (620, 0)
    assert {one.item.id for one in store.live(NOW)} == {one.id for one in indicators(620)}
    store.close()
    server.close()


class Circle(httpx.BaseTransport):
    """A server whose pages never end."""

    def handle_request(self, request):
        if request.url.path.endswith("objects/"):
            return httpx.Response(200, json={"more": True, "next": "1", "objects": []})
        raise AssertionError(request.url)


def test_pages_in_a_circle_end():
    client = TaxiiClient("http://circle.example/taxii2/", transport=Circle())
    place = Collection("http://circle.example/api/collections/1/", "1", "")
    with pytest.raises(UnreachableError, match="circle"):
        list(client.pages(place))
    client.close()
