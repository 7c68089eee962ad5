"""A timestamp authority for tests: openssl answers, a real HTTP server speaks for it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

__all__ = ["TestAuthority"]

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.4146.2.3
digests = sha256
ordering = yes
tsa_name = yes
ess_cert_id_alg = sha256
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
"""
EXTENSIONS = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


def openssl(*arguments, data=b""):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class TestAuthority:
    """An authority with a root of its own."""

    __test__ = False

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        (folder / "openssl.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "extensions").write_text(EXTENSIONS)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl(
            "req",
            "-x509",
            *key,
            "-keyout",
            folder / "root.key",
            "-out",
            folder / "root.pem",
            "-days",
            "3650",
            "-subj",
            f"/CN={name} root",
        )
        openssl(
            "req",
            *key,
            "-keyout",
            folder / "tsa.key",
            "-out",
            folder / "tsa.csr",
            "-subj",
            f"/CN={name}",
        )
        openssl(
            "x509",
            "-req",
            "-in",
            folder / "tsa.csr",
            "-CA",
            folder / "root.pem",
            "-CAkey",
            folder / "root.key",
            "-CAcreateserial",
            "-days",
            "3000",
            "-extfile",
            folder / "extensions",
            "-out",
            folder / "tsa.pem",
        )

    @property
    def root(self):
        return self.folder / "root.pem"

    def answer(self, query):
        """Return the response to a query's DER."""
        with TemporaryDirectory() as scratch:
            request = Path(scratch) / "query.tsq"
            request.write_bytes(query)
            out = Path(scratch) / "answer.tsr"
            openssl(
                "ts",
                "-reply",
                "-config",
                self.folder / "openssl.cnf",
                "-section",
                "one",
                "-queryfile",
                request,
                "-out",
                out,
            )
            return out.read_bytes()

    def stamp(self, data):
        """Return a timestamp over data, now."""
        return self.answer(
            openssl("ts", "-query", "-data", "/dev/stdin", "-sha256", "-cert", data=data)
        )

    @contextmanager
    def serving(self):
        """Yield the URL of a server that answers queries."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                answer = authority.answer(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-type", "application/timestamp-reply")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
