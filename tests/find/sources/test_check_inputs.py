from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from stillwatch.errors import MissingColumnError
from stillwatch.find.sources import Need, check

NEEDS = (
    Need("lock-step", "rhythm", all_of=("exchange.time",)),
    Need("network", "infrastructure", any_of=("exchange.ip", "exchange.user_agent")),
    Need("pivot", "lifecycle", all_of=("account.created_at", "provider_event")),
    Need("payments", "identity", all_of=("account.payment_fingerprint",)),
    Need("tokens", "identity", any_of=("identifier_token.token",)),
)


@pytest.fixture
def log(tmp_path):
    rows = [
        {
            "time": f"2026-01-0{i + 1}T00:00:00Z",
            "exchange_id": i,
            "account_id": i,
            "model": "m",
            "prompt": "p",
            "ip": "nonsense",
            "user_agent": "curl" if i else None,
            "colour": "red",
        }
        for i in range(4)
    ]
    rows[3]["model"] = None
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_what_a_log_holds_and_allows(log, tmp_path):
    (tmp_path / "accounts.csv").write_text("account_id,payment_fingerprint\n1,\n2,\n")
    report = check(log, accounts=str(tmp_path / "accounts.csv"), needs=NEEDS)
    exchanges, accounts = report.inputs
    assert (exchanges.good, exchanges.bad) == (3, {"missing-value": 1})
    assert exchanges.cells == {"bad-ip": 4}
    assert exchanges.filled["ip"] == 0
    assert exchanges.filled["user_agent"] == pytest.approx(2 / 3)
    assert "system_prompt" in exchanges.absent
    assert exchanges.unknown == ("colour",)
    assert exchanges.account_type == "int64"
    assert exchanges.first == datetime(2026, 1, 1, tzinfo=UTC)
    assert exchanges.last == datetime(2026, 1, 3, tzinfo=UTC)
    assert accounts.filled == {"account_id": 1, "payment_fingerprint": 0}
    assert {a.detector: a.missing for a in report.abilities} == {
        "lock-step": (),
        "network": (),
        "pivot": ("account.created_at", "provider_event"),
        "payments": ("account.payment_fingerprint",),
        "tokens": ("identifier_token.token",),
    }
    assert report.families == {
        "rhythm": True,
        "infrastructure": True,
        "lifecycle": False,
        "identity": False,
    }
    assert report.usable


def test_a_report_for_people_and_for_programs(log):
    report = check(log, needs=NEEDS)
    document = json.loads(json.dumps(report.to_json()))
    assert document["usable"] is True
    assert document["inputs"][0]["last"] == "2026-01-03T00:00:00+00:00"
    lines = "\n".join(report.lines())
    assert "3 rows can be used, 1 cannot" in lines
    assert "infrastructure: can be judged" in lines
    assert "payments: no; needs account.payment_fingerprint" in lines


def test_events_and_tokens_are_checked_too(log, tmp_path):
    (tmp_path / "provider_events.csv").write_text("time,type\n2026-01-01,model_release\n")
    (tmp_path / "tokens.csv").write_text("account_id,type,token\n1,email,t\n")
    report = check(
        log,
        events=[str(tmp_path / "provider_events.csv")],
        identifier_tokens=str(tmp_path / "tokens.csv"),
        needs=NEEDS,
    )
    assert [i.section for i in report.inputs] == ["exchange", "provider_event", "identifier_token"]
    assert report.families["identity"]


def test_a_log_without_a_good_row_is_not_usable(tmp_path):
    (tmp_path / "log.csv").write_text("time,exchange_id,account_id,model,prompt\nno,1,1,m,p\n")
    report = check(str(tmp_path / "log.csv"), needs=NEEDS)
    assert not report.usable
    assert not any(report.families.values())


def test_a_log_without_a_required_column(tmp_path):
    (tmp_path / "log.csv").write_text("time,exchange_id\n")
    with pytest.raises(MissingColumnError):
        check(str(tmp_path / "log.csv"), needs=())
