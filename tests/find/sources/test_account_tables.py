from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputFormatError, MissingColumnError, SourceNotFoundError
from stillwatch.find.sources import (
    ColumnMapping,
    Quarantine,
    align_account_ids,
    read_account_events,
    read_accounts,
    read_events,
    read_identifier_tokens,
    read_provider_events,
)


@pytest.fixture
def quarantine():
    return Quarantine(None)


def test_accounts(tmp_path, quarantine):
    (tmp_path / "accounts.csv").write_text(
        "account_id,created_at,plan,licensed,colour\n"
        "a,2026-01-02,free,yes,red\nb,,pro,FALSE,blue\na,2026-01-03,,,\n,2026-01-01,,,\n"
        "c,never,free,1,\nd,2026-01-01,free,perhaps,\n"
    )
    table = read_accounts(str(tmp_path / "accounts.csv"), quarantine=quarantine)
    assert table.column_names == ["account_id", "created_at", "plan", "licensed"]
    assert table.to_pylist()[:2] == [
        {
            "account_id": "a",
            "created_at": datetime(2026, 1, 2, tzinfo=UTC),
            "plan": "free",
            "licensed": True,
        },
        {"account_id": "b", "created_at": None, "plan": "pro", "licensed": False},
    ]
    assert table["licensed"].to_pylist()[2:] == [None]
    bad = {"duplicate-id": 1, "missing-value": 1, "unreadable-time": 1}
    assert quarantine.rows("accounts") == bad
    assert quarantine.cells("accounts") == {"naive-time": 4, "not-a-number": 1}


def test_integer_accounts_keep_their_type(tmp_path, quarantine):
    pq.write_table(pa.table({"account_id": [3, 1, 3]}), tmp_path / "a.parquet")
    table = read_accounts(str(tmp_path / "a.parquet"), quarantine=quarantine)
    assert table.schema.field("account_id").type == pa.int64()
    assert table["account_id"].to_pylist() == [3, 1]


def test_no_accounts_are_an_empty_table(tmp_path, quarantine):
    schema = pa.schema([("account_id", pa.int64()), ("plan", pa.string())])
    pq.write_table(schema.empty_table(), tmp_path / "a.parquet")
    table = read_accounts(str(tmp_path / "a.parquet"), quarantine=quarantine)
    assert (table.num_rows, table.schema) == (0, schema)


@pytest.mark.parametrize(
    ("ids", "kind", "wanted"),
    [
        ([1, 2], pa.string(), ["1", "2"]),
        (["1", "x", "007"], pa.int64(), [1]),
        ([1, 2], pa.int64(), [1, 2]),
    ],
)
def test_ids_take_the_type_of_the_log(ids, kind, wanted):
    table = align_account_ids(pa.table({"account_id": ids}), kind)
    assert table["account_id"].to_pylist() == wanted
    assert table.schema.field("account_id").type == kind


def write_events(folder):
    (folder / "account_events.csv").write_text(
        "time,account_id,type\n2026-01-03T00:00:00Z,a,Payment-Added\n"
        "2026-01-01T00:00:00Z,b,created\n2026-01-02T00:00:00Z,,blocked\n"
    )
    (folder / "provider_events.csv").write_text(
        "time,type,model\n2026-01-02T00:00:00Z,model release,m2\n"
    )


def test_events_in_a_folder(tmp_path, quarantine):
    write_events(tmp_path)
    (tmp_path / "accounts.csv").write_text("account_id\na\n")
    events = read_events(str(tmp_path), quarantine=quarantine)
    assert events.account["type"].to_pylist() == ["created", "payment_added"]
    assert events.provider.select(["type", "model"]).to_pylist() == [
        {"type": "model_release", "model": "m2"}
    ]
    assert quarantine.rows("account_events") == {"missing-value": 1}


def test_events_by_file_are_told_by_name_or_columns(tmp_path, quarantine):
    write_events(tmp_path)
    (tmp_path / "provider_events.csv").rename(tmp_path / "releases.csv")
    both = [str(tmp_path / "releases.csv"), str(tmp_path / "account_events.csv")]
    events = read_events(both, quarantine=quarantine)
    assert (events.account.num_rows, events.provider.num_rows) == (2, 1)
    (tmp_path / "account_events.csv").rename(tmp_path / "history.csv")
    events = read_events(str(tmp_path / "history.csv"), quarantine=quarantine)
    assert (events.account.num_rows, events.provider) == (2, None)


def test_events_given_twice(tmp_path, quarantine):
    write_events(tmp_path)
    with pytest.raises(InputFormatError, match="given twice"):
        read_events([str(tmp_path), str(tmp_path / "provider_events.csv")], quarantine=quarantine)


def test_a_folder_without_events(tmp_path, quarantine):
    with pytest.raises(SourceNotFoundError, match="neither"):
        read_events(str(tmp_path), quarantine=quarantine)


def test_event_tables_alone_and_renamed(tmp_path, quarantine):
    write_events(tmp_path)
    events = read_account_events(str(tmp_path / "account_events.csv"), quarantine=quarantine)
    assert events.num_rows == 2
    mapping = ColumnMapping({"provider_event": {"model": "type", "type": "model"}})
    events = read_provider_events(
        str(tmp_path / "provider_events.csv"), mapping=mapping, quarantine=quarantine
    )
    assert events["type"].to_pylist() == ["m2"]


def test_a_missing_column_of_an_event_table(tmp_path, quarantine):
    (tmp_path / "account_events.csv").write_text("time,account,type\n")
    with pytest.raises(MissingColumnError) as caught:
        read_account_events(str(tmp_path / "account_events.csv"), quarantine=quarantine)
    assert "[account_event]" in caught.value.todo


def test_identifier_tokens(tmp_path, quarantine):
    table = pa.table(
        {
            "account_id": ["a", "b", "c"],
            "type": ["email", "Phone ", "iban"],
            "token": ["t", "u", "v"],
            "pattern_counter": [7, None, None],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    read = read_identifier_tokens(str(tmp_path / "t.parquet"), quarantine=quarantine)
    assert read["type"].to_pylist() == ["email", "phone"]
    assert quarantine.rows("identifier_tokens") == {"unknown-type": 1}
