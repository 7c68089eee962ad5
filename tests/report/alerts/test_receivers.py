"""Each kind of receiver against a real listener on loopback."""

# ruff: noqa: S106 - the arguments name variables and hold no secret

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from datetime import UTC, datetime

import pytest
from listening import SECRET, SECRET_TEXT, checked, parsed, web

from stillwatch.errors import ConfigurationError
from stillwatch.report.alerts.interface import DAY, Message, NotTakenError
from stillwatch.report.alerts.options import Options
from stillwatch.report.alerts.splunk import Splunk
from stillwatch.report.alerts.syslog import Syslog
from stillwatch.report.alerts.webhook import Webhook, signature
from stillwatch.report.documents.ocsf_event import Event

WHEN = datetime(2026, 9, 3, 14, 0, 0, 250_000, tzinfo=UTC)
HOSTILE = 'c"]\\ x="y\n\x1b[2J ñ'


def message(count=2, kind="accounts.flagged", subject="c-1"):
    events = tuple(
        Event(f"sw_{i}", WHEN, 4, subject, json.dumps({"n": i, "text": "é]\n"}))
        for i in range(count)
    )
    return Message(1, "sw_message", kind, WHEN, "https://runbooks.example/a#b", events)


def taken(kind, base, **table):
    options = Options(table, "r.toml", base)
    receiver = kind.take("r", options)
    options.finish()
    return receiver


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("HOOK", SECRET_TEXT)
    monkeypatch.setenv("TOKEN", "11111111-2222-3333-4444-555555555555")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


def hook_to(server, tmp_path, **more):
    url = f"http://127.0.0.1:{server.server_port}/alerts?team=1"
    return taken(Webhook, tmp_path, **{"url": url, "secret_env": "HOOK", **more})


def refusal(receiver, sent=None, now=None):
    with pytest.raises(NotTakenError) as caught:
        receiver.deliver(sent or message(), time.time() if now is None else now)
    return caught.value


def test_the_signature_is_that_of_the_specification():
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_is_signed_and_says_what_happened(hook, tmp_path):
    hook_to(hook, tmp_path).deliver(message(), time.time())
    (request,) = hook.requests
    assert request[0] == "/alerts?team=1"
    document = checked(request)
    assert document == {
        "type": "accounts.flagged",
        "timestamp": "2026-09-03T14:00:00.250000Z",
        "data": {
            "playbook": "https://runbooks.example/a#b",
            "events": [{"n": 0, "text": "é]\n"}, {"n": 1, "text": "é]\n"}],
        },
    }
    altered = (request[0], request[1], request[2].replace(b"flagged", b"Flagged"))
    with pytest.raises(AssertionError, match="no signature"):
        checked(altered)


def test_two_secrets_sign_while_one_is_replaced(hook, tmp_path, monkeypatch):
    other = b"another secret of thirty-two byt"
    monkeypatch.setenv("HOOK", f"whsec_{base64.b64encode(other).decode()} {SECRET_TEXT}")
    hook_to(hook, tmp_path).deliver(message(), time.time())
    checked(hook.requests[0], SECRET)
    checked(hook.requests[0], other)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success(hook, tmp_path, status):
    hook.answers.append((status, {}, b"ok"))
    hook_to(hook, tmp_path).deliver(message(), time.time())


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 413, 500, 503])
def test_failure_is_told_and_redirects_are_not_followed(hook, tmp_path, status):
    elsewhere = f"http://127.0.0.1:{hook.server_port}/elsewhere"
    hook.answers.append((status, {"location": elsewhere}, b"no"))
    assert refusal(hook_to(hook, tmp_path)).what == f"it answered with status {status}"
    assert [path for path, _, _ in hook.requests] == ["/alerts?team=1"]


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("99999999999999999999", DAY),
        ("Thu, 03 Sep 2026 14:01:00 GMT", 60),
        ("Thu, 03 Sep 2020 14:01:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(hook, tmp_path, field, seconds):
    hook.answers.append((429, {"retry-after": field}, b""))
    now = datetime(2026, 9, 3, 14, tzinfo=UTC).timestamp()
    assert refusal(hook_to(hook, tmp_path), now=now).retry_after == seconds


def test_gone_is_asked_once_a_day(hook, tmp_path):
    hook.answers.append((410, {}, b""))
    assert refusal(hook_to(hook, tmp_path)).retry_after == DAY


def test_nobody_there_and_no_answer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        waiting = taken(Webhook, tmp_path, url=url, secret_env="HOOK", timeout_seconds=0.2)
        assert refusal(waiting).what == "it did not answer in time"
    assert "refused" in refusal(waiting).what.lower()


def test_a_receiver_that_drips_is_cut_off(tmp_path):
    listener = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(b"H")
                    time.sleep(0.05)
            except OSError:
                pass

    thread = threading.Thread(target=drip)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    receiver = taken(Webhook, tmp_path, url=url, secret_env="HOOK", timeout_seconds=0.3)
    start = time.monotonic()
    refusal(receiver)
    assert time.monotonic() - start < 5
    thread.join(5)
    listener.close()


def test_tls_is_checked(tls, tmp_path):
    authority, context = tls
    with web(tls=context) as server:
        url = f"https://127.0.0.1:{server.server_port}/"
        trusted = taken(Webhook, tmp_path, url=url, secret_env="HOOK", ca_file=str(authority))
        trusted.deliver(message(), time.time())
        checked(server.requests[0])
        stranger = taken(Webhook, tmp_path, url=url, secret_env="HOOK")
        assert "certificate is not trusted" in refusal(stranger).what
        misnamed = taken(
            Webhook,
            tmp_path,
            url=url.replace("127.0.0.1", "localhost"),
            secret_env="HOOK",
            ca_file=str(authority),
        )
        assert "certificate is not trusted" in refusal(misnamed).what
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://10.0.0.1/",
        "https://user:word@example.org/",
        "ftp://example.org/",
        "https:///x",
        "https://example.org/#x",
        "https://example.org:x/",
        "https://example.org/a b",
        "//example.org",
        "",
    ],
)
def test_addresses_that_are_refused(tmp_path, url):
    with pytest.raises(ConfigurationError) as caught:
        taken(Webhook, tmp_path, url=url, secret_env="HOOK")
    assert "word" not in caught.value.diagnostics()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", SECRET_TEXT[6:]])
