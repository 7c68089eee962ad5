"""Every question is answered once, whatever the endpoint does; pace and budget hold."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from suspects import ASKING, PLAN, Suspect, ask, good, model, prompts, questions

from stillwatch.errors import ConfigurationError, OutputError, RefusedError
from stillwatch.prove.lineage.asking import Asking, Model
from stillwatch.prove.lineage.querying import Transcript, questions_of, read_lines
from stillwatch.testing import ModelEndpoint, serving


def lines_of(path, outcome=None):
    held = list(read_lines(path, PLAN, "s"))
    return [line for line in held if outcome in {None, line.outcome}]


@pytest.mark.parametrize(
    ("protocol", "fingerprint"),
    [
        ("openai-chat", "fp_1"),
        ("openai-completions", "fp_1"),
        ("anthropic-messages", None),
        ("ollama-chat", None),
    ],
)
def test_each_protocol_is_spoken_and_its_answer_read(tmp_path, protocol, fingerprint):
    heard = []

    def say(prompt, most, seed):
        heard.append((prompt, most, seed))
        return f"{prompt} answered"

    path = tmp_path / "s.jsonl"
    asking = Asking(samples=2, max_tokens=20, seed=7, temperature=0.5)
    with serving(ModelEndpoint(say)) as url:
        tally = ask(path, model(url, protocol=protocol), 3, asking, concurrency=1)
    assert (tally.done, tally.open, tally.requests, tally.stopped) == (6, 0, 6, None)
    held = lines_of(path)
    assert [line.said().text for line in held[:3]] == [f"p{at} answered" for at in range(3)]
    assert {(line.served, line.fingerprint) for line in held} == {("m-1", fingerprint)}
    assert (held[0].input_tokens, held[0].output_tokens) == (1, 2)
    assert held[0].headers["x-request-id"] == "r-1"
    wanted = 7 if protocol != "anthropic-messages" else None
    assert heard[0] == ("p0", 20, wanted)


def test_failures_that_pass_are_asked_again_and_all_of_them_are_kept(tmp_path):
    suspect = Suspect(
        {
            "p0": [{"status": 500, "body": b"\xff oops"}, {"status": 503}],
            "p1": [{"cut": True}],
            "p2": [{"body": b"not json"}, {"body": {"choices": []}}],
            "p3": [{"body": {"error": {"message": "busy"}}}],
            "p4": [{"headers": {"content-encoding": "gzip"}}],
        }
    )
    path = tmp_path / "s.jsonl"
    with serving(suspect) as url:
        tally = ask(path, model(url), 6, concurrency=6)
    assert (tally.done, tally.open) == (6, 0)
    assert suspect.asked == {"p0": 3, "p1": 2, "p2": 3, "p3": 2, "p4": 2, "p5": 1}
    assert len(lines_of(path, "failed")) == 7
    told = {line.item: line.error for line in lines_of(path, "failed")}
    assert told["0"] == "status 503"
    assert "RemoteProtocolError" in told["1"]
    assert "no choices" in told["2"]
    assert "busy" in told["3"]
    assert "encoded as gzip" in told["4"]
    first = next(line for line in lines_of(path) if line.status == 500)
    assert first.response == b"\xff oops"
    assert first.raw is None


def test_retry_after_holds_every_question_back(tmp_path):
    suspect = Suspect({"p0": [{"status": 429, "headers": {"retry-after": "1.5"}}]})
    with serving(suspect) as url:
        ask(tmp_path / "s.jsonl", model(url), 8, concurrency=1)
    gaps = [after - before for before, after in zip(suspect.times, suspect.times[1:], strict=False)]
    assert gaps[0] >= 1.5
    assert sum(suspect.asked.values()) == 9


def test_retry_after_as_a_date_and_too_long_a_wait_ends_the_run(tmp_path):
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 5_000))
    with serving(Suspect({"*": [{"status": 429, "headers": {"retry-after": later}}]})) as url:
        tally = ask(tmp_path / "s.jsonl", model(url), 3, concurrency=1)
    assert tally.open == 3
    assert "asks to wait" in tally.stopped
    assert tally.requests == 1


def test_requests_a_minute_and_concurrency_are_kept(tmp_path):
    suspect = Suspect({"*": [{"pause": 0.1}] * 100})
    with serving(suspect) as url:
        ask(tmp_path / "a.jsonl", model(url), 12, concurrency=3)
        assert suspect.most_under_way == 3
        suspect.times.clear()
        ask(tmp_path / "b.jsonl", model(url), 8, requests_a_minute=1200)
    gaps = [after - before for before, after in zip(suspect.times, suspect.times[1:], strict=False)]
    assert suspect.times[-1] - suspect.times[0] >= 7 * 0.05 - 0.02
    assert sum(gaps) / len(gaps) >= 0.045


def test_a_budget_is_never_passed_and_goes_on_where_it_ended(tmp_path):
    suspect = Suspect()
    path = tmp_path / "s.jsonl"
    with serving(suspect) as url:
        first = ask(path, model(url), 20, concurrency=4, most_tokens=100)
        assert first.budget
        assert first.done >= 8  # 8 tokens each, 36 or 37 set aside
        assert first.spent.tokens <= 100
        second = ask(path, model(url), 20, concurrency=1, most_tokens=100)
        assert second.spent.tokens <= 100
        assert ask(path, model(url), 20, most_tokens=100).requests == 0
        whole = ask(path, model(url), 20, most_tokens=10_000)
    assert (whole.open, whole.spent.tokens) == (0, 160)
    assert set(suspect.asked.values()) == {1}


def test_a_price_bounds_what_is_asked(tmp_path):
    priced = {"input_price": 1000.0, "output_price": 2000.0}
    with serving(Suspect()) as url:
        tally = ask(tmp_path / "s.jsonl", model(url, **priced), 20, concurrency=1, most_cost=0.1)
    assert tally.budget
    assert 0 < tally.spent.cost(1000.0, 2000.0) <= 0.1


@pytest.mark.parametrize("status", [401, 404, 302])
def test_a_status_that_will_not_change_ends_the_run_at_once(tmp_path, status):
    suspect = Suspect({"*": [{"status": status}] * 50})
    with serving(suspect) as url:
        tally = ask(tmp_path / "s.jsonl", model(url), 20, concurrency=1)
    assert str(status) in tally.stopped
    assert tally.requests == 1
    assert tally.open == 20


def test_a_question_that_is_refused_is_not_asked_again(tmp_path):
    suspect = Suspect({"p1": [{"status": 400, "body": {"error": "policy"}}]})
    path = tmp_path / "s.jsonl"
    with serving(suspect) as url:
        tally = ask(path, model(url), 3)
        assert ask(path, model(url), 3).requests == 0
    assert tally.open == 0
    assert [line.item for line in lines_of(path, "unanswered")] == ["1"]


def test_an_endpoint_that_refuses_everything_is_not_asked_everything(tmp_path):
    with serving(Suspect({"*": [{"status": 400}] * 100})) as url:
        tally = ask(tmp_path / "s.jsonl", model(url), 100, concurrency=1)
    assert tally.requests == 10
    assert "10 questions in a row" in tally.stopped


def test_giving_up_ends_a_question_for_good(tmp_path):
    suspect = Suspect({"p0": [{"status": 500}] * 10})
    path = tmp_path / "s.jsonl"
    with serving(suspect) as url:
        assert ask(path, model(url), 2, attempts=1).open == 1
        assert ask(path, model(url), 2, attempts=2, give_up=True).open == 0
        assert ask(path, model(url), 2).requests == 0
    assert [line.outcome for line in lines_of(path) if line.item == "0"] == [
        *("failed", "failed", "unanswered")
    ]


def test_nobody_there_is_told_and_leaves_lines(tmp_path):
    with serving(Suspect()) as url:
        pass
    path = tmp_path / "s.jsonl"
    tally = ask(path, model(url), 2, attempts=1)
    assert tally.open == 2
    assert all("ConnectError" in line.error for line in lines_of(path, "failed"))


def test_an_answer_without_end_is_bounded_and_a_slow_one_is_left(tmp_path):
    huge = b'{"choices": "' + b"a" * (1 << 20)
    suspect = Suspect({"p0": [{"body": huge}], "p1": [{"pause": 2}]})
    path = tmp_path / "s.jsonl"
    with serving(suspect) as url:
        tally = ask(path, model(url), 2, most_answer=1 << 17, patience=1.0)
    assert tally.open == 0
    told = {line.item: line for line in lines_of(path, "failed")}
    assert "over 131,072 bytes" in told["0"].error
    assert len(told["0"].response) == 1 << 16
    assert told["1"].error == "no whole response in time"


def test_a_key_is_sent_and_kept_nowhere_even_where_it_is_sent_back(tmp_path):
    key = "sk-very-secret-1"
    echo = good("p0") | {"model": f"m {key}"}
    suspect = Suspect({"p0": [{"status": 500, "body": {"you": key}}, {"body": echo}]})
    path = tmp_path / "s.jsonl"
    with serving(suspect) as url:
        ask(path, model(url), 1, key=key)
    assert suspect.headers[0][b"authorization"] == f"Bearer {key}".encode()
    assert key not in path.read_text()
    assert [line.redacted for line in lines_of(path)] == [True, True]
    assert lines_of(path)[1].served == "m [key]"


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "ключ", "x" * 5000])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path, key):
    with pytest.raises(ConfigurationError) as refused:
        ask(tmp_path / "s.jsonl", model("http://127.0.0.1:9"), 1, key=key)
    assert not key or key not in refused.value.diagnostics()


def test_lines_without_an_end_are_cut_off_and_their_questions_asked_again(tmp_path):
    path = tmp_path / "s.jsonl"
    suspect = Suspect()
    with serving(suspect) as url:
        ask(path, model(url), 4, concurrency=1)
        whole = path.read_bytes()
        path.write_bytes(whole[:-30])
        with pytest.raises(RefusedError, match=r"T-6.*no end"):
            lines_of(path)
        tally = ask(path, model(url), 4)
    assert (tally.requests, tally.open) == (1, 0)
    assert path.read_bytes().startswith(whole[: whole[:-1].rfind(b"\n") + 1])
    assert len(lines_of(path, "answered")) == 4


def test_a_kill_in_the_middle_neither_doubles_nor_loses_an_answer(tmp_path):
    path = tmp_path / "s.jsonl"
    suspect = Suspect({"*": [{"pause": 0.02}] * 1000})
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path; from suspects import ask, model\n"
        "ask(Path(sys.argv[1]), model(sys.argv[2]), 150, concurrency=4)"
    )
    with serving(suspect) as url:
        for enough in (15, 60):
            child = subprocess.Popen([sys.executable, "-c", code, path, url])  # noqa: S603 - ours
            while sum(suspect.asked.values()) < enough and child.poll() is None:
                time.sleep(0.01)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            time.sleep(0.1)
        before = path.read_bytes()
        tally = ask(path, model(url), 150, concurrency=4)
    assert tally.open == 0
    answered = lines_of(path, "answered")
    assert sorted(line.question for line in answered) == list(range(150))
    kept = before[: before.rfind(b"\n") + 1]
    assert path.read_bytes().startswith(kept)
    assert kept.count(b"\n") >= 40
    # at most what was under way at each kill was asked again
    assert sum(suspect.asked.values()) <= 150 + 2 * 4


def test_one_process_at_a_time_asks_a_model(tmp_path):
    with (
        Transcript(tmp_path / "s.jsonl", PLAN, "s"),
        pytest.raises(ConfigurationError, match="another process"),
    ):
        Transcript(tmp_path / "s.jsonl", PLAN, "s")


def test_a_transcript_that_cannot_be_written_ends_the_run(tmp_path):
    (tmp_path / "transcripts").write_text("a file")
    with pytest.raises(OutputError):
        Transcript(tmp_path / "transcripts" / "s.jsonl", PLAN, "s")


@pytest.mark.parametrize(
    ("rule", "spoil"),
    [
        ("T-6", lambda line: b"{}\n"),  # noqa: ARG005
        ("T-6", lambda line: line[:50] + b"\n"),
        ("T-6", lambda line: b"[" * 100_000 + b"\n"),  # noqa: ARG005
        ("T-6", lambda line: b"\xff" + line),
        ("T-6", lambda line: b"a" * (9 << 20) + b"\n"),  # noqa: ARG005
        ("T-7", lambda line: line.replace(PLAN.encode(), b"cd" * 32)),
        ("T-7", lambda line: line.replace(b'"subject":"s"', b'"subject":"t"')),
        ("T-7", lambda line: line),
    ],
)
def test_t_6_t_7_damaged_foreign_and_doubled_lines_are_refused(tmp_path, rule, spoil):
    path = tmp_path / "s.jsonl"
    with serving(Suspect()) as url:
        ask(path, model(url), 1)
    path.write_bytes(path.read_bytes() + spoil(path.read_bytes()))
    with pytest.raises(RefusedError, match=rule):
        lines_of(path)
    with pytest.raises(RefusedError, match=rule):
        Transcript(path, PLAN, "s")


def test_questions_have_one_order_and_their_own_seeds():
    asking = Asking(samples=2, max_tokens=20, seed=2**31 - 1)
    held = questions_of(model("https://a.example"), asking, prompts(2), {})
    assert [(one.number, one.item, one.sample) for one in held] == [
        *((0, "0", 0), (1, "1", 0), (2, "0", 1), (3, "1", 1))
    ]
    assert [one.seed for one in held] == [2**31 - 1, 0, 1, 2]
    assert questions(model("https://a.example", role="reference"), 3, ASKING) == []


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://suspect.example/v1"},
        {"url": "https://user:secret@suspect.example"},
        {"url": "https://suspect.example/v1?key=secret"},
        {"url": "ftp://suspect.example"},
        {"url": "https://"},
        {"url": "https://[::1"},
        {"name": "../x"},
        {"name": ""},
        {"model": ""},
        {"input_price": -1.0},
    ],
)
def test_t_1_addresses_that_are_plain_or_hold_secrets_are_refused(change):
    good_one = {
        "name": "s",
        "role": "suspect",
        "protocol": "openai-chat",
        "url": "https://suspect.example/v1",
        "model": "m",
    }
    Model(**good_one)
    Model(**good_one | {"url": "http://[::1]:8000"})
    with pytest.raises(RefusedError, match="T-1") as refused:
        Model(**good_one | change)
    assert "secret" not in refused.value.diagnostics().replace("a secret", "")


def test_a_line_holds_what_evidence_reads(tmp_path):
    with serving(Suspect()) as url:
        ask(tmp_path / "s.jsonl", model(url), 1)
    held = json.loads((tmp_path / "s.jsonl").read_text())
    assert held["sent"].endswith("Z")
    assert held["sent"] <= held["received"]
    assert json.loads(held["request"])["messages"] == [{"role": "user", "content": "p0"}]
    assert held["raw"] == json.dumps(good("p0"))
