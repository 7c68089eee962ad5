"""Servers listen on this machine alone, unless what they say is encrypted."""

from __future__ import annotations

import pytest

from stillwatch.errors import ConfigurationError
from stillwatch.listening import listen, tls_pair, url_of


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.test"])  # noqa: S104
def test_beyond_this_machine_only_with_a_certificate(host):
    with pytest.raises(ConfigurationError, match="only this machine is served"):
        listen(host, 0, None)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("localhost", "127.0.0.1")]
)
def test_this_machine_is_served_without(host, shown):
    with listen(host, 0, None) as listening:
        assert url_of(listening, None) == f"http://{shown}:{listening.getsockname()[1]}"


def test_a_port_in_use_is_named():
    with listen("127.0.0.1", 0, None) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ConfigurationError, match="cannot be listened on") as refused:
            listen("127.0.0.1", port, None)
    assert str(port) in refused.value.where


def test_files_that_are_no_certificate_are_refused(tmp_path):
    file = tmp_path / "chain.pem"
    file.write_text("no certificate")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        listen("127.0.0.1", 0, (file, file))


def test_certificate_and_key_go_together(tmp_path):
    assert tls_pair(None, None) is None
    assert tls_pair(tmp_path, tmp_path) == (tmp_path, tmp_path)
    for pair in ((tmp_path, None), (None, tmp_path)):
        with pytest.raises(ConfigurationError, match="without its"):
            tls_pair(*pair)
