from __future__ import annotations

import shutil

import pytest
from alert_scans import small_scan
from listening import SECRET_TEXT, Syslog, certificate, web

from stillwatch.report.documents import write_scan


@pytest.fixture
def hook():
    with web() as server:
        yield server


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate of the test, is not installed")
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def syslog_servers():
    made = []

    def start(*arguments, **more):
        server = Syslog(*arguments, **more)
        server.start()
        made.append(server)
        return server

    yield start
    for server in made:
        server.stop()


@pytest.fixture
def folder(tmp_path):
    """A scan in out/ and a webhook's secret."""
    write_scan(small_scan(), tmp_path / "out")
    (tmp_path / "secret").write_text(SECRET_TEXT)
    (tmp_path / "secret").chmod(0o600)
    return tmp_path
