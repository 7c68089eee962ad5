"""OTLP/HTTP answers, of a receiver on loopback; raw requests, and the SDK's own exporters."""

from __future__ import annotations

import gzip
import json
import time

import httpx
import pytest
from made_exports import log, logs, packed, span, traces
from serving import serving, until

from stillwatch.find.features.files import find_observations
from stillwatch.find.receiving import Limits
from stillwatch.find.receiving.requests import JSON, LARGEST, PROTOBUF
from stillwatch.find.receiving.service import Totals

PROMPT = "the recipe of a purple giraffe cake"


@pytest.fixture
def posted(tmp_path):
    """Return a function that posts to a receiver."""
    with serving(tmp_path / "out", limits=Limits(spans=5), exchanges=4) as (service, where):
        client = httpx.Client(base_url=where, timeout=20.0)

        def post(content, kind=JSON, to="/v1/traces", **headers):
            body = json.dumps(content).encode() if isinstance(content, dict) else content
            return client.post(to, content=body, headers={"content-type": kind} | headers)

        post.service = service
        yield post
        client.close()


def test_both_encodings_are_taken_packed_or_not(posted, tmp_path):
    answers = [
        posted(traces(span(1, PROMPT))),
        posted(packed(traces(span(2, PROMPT))), PROTOBUF),
        posted(
            gzip.compress(packed(traces(span(3, PROMPT)))), PROTOBUF, **{"content-encoding": "gzip"}
        ),
        posted(traces(span(4, PROMPT)), f"{JSON}; charset=utf-8"),
        posted(traces()),
        posted(b"", PROTOBUF),
        posted(logs(log(1, "http.request")), to="/v1/logs"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert [answer.content for answer in answers] == [b"{}", b"", b"", b"{}", b"{}", b"", b"{}"]
    assert {answer.headers["content-type"] for answer in answers} == {JSON, PROTOBUF}
    until(lambda: posted.service.totals == Totals(exchanges=4, segments=1))
    assert find_observations(str(tmp_path / "out")).rows == 4


def test_what_breaks_a_rule_is_a_partial_success(posted):
    export = traces(span(1, PROMPT), span(2, PROMPT, **{"gen_ai.request.model": ""}))
    said = posted(export).json()["partialSuccess"]
    assert said == {"rejectedSpans": "1", "errorMessage": "not observed: 1 missing-value"}
    answer = posted(packed(export), PROTOBUF)
    assert answer.content == b"\x0a\x21\x08\x01\x12\x1dnot observed: 1 missing-value"
    details = "gen_ai.client.inference.operation.details"
    alone = log(7, details) | {"traceId": "", "spanId": ""}
    said = posted(logs(alone), to="/v1/logs").json()["partialSuccess"]
    assert said["rejectedLogRecords"] == "1"


@pytest.mark.parametrize(
    ("content", "kind", "headers", "status"),
    [
        (b"{", JSON, {}, 400),
        (b"\x0a\x05ab", PROTOBUF, {}, 400),
        (b"{}", JSON, {"content-encoding": "br"}, 415),
        (b"{}", "text/plain", {}, 415),
        (traces(*(span(n, PROMPT) for n in range(6))), JSON, {}, 413),
        (b"{" * (LARGEST + 1), JSON, {}, 413),
    ],
    ids=["json", "protobuf", "brotli", "type", "spans", "size"],
)
def test_what_will_never_do_is_refused_for_good(posted, content, kind, headers, status):
    answer = posted(content, kind, **headers)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers
    assert "giraffe" not in answer.text
    if answer.headers["content-type"] == JSON:
        assert answer.json()["message"]
    else:
        assert answer.content[0] == 2 << 3 | 2


def test_other_paths_and_methods_are_not_there(posted):
    assert posted(b"{}", to="/v1/metrics").status_code == 404
    assert httpx.get(str(posted(b"{}").url)).status_code == 405


def test_a_full_queue_asks_to_come_again(posted, monkeypatch):
    monkeypatch.setattr("stillwatch.find.receiving.service.WAITING", 0)
    answer = posted(traces(span(1, PROMPT)))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    monkeypatch.undo()
    monkeypatch.setattr("stillwatch.find.receiving.service.WAITING_BYTES", 10)
    assert posted(traces(span(1, PROMPT))).status_code == 429
    monkeypatch.undo()
    assert posted(traces(span(1, PROMPT))).status_code == 200


def test_a_body_that_does_not_come_is_given_up(posted, monkeypatch):
    monkeypatch.setattr("stillwatch.find.receiving.service.SLOWEST", 0.2)

    def slow():
        yield b"{"
        time.sleep(0.6)
        yield b"}"

    answer = posted(slow())
    assert (answer.status_code, answer.headers["retry-after"]) == (408, "2")


def test_a_token_is_asked_for(tmp_path):
    with serving(tmp_path / "out", token=b"long and secret") as (_, where):
        for shown in (None, "Bearer other", "Basic long and secret", "Bearer"):
            headers = {"content-type": JSON} | ({"authorization": shown} if shown else {})
            answer = httpx.post(f"{where}/v1/traces", content=b"{}", headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        headers = {"content-type": JSON, "authorization": "Bearer long and secret"}
        assert httpx.post(f"{where}/v1/traces", content=b"{}", headers=headers).status_code == 200


def test_segments_come_by_time_and_by_number(tmp_path):
    out = tmp_path / "out"

    def send(where, *spans):
        assert httpx.post(f"{where}/v1/traces", json=traces(*spans)).status_code == 200

    with serving(out, seconds=0.1) as (service, where):
        send(where, span(1, PROMPT))
        until(lambda: service.totals.segments == 1)
        send(where, span(2, PROMPT))
        until(lambda: service.totals.segments == 2)
    with serving(out, exchanges=3) as (service, where):
        send(where, span(3, PROMPT), span(4, PROMPT))
        send(where, span(5, PROMPT))
        until(lambda: service.totals == Totals(exchanges=3, segments=1))
        send(where, span(6, PROMPT))
    assert find_observations(str(out)).rows == 6


def test_what_cannot_be_written_is_kept_and_then_nothing_is_taken(tmp_path):
    out, said = tmp_path / "out", []
    options = {"seconds": 0.1, "limits": Limits(held=0), "say": said.append}
    with serving(out, **options) as (service, where):
        out.rename(tmp_path / "aside")
        out.write_text("in the way")
        assert httpx.post(f"{where}/v1/traces", json=traces(span(1, PROMPT))).status_code == 200
        until(lambda: said)
        answer = httpx.post(f"{where}/v1/traces", json=traces(span(2, PROMPT)))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "cannot be written" in said[0]
        out.unlink()
        (tmp_path / "aside").rename(out)
        until(lambda: service.totals.exchanges == 1)
        assert len(said) == 1, "said once"


def test_a_failure_that_is_not_known_ends_it_and_is_raised(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ValueError("unknown")

    stopped = []
    monkeypatch.setattr("stillwatch.find.receiving.segments.write_observations", fail)

    def run():
        out, stop = tmp_path / "out", lambda: stopped.append(1)
        with serving(out, seconds=0.1, stop=stop) as (service, where):
            httpx.post(f"{where}/v1/traces", json=traces(span(1, PROMPT)))
            until(lambda: stopped)
            monkeypatch.undo()
        return service

    with pytest.raises(ValueError, match="unknown"):
        run()
    assert find_observations(str(tmp_path / "out")).rows == 1, "the rest was written first"
