from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from stillwatch.errors import OutputError
from stillwatch.find.sources import Quarantine, open_exchanges
from stillwatch.find.sources.interface import Rejected
from stillwatch.find.sources.rules import RANGE, REQUIRED, UTF8

PRIVATE = "the prompt of a person"


def lines(folder, name="exchanges"):
    text = (folder / "quarantine" / f"{name}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_texts_are_never_written(tmp_path):
    fields = {"prompt": PRIVATE, "messages": [PRIVATE], "ip": PRIVATE * 10, "account_id": 7}
    with Quarantine(tmp_path) as quarantine:
        quarantine.reject("exchanges", "a.jsonl", [Rejected(3, RANGE, fields, "time")])
    text = (tmp_path / "quarantine" / "exchanges.jsonl").read_text()
    assert PRIVATE not in text
    (line,) = lines(tmp_path)
    assert line == {
        "source": "a.jsonl",
        "row": 3,
        "rule": "R-5",
        "reason": "time-out-of-range",
        "message": RANGE.message,
        "column": "time",
        "fields": {
            "prompt": {"length": len(PRIVATE)},
            "messages": {"length": len(str([PRIVATE]))},
            "ip": {"length": 10 * len(PRIVATE)},
            "account_id": 7,
        },
    }


@pytest.mark.parametrize("row", ['{"prompt": "%s"', '["%s"]', '"%s"', '{"prompt": %s}', "%s"])
def test_unreadable_records_are_not_repeated(row, tmp_path):
    good = '{"time": 1767323045, "exchange_id": "b", "account_id": 1, "model": "m", "prompt": "p"}'
    (tmp_path / "a.jsonl").write_text(good + "\n" + row % PRIVATE + "\n")
    with Quarantine(tmp_path) as quarantine:
        list(open_exchanges(str(tmp_path / "a.jsonl"), quarantine=quarantine).batches())
    assert PRIVATE not in (tmp_path / "quarantine" / "exchanges.jsonl").read_text()
    assert quarantine.rows("exchanges") == {"unreadable-record": 1}


def test_nothing_is_seen_before_the_end_and_the_file_is_private(tmp_path):
    with Quarantine(tmp_path) as quarantine:
        quarantine.reject("accounts", "a", [Rejected(0, REQUIRED, {})])
        assert not (tmp_path / "quarantine" / "accounts.jsonl").exists()
    assert [p.name for p in (tmp_path / "quarantine").iterdir()] == ["accounts.jsonl"]
    mode = (tmp_path / "quarantine" / "accounts.jsonl").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_rows_are_published_when_an_error_ends_the_run(tmp_path):
    with pytest.raises(RuntimeError), Quarantine(tmp_path) as quarantine:  # noqa: PT012 - the end
        quarantine.reject("accounts", "a", [Rejected(0, REQUIRED, {})])
        raise RuntimeError
    assert len(lines(tmp_path, "accounts")) == 1


def test_detail_is_capped_and_counts_go_on(tmp_path):
    rejected = [Rejected(i, REQUIRED, {}) for i in range(10)]
    with Quarantine(tmp_path, detail=4) as quarantine:
        quarantine.reject("accounts", "a", rejected[:3])
        quarantine.reject("accounts", "a", rejected[3:])
        quarantine.count("accounts", RANGE, 5)
    assert [line["row"] for line in lines(tmp_path, "accounts")] == [0, 1, 2, 3]
    assert quarantine.rows("accounts") == {"missing-value": 10, "time-out-of-range": 5}


def test_a_log_with_more_bad_rows_than_detail(tmp_path):
    row = '{"time": "%s", "exchange_id": "%d", "account_id": 1, "model": "m", "prompt": "p"}\n'
    text = "".join(row % ("no" if i % 2 else "2026-01-01", i) for i in range(100))
    (tmp_path / "a.jsonl").write_text(text)
    with Quarantine(tmp_path, detail=7) as quarantine:
        source = open_exchanges(str(tmp_path / "a.jsonl"), quarantine=quarantine, batch_rows=10)
        assert sum(batch.num_rows for batch in source.batches()) == 50
    assert quarantine.rows("exchanges") == {"unreadable-time": 50}
    assert [line["row"] for line in lines(tmp_path)] == [1, 3, 5, 7, 9, 11, 13]


def test_an_earlier_runs_file_does_not_outlive_it(tmp_path):
    with Quarantine(tmp_path) as quarantine:
        quarantine.reject("accounts", "a", [Rejected(0, REQUIRED, {})])
    with Quarantine(tmp_path) as quarantine:
        quarantine.expect("accounts")
    assert list((tmp_path / "quarantine").iterdir()) == []


def test_without_a_folder_rows_are_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Quarantine(None) as quarantine:
        quarantine.reject("accounts", "a", [Rejected(0, REQUIRED, {})])
        quarantine.warn("accounts", UTF8, 2)
    assert quarantine.rows("accounts") == {"missing-value": 1}
    assert quarantine.cells("accounts") == {"invalid-utf8": 2}
    assert quarantine.inputs() == ("accounts",)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written():
    with pytest.raises(OutputError) as caught, Quarantine(Path("/dev/null/x")) as quarantine:
        quarantine.reject("accounts", "a", [Rejected(0, REQUIRED, {})])
    assert caught.value.todo
