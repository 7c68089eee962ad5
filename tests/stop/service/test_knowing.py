"""What was recalled counts no more, whatever a later scan says, and nothing else is lost by it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time

import pyarrow as pa
import pytest
from asked import NOW, answer, decision, request
from prometheus_client.parser import text_string_to_metric_families
from scan_folder import write_scan

from stillwatch.errors import UnreachableError
from stillwatch.stop.appeals import Contested, TokenKey
from stillwatch.stop.interface import FailMode, Rung
from stillwatch.stop.responses import DEFAULT, MeasuresInForce
from stillwatch.stop.responses.gate import Gate
from stillwatch.stop.service.admin import Admin
from stillwatch.stop.service.admission import Admission
from stillwatch.stop.service.board import Board
from stillwatch.stop.service.bodies import Recall, recall_body, recall_key, table_body
from stillwatch.stop.service.knowing import knowledge_of
from stillwatch.stop.service.lake import Bounds, Lake
from stillwatch.stop.service.live import LiveService, steady_clock
from stillwatch.stop.service.logs import start_logs
from stillwatch.stop.service.metrics import Metrics
from stillwatch.stop.service.scans import read_scan
from stillwatch.stop.service.updates import Update
from stillwatch.stop.serving import Core, Knowledge, LocalBuckets

YEAR = 365 * 86_400_000_000


def recall(account="", campaign="c-1", **fields):
    values = {"measures": (), "indicators": (), "at": NOW, "until": NOW + YEAR, **fields}
    body = recall_body(Recall(account, campaign, **values))
    return Update("recall", recall_key(account, campaign), values["at"], body)


def known(tmp_path, *updates, now=NOW, accounts=("a", "b")):
    board = Board()
    write_scan(tmp_path / "out", list(accounts), as_of="2026-09-20T00:00:00+00:00")
    board.take(read_scan(tmp_path / "out", version=1))
    for update in updates:
        board.take(update)
    knowledge, broken = knowledge_of(board, version=1, now=now)
    assert broken == []
    core = Core(DEFAULT.terms, knowledge, accounts=4096, segments=4096)
    return {
        name: core.weigh(request(account=name, time=NOW)).campaign for name in (*accounts, "other")
    }


def test_a_recall_frees_its_account_and_nobody_else(tmp_path):
    assert known(tmp_path) == {"a": "c-1", "b": "c-1", "other": ""}
    assert known(tmp_path, recall("a")) == {"a": "", "b": "c-1", "other": ""}
    assert known(tmp_path, recall("a", "c-2")) == {"a": "c-1", "b": "c-1", "other": ""}
    assert known(tmp_path, recall("", "c-1")) == {"a": "", "b": "", "other": ""}
    assert known(tmp_path, recall("a", "")) == {"a": "", "b": "c-1", "other": ""}


def test_a_recall_ends(tmp_path):
    assert known(tmp_path, recall("a"), now=NOW + YEAR + 1)["a"] == "c-1"


def test_peers_word_about_a_recalled_account_is_left_out():
    rows = {
        "time": [NOW, NOW], "account_id": ["p", "q"], "actor": ["x", "x"],
        "log_ratio": [20.0, 20.0], "indicator": ["i-1", "i-2"], "licence": ["limit", "limit"],
    }  # fmt: skip
    told = Update("intelligence", "scan", 1, table_body(pa.table(rows)))
    board = Board()
    for update in (told, recall("p", "x"), recall("", "", indicators=("i-2",))):
        board.take(update)
    knowledge, _ = knowledge_of(board, version=1, now=NOW)
    assert len(knowledge) == 0


def test_a_body_that_cannot_be_read_costs_nothing_else(tmp_path):
    board = Board()
    board.take(Update("recall", "x", 1, b"\xc1"))
    write_scan(tmp_path / "out", ["a"])
    board.take(read_scan(tmp_path / "out", version=1))
    knowledge, broken = knowledge_of(board, version=1, now=NOW)
    assert [error.rule for error in broken] == ["U-6"]
    assert len(knowledge) == 1


class Away:
    """Shared buckets that never answer."""

    async def charge(self, *_):
        raise UnreachableError("away")


class Broken:
    """Shared buckets with a fault of their own."""

    async def charge(self, *_):
        raise ZeroDivisionError("What is a prime?")


def service(tmp_path, **options):
    knowledge = Knowledge.of()
    core = Core(DEFAULT.terms, knowledge, accounts=4096, segments=4096)
    metrics = Metrics()
    lake = Lake(tmp_path / "lake", bounds=Bounds(seconds=3600))
    admission = options.pop("admission", Admission(in_flight=8, late=1.0))
    made = LiveService(
        core, Gate(DEFAULT, MeasuresInForce((), DEFAULT)), DEFAULT, LocalBuckets(4096), lake,
        admission, metrics, **options,
    )  # fmt: skip
    return made, metrics, lake


def counted(metrics, name):
    families = text_string_to_metric_families(metrics.shown().decode())
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def test_a_decision_is_made_and_its_exchange_reaches_the_lake(tmp_path):
    made, metrics, lake = service(tmp_path)

    async def run():
        decision, effect = await made.decide(request())
        await made.answered(decision, answer())
        return decision, effect

    decision, effect = asyncio.run(run())
    assert (decision.rung, effect.status) == (Rung.OBSERVE, 0)
    assert decision.limiting[0][0] == "account"
    assert lake.waiting == 1
    assert sum(counted(metrics, "stillwatch_decisions_total").values()) == 1
    lake.close(20)


def test_buckets_that_are_away_leave_the_process_own(tmp_path):
    made, metrics, lake = service(tmp_path, shared=Away())
    decision, effect = asyncio.run(made.decide(request()))
    assert effect.status == 0
    assert decision.limiting[0][2].allowed
    key = (("fail", "open"), ("lost", "buckets"))
    assert counted(metrics, "stillwatch_undecided_total")[key] == 1
    lake.close(20)


@pytest.mark.parametrize(
    "options", [{"shared": Broken()}, {"admission": Admission(in_flight=0, late=1.0)}]
)
def test_a_fault_or_too_much_to_do_fails_as_the_policy_says_and_tells_no_prompt(
    tmp_path, caplog, options
):
    made, metrics, lake = service(tmp_path, **options)
    with caplog.at_level(logging.INFO, "stillwatch"):
        decision, effect = asyncio.run(made.decide(request()))
    assert (decision.would, effect.status) == (Rung.OBSERVE, 0)
    key = (("fail", FailMode.OPEN.value), ("lost", "core"))
    assert counted(metrics, "stillwatch_undecided_total")[key] == 1
    assert "prime" not in caplog.text
    lake.close(20)


def test_the_loop_that_runs_late_takes_no_more():
    admission = Admission(in_flight=8, late=0.1)
    admission.ticked(0.2)
    assert not admission.enter()
    admission.ticked(0.0)
    assert admission.enter()


def test_a_clock_that_steps_moves_no_bucket(monkeypatch):
    clock = steady_clock()
    before = clock()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3_600_000_000_000)
    assert abs(clock() - before) < 60_000_000


def test_a_token_holds_what_was_decided():
    key = TokenKey(bytes(32))
    held = Contested.of(decision(rung=Rung.VERIFY))
    assert key.open(key.seal(held), now=NOW).rung == int(Rung.VERIFY)


def test_logs_are_lines_of_json_that_hold_no_values_of_a_traceback():
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    listener = start_logs("info", stream, lambda: None)
    try:
        log = logging.getLogger("stillwatch.test")
        try:
            int("a prompt")
        except ValueError:
            log.exception("it failed", extra={"file": "x\ny"})
        listener.stop()
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert (found["event"], found["file"], found["error"]) == ("it failed", "x\ny", "ValueError")
    assert "prompt" not in line


def test_metrics_ask_for_the_token_and_health_does_not():
    admin = Admin(lambda: b"x 1\n", lambda: "starting", b"t")

    def get(path, *headers, method="GET"):
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
        asyncio.run(admin(scope, None, send))
        return sent[0]["status"], sent[1]["body"]

    assert get("/metrics")[0] == 401
    assert get("/metrics", (b"authorization", b"Bearer t")) == (200, b"x 1\n")
    assert get("/healthz")[0] == 200
    assert get("/readyz") == (503, b"starting\n")
    assert get("/none")[0] == 404
    assert get("/healthz", method="POST")[0] == 405