def test_secrets_that_are_refused(tmp_path, monkeypatch, secret):
    monkeypatch.setenv("HOOK", secret)
    with pytest.raises(ConfigurationError):
        taken(Webhook, tmp_path, url="https://example.org/", secret_env="HOOK")


def syslog_to(port, tmp_path, transport="tcp", **more):
    table = {"host": "127.0.0.1", "port": port, "transport": transport, "timeout_seconds": 2}
    return taken(Syslog, tmp_path, **table, **more)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_syslog_over_a_stream(syslog_servers, tls, tmp_path, transport):
    authority, context = tls
    server = syslog_servers(context if transport == "tls" else None)
    more = {"ca_file": str(authority)} if transport == "tls" else {}
    receiver = syslog_to(server.port, tmp_path, transport, facility=16, hostname="gw 1", **more)
    receiver.deliver(message(3), 0.0)
    time.sleep(0.1)
    assert len(server.messages) == 3
    for number, raw in enumerate(server.messages):
        head, data, text = parsed(raw)
        assert head == {
            "pri": str(16 * 8 + 3),
            "stamp": "2026-09-03T14:00:00.250Z",
            "host": "gw1",
            "app": "stillwatch",
            "proc": "-",
            "id": "accounts.flagged",
        }
        assert data == {"origin": {"software": "stillwatch", "swVersion": "0.1.0"}}
        assert json.loads(text) == {"n": number, "text": "é]\n"}


def test_structured_data_is_escaped(syslog_servers, tmp_path):
    server = syslog_servers()
    syslog_to(server.port, tmp_path, enterprise_number=32473).deliver(
        message(1, subject=HOSTILE), 0.0
    )
    time.sleep(0.1)
    (raw,) = server.messages
    assert not set(raw) & set(range(32))
    _, data, _ = parsed(raw)
    assert data["alert@32473"] == {
        "id": "sw_message",
        "event": "sw_0",
        "campaign": HOSTILE.replace("\n", "\\n").replace("\x1b", "\\x1b"),
        "playbook": "https://runbooks.example/a#b",
    }


def test_a_stream_that_is_reset_is_not_taken(syslog_servers, tls, tmp_path):
    authority, context = tls
    server = syslog_servers(rude=True)
    refusal(syslog_to(server.port, tmp_path))
    server = syslog_servers(context, rude=True)
    refusal(syslog_to(server.port, tmp_path, "tls", ca_file=str(authority)))
    assert "certificate" in refusal(syslog_to(syslog_servers(context).port, tmp_path, "tls")).what


