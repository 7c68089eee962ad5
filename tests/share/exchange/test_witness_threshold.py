"""Two of three witnesses, each a process: one is down, one cosigns whatever it is shown."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hub_process import Hub, run
from test_lying_hub import Between, publish

from stillwatch.errors import RefusedError
from stillwatch.ledger import COSIGNATURE, Checkpoint, SigningKey, commit, merkle
from stillwatch.ledger.checkpoints import parse_checkpoint, sign_checkpoint
from stillwatch.ledger.cosignatures import cosign
from stillwatch.ledger.notes import parse_note
from stillwatch.share.exchange.logview import SplitViewError
from stillwatch.share.exchange.member import Member, join

RECORDS, LOG = "/exchange/v1/records", "/exchange/v1/log/"


class Liar:
    """A witness that remembers nothing and cosigns everything."""

    def __init__(self, name):
        self.key = key = SigningKey.generate(name, COSIGNATURE)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                note = parse_note(raw.split(b"\n\n", 1)[1])
                line = cosign(note.text, key, int(time.time()))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(line.encode().encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Witness:
    """A witness in a process of its own, that can be stopped and started on the same port."""

    def __init__(self, state, name, log_key):
        self.state, self.url = state, ""
        self.key = run("witness", "new-key", name, "--state", state).strip()
        run("witness", "add-log", log_key, "--state", state)
        self.start()

    def start(self):
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "stillwatch", "witness", "serve"]
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [*command, "--state", str(self.state), "--port", port],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.process.stdout.close()


class WitnessedHub(Hub):
    """A hub whose log three witnesses cosign."""

    def start(self):
        if not self.options:
            key = self.log_key
            self.witnesses = [
                Witness(self.state.parent / name, f"{name}.example/w", key) for name in ("w1", "w2")
            ]
            self.liar = Liar("w3.example/w")
            pairs = [(one.url, one.key) for one in self.witnesses]
            pairs.append((self.liar.url, self.liar.key.public.encode()))
            self.keys = [key for _, key in pairs]
            self.options = [word for pair in pairs for word in ("--witness", *pair)]
        super().start()

    def close(self):
        self.kill(signal.SIGTERM)
        self.liar.close()
        for one in self.witnesses:
            one.stop()


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory):
    made = WitnessedHub(tmp_path_factory.mktemp("witnessed") / "hub")
    yield made
    made.close()


def member_of(hub, folder, threshold, keys):
    join(
        folder, hub.url, hub.invite(folder.name), folder.name, clock=time.time,
        log_key=hub.log_key, witnesses=keys, threshold=threshold,
    )  # fmt: skip
    return Member(folder, clock=time.time)


def pulled(member, objects, within=30.0):
    """Pull until so many objects came, or refuse as the last pull did."""
    end = time.monotonic() + within
    while True:
        try:
            objects -= member.pull().objects
        except RefusedError:
            if time.monotonic() > end:
                raise
        if objects <= 0:
            return
        assert time.monotonic() < end, "the witnesses did not cosign"
        time.sleep(0.2)


def lines(member):
    """Return who cosigned the newest checkpoint that has cosignatures."""
    _, note = parse_checkpoint(member.client.get_bytes(LOG + "checkpoint"))
    return {line.name for line in note.signatures} - {"hub.example/log"}


def test_two_of_three_cosign_and_one_alone_is_not_believed(witnessed, tmp_path):
    hub = witnessed
    honest = hub.keys[:2]
    with (
        member_of(hub, tmp_path / "Author", 0, ()) as author,
        member_of(hub, tmp_path / "Careful", 2, honest) as careful,
        member_of(hub, tmp_path / "Two-of-three", 2, hub.keys) as member,
    ):
        publish(author, 211_101)
        pulled(careful, 1)
        pulled(member, 1)
        hub.witnesses[1].stop()
        publish(author, 211_102)
        pulled(member, 1)  # one honest witness, and the liar
        size = member.store.view().checkpoint.size
        assert lines(member) <= {"w1.example/w", "w3.example/w"}
        with pytest.raises(RefusedError, match=r"M-1.*L-15"):
            careful.pull()
        assert careful.store.view().checkpoint.size < size
        hub.witnesses[1].start()
        publish(author, 211_103)
        pulled(careful, 2)


def forked(hub, member, cosigner):
    """Return a checkpoint of another history, cosigned by one witness alone."""
    key = SigningKey.read(hub.state / "hub.key")
    tree = merkle.Tree()
    size = member.store.view().checkpoint.size + 1
    tree.append([merkle.leaf_hash(commit(bytes(32), b"{%d}" % n)) for n in range(size)])
    note = sign_checkpoint(Checkpoint("hub.example/log", size, tree.root()), [key])
    return note.added([cosign(note.text, cosigner, int(time.time()))]).encode()


def test_a_split_view_is_seen_though_a_witness_cosigns_it(witnessed, tmp_path):
    hub = witnessed
    with member_of(hub, tmp_path / "Author 2", 0, ()) as author:
        publish(author, 211_201)
        for threshold, keys, wanted in (
            (2, hub.keys, r"M-1.*L-15"),  # the liar alone is one of two
            (1, hub.keys[2:], "M-2"),  # whoever trusts the liar alone sees that it does not fit
        ):
            folder = tmp_path / f"Reader {threshold}"
            with member_of(hub, folder, threshold, keys) as member:
                pulled(member, 1)
                fork = forked(hub, member, hub.liar.key)
            publish(author, 211_210 + threshold)

            def lie(page, fork=fork):
                return fork if not page.startswith(b"{") else page

            between = Between(LOG + "checkpoint", lie)
            with Member(folder, clock=time.time, transport=between) as member:
                kind = SplitViewError if wanted == "M-2" else RefusedError
                with pytest.raises(kind, match=wanted):
                    member.pull()
                assert (folder / "evidence").exists() == (wanted == "M-2")