def test_a_stream_that_does_not_close_is_taken_only_without_confirmation(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        receiver = taken(
            Syslog, tmp_path, host="127.0.0.1", port=port, transport="tcp", timeout_seconds=0.2
        )
        assert "did not answer" in refusal(receiver).what
        syslog_to(port, tmp_path, confirm=False).deliver(message(), 0.0)


def test_syslog_over_datagrams(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(2)
        port = listener.getsockname()[1]
        receiver = syslog_to(port, tmp_path, "udp")
        receiver.deliver(message(2), 0.0)
        texts = [parsed(listener.recv(70_000))[2] for _ in range(2)]
        assert [json.loads(text)["n"] for text in texts] == [0, 1]
    assert "refused" in refusal(receiver).what.lower()
    huge = Message(1, "u", "k", WHEN, "p", (Event("e", WHEN, 4, "c", '"' + "x" * 70_000 + '"'),))
    assert "fits no datagram" in refusal(receiver, huge).what


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_plain_text_stays_on_this_machine(tmp_path, transport):
    with pytest.raises(ConfigurationError, match="readable on the way"):
        taken(Syslog, tmp_path, host="logs.example.org", transport=transport)
    table = {"host": "logs.example.org", "transport": transport}
    taken(Syslog, tmp_path, **table, plain_text_leaves_this_machine=True)


class Collector:
    """What Splunk's manual says of the event collector: token, batch of objects, ackIds."""

    def __init__(self, server, *, acknowledges=True, delay=1):
        self.events, self.acks, self.delay, self.acknowledges = [], {}, delay, acknowledges
        server.respond = self.respond

    def respond(self, path, headers, body):
        if headers.get("authorization") != "Splunk 11111111-2222-3333-4444-555555555555":
            return 403, {}, b'{"text":"Invalid token","code":4}'
        channel = headers.get("x-splunk-request-channel")
        if path == "/services/collector/event":
            if channel is None:
                return 400, {}, b'{"text":"Data channel is missing","code":10}'
            batch = self.split(body.decode("ascii"))
            if not batch or any("event" not in item for item in batch):
                return 400, {}, b'{"text":"Event field is required","code":12}'
            self.events += batch
            answer = {"text": "Success", "code": 0}
            if self.acknowledges:
                answer["ackId"] = len(self.acks)
                self.acks[len(self.acks)] = (channel, self.delay)
            return 200, {}, json.dumps(answer).encode()
        if path.partition("?")[0] == "/services/collector/ack":
            wanted = json.loads(body)["acks"]
            said = {}
            for ack in wanted:
                own, left = self.acks[ack]
                assert path == f"/services/collector/ack?channel={own}"
                self.acks[ack] = (own, left - 1)
                said[str(ack)] = left <= 0
            return 200, {}, json.dumps({"acks": said}).encode()
        return 404, {}, b"{}"

    @staticmethod
    def split(text):
        decoder, place, found = json.JSONDecoder(), 0, []
        while place < len(text):
            item, place = decoder.raw_decode(text, place)
            found.append(item)
            place += len(text[place:]) - len(text[place:].lstrip())
        return found


def splunk_to(server, tmp_path, **more):
    url = f"http://127.0.0.1:{server.server_port}"
    return taken(Splunk, tmp_path, url=url, token_env="TOKEN", timeout_seconds=1.5, **more)


def test_splunk(hook, tmp_path):
    collector = Collector(hook)
    splunk_to(hook, tmp_path, index="abuse", sourcetype="ocsf").deliver(message(2), 0.0)
    assert collector.events == [
        {
            "time": WHEN.timestamp(),
            "source": "stillwatch",
            "sourcetype": "ocsf",
            "index": "abuse",
            "fields": {"alert_id": "sw_message", "alert_type": "accounts.flagged"},
            "event": {"n": number, "text": "é]\n"},
        }
        for number in range(2)
    ]
    assert len(hook.requests) == 1


def test_splunk_waits_until_the_events_are_indexed(hook, tmp_path):
    Collector(hook, delay=1)
    splunk_to(hook, tmp_path, acknowledge=True).deliver(message(), 0.0)
    assert [path.partition("?")[0].rpartition("/")[2] for path, _, _ in hook.requests] == [
        "event",
        "ack",
        "ack",
    ]


def test_splunk_that_does_not_index_in_time(hook, tmp_path):
    Collector(hook, delay=99)
    assert "acknowledge" in refusal(splunk_to(hook, tmp_path, acknowledge=True)).what
    Collector(hook, acknowledges=False)
    assert "not on for this token" in refusal(splunk_to(hook, tmp_path, acknowledge=True)).what


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, {"retry-after": "3"}, b'{"text":"Server is busy","code":9}'), "status 503, code 9"),
        ((200, {}, b'{"text":"?","code":5}'), "status 200, code 5"),
        ((200, {}, b"not json"), "status 200"),
        ((200, {}, b"[" * 50_000), "status 200"),
        ((302, {"location": "/"}, b""), "status 302"),
    ],
)
def test_splunk_refusals(hook, tmp_path, answer, words):
    hook.answers.append(answer)
    error = refusal(splunk_to(hook, tmp_path))
    assert error.what == f"it answered with {words}"
    assert error.retry_after == (3 if "503" in words else None)


def test_splunk_with_a_wrong_token_does_not_show_it(hook, tmp_path, monkeypatch):
    Collector(hook)
    monkeypatch.setenv("TOKEN", "wrong-token")
    receiver = splunk_to(hook, tmp_path)
    assert refusal(receiver).what == "it answered with status 403, code 4"
    assert "wrong-token" not in repr(receiver) + str(receiver)
    assert "whsec" not in repr(hook_to(hook, tmp_path))
