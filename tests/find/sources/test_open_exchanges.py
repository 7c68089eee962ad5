"""The same log in every format gives the same rows."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch import errors
from stillwatch.find.sources import ColumnMapping, Quarantine, open_exchanges

START = datetime(2026, 1, 2, tzinfo=UTC)
ROWS = [
    {
        "time": START + timedelta(seconds=i, microseconds=i),
        "exchange_id": f"x{i}",
        "account_id": f"a{i % 3}",
        "model": "m",
        "prompt": ["plain", 'with "quotes", commas', "two\nlines", "ünïcode 漢字", "=1+1"][i % 5],
        "input_tokens": None if i == 3 else i,
        "temperature": i / 2,
        "ip": "10.0.0.1",
        "note": "not ours",
    }
    for i in range(20)
]
CANONICAL = [{k: v for k, v in row.items() if k != "note"} for row in ROWS]


def texts(row):
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def json_lines(rows=ROWS):
    return "".join(json.dumps(texts(row)) + "\n" for row in rows).encode()


def write_parquet(path, rows=ROWS):
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)


def write_csv(path):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(texts(row) for row in ROWS)


def write_sqlite(path):
    with sqlite3.connect(path) as base:
        base.execute(
            "create table log (exchange_id text primary key, time text, account_id text, model"
            " text, prompt text, input_tokens integer, temperature real, ip text, note text)"
        )
        for row in ROWS:
            names = ", ".join(row)
            marks = ", ".join("?" * len(row))
            values = list(texts(row).values())
            base.execute(f"insert into log ({names}) values ({marks})", values)  # noqa: S608
    base.close()


def written(kind, folder):
    path = folder / {"array": "log.json"}.get(kind, f"log.{kind}")
    if kind == "parquet":
        write_parquet(path)
    elif kind == "jsonl":
        path.write_bytes(json_lines())
    elif kind == "array":
        path.write_text(json.dumps([texts(row) for row in ROWS], indent=2))
    elif kind == "jsonl.gz":
        # Two members, as appended logs have.
        path.write_bytes(gzip.compress(json_lines(ROWS[:9])) + gzip.compress(json_lines(ROWS[9:])))
    elif kind == "jsonl.zst":
        with pa.output_stream(path, compression="zstd") as stream:
            stream.write(json_lines())
    elif kind == "csv":
        write_csv(path)
    elif kind == "csv.gz":
        write_csv(folder / "plain.csv")
        path.write_bytes(gzip.compress((folder / "plain.csv").read_bytes()))
    elif kind == "tsv":
        write_csv(folder / "plain.csv")
        with (folder / "plain.csv").open(newline="") as source, path.open("w", newline="") as out:
            csv.writer(out, delimiter="\t").writerows(csv.reader(source))
    elif kind == "sql":
        write_sqlite(folder / "log.db")
        return f"sqlite:///{folder}/log.db#log"
    return str(path)


KINDS = ["parquet", "jsonl", "array", "jsonl.gz", "jsonl.zst", "csv", "csv.gz", "tsv", "sql"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_rows", [3, 65_536])
def test_every_format_gives_the_same_rows(kind, batch_rows, read, tmp_path):
    got = read(written(kind, tmp_path), batch_rows=batch_rows)
    assert sorted(got.rows, key=lambda row: row["time"]) == CANONICAL
    assert got.bad == {}
    assert got.cells == {}
    assert got.source.columns == tuple(CANONICAL[0])
    assert got.source.unknown == ("note",)
    assert got.source.account_type == pa.string()


@pytest.mark.parametrize("kind", KINDS)
def test_renamed_columns(kind, read, tmp_path):
    mapping = ColumnMapping({"exchange": {"prompt": "note", "system_prompt": "prompt"}})
    got = read(written(kind, tmp_path), mapping=mapping)
    assert {row["prompt"] for row in got.rows} == {"not ours"}
    assert {row["system_prompt"] for row in got.rows} == {row["prompt"] for row in ROWS}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_columns_asked_for(kind, tmp_path):
    source = open_exchanges(written(kind, tmp_path), quarantine=Quarantine(None))
    batches = list(source.batches(["ip", "time"]))
    assert {tuple(batch.schema.names) for batch in batches} == {("time", "ip")}
    assert sum(batch.num_rows for batch in batches) == len(ROWS)


def test_a_second_pass_gives_the_rows_again_and_counts_nothing_twice(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(json_lines() + b"{\n")
    with Quarantine(tmp_path) as quarantine:
        source = open_exchanges(str(path), quarantine=quarantine)
        passes = [sum(batch.num_rows for batch in source.batches()) for _ in range(2)]
    assert passes == [len(ROWS), len(ROWS)]
    assert quarantine.rows("exchanges") == {"unreadable-record": 1}


def test_day_partitions_are_read_in_order_and_lend_their_values(read, tmp_path):
    for day in ("2026-01-03", "2026-01-02"):
        folder = tmp_path / "log" / f"day={day}" / "model=a%20b"
        folder.mkdir(parents=True)
        rows = [{k: v for k, v in row.items() if k != "model"} for row in ROWS]
        write_parquet(
            folder / "part-0", [{**r, "exchange_id": day + r["exchange_id"]} for r in rows]
        )
        (folder / "_SUCCESS").touch()
        (folder / ".part-0.crc").write_text("crc")
    got = read(tmp_path / "log")
    assert [row["exchange_id"][:10] for row in got.rows[::20]] == ["2026-01-02", "2026-01-03"]
    assert {row["model"] for row in got.rows} == {"a b"}


def test_files_may_differ_in_columns_formats_and_types(read, tmp_path):
    write_parquet(tmp_path / "1.parquet", ROWS[:10])
    rest = [{k: v for k, v in row.items() if k != "ip"} for row in ROWS[10:]]
    (tmp_path / "2.jsonl").write_bytes(json_lines(rest))
    got = read(tmp_path)
    assert [row["ip"] for row in got.rows] == ["10.0.0.1"] * 10 + [None] * 10
    assert got.source.formats == ("jsonl", "parquet")


def test_a_pattern_takes_the_files_that_match(read, tmp_path):
    (tmp_path / "a1.jsonl").write_bytes(json_lines(ROWS[:5]))
    (tmp_path / "a2.jsonl").write_bytes(json_lines(ROWS[5:8]))
    (tmp_path / "b.jsonl").write_bytes(json_lines(ROWS[8:]))
    assert len(read(f"{tmp_path}/a*.jsonl").rows) == 8


def test_a_row_keeps_its_position_in_its_own_file(read, tmp_path):
    for name in ("1", "2"):
        rows = [{**row, "exchange_id": name + row["exchange_id"]} for row in ROWS]
        rows[13]["model"] = None
        write_parquet(tmp_path / f"{name}.parquet", rows)
    got = read(tmp_path, batch_rows=5)
    assert [line["row"] for line in got.quarantined] == [13, 13]


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        ([1, 2, 3], pa.int64()),
        ([1, None, 3], pa.int64()),
        (["1", "2", "3"], pa.string()),
        ([1, 2, "x"], pa.string()),
        ([1, 2, "3"], pa.string()),
        ([1, 2, 3.5], pa.string()),
    ],
)
def test_type_of_json_ids_is_that_of_the_whole_file(ids, kind, read, tmp_path, monkeypatch):
    monkeypatch.setattr("stillwatch.find.sources.jsonlines.HEAD_ROWS", 2)
    rows = [{**ROWS[i], "account_id": account} for i, account in enumerate(ids)]
    for row in rows:
        row["prompt"] = '{"account_id": "quoted"}'  # escaped in the file, and no id
    (tmp_path / "a.jsonl").write_bytes(json_lines(rows))
    got = read(tmp_path / "a.jsonl")
    assert got.source.account_type == kind
    wanted = [a if kind == pa.int64() else str(a) for a in ids if a is not None]
    assert [row["account_id"] for row in got.rows] == wanted


def test_one_file_with_text_ids_makes_all_ids_text(read, tmp_path):
    write_parquet(tmp_path / "1.parquet", [{**ROWS[0], "account_id": 1}])
    write_parquet(tmp_path / "2.parquet", [{**ROWS[1], "account_id": "b"}])
    got = read(tmp_path)
    assert [row["account_id"] for row in got.rows] == ["1", "b"]


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.uint32(), pa.uint64(), pa.float64()])
def test_parquet_integers_stay_integers(kind, read_rows):
    got = read_rows({"account_id": 7}, types={"account_id": kind})
    assert got.source.account_type == pa.int64()
    assert got.rows[0]["account_id"] == 7


@pytest.mark.parametrize(
    "kind",
    [pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int8(), pa.string())],
)
def test_parquet_texts_of_any_type(kind, tmp_path, read):
    table = pa.Table.from_pylist(ROWS)
    at = table.schema.get_field_index("account_id")
    column = table["account_id"].cast(pa.binary() if kind == pa.binary() else kind)
    pq.write_table(table.set_column(at, "account_id", column), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").rows == CANONICAL


def test_uuid_ids_become_hex(tmp_path, read):
    table = pa.Table.from_pylist(ROWS[:1])
    raw = pa.array([bytes(range(16))], pa.binary(16))
    pq.write_table(table.set_column(2, "account_id", raw), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").rows[0]["account_id"] == bytes(range(16)).hex()


def test_forced_type_of_ids(read, tmp_path):
    rows = [{**ROWS[i], "account_id": account} for i, account in enumerate(["12", "07", "x"])]
    write_csv_rows = tmp_path / "a.jsonl"
    write_csv_rows.write_bytes(json_lines(rows))
    got = read(write_csv_rows, mapping=ColumnMapping(account_id_type="int64"))
    assert [row["account_id"] for row in got.rows] == [12]
    assert got.bad == {"bad-id": 2}


def test_nested_names(read, tmp_path):
    row = texts(ROWS[0])
    nested = {"request": {"body": {"prompt": row.pop("prompt")}, "model": row.pop("model")}, **row}
    (tmp_path / "a.jsonl").write_text(json.dumps(nested))
    names = {"prompt": "request.body.prompt", "model": "request.model"}
    got = read(tmp_path / "a.jsonl", mapping=ColumnMapping({"exchange": names}))
    assert got.rows[0]["prompt"] == ROWS[0]["prompt"]
    flat = {"request": {"prompt": nested["request"]["body"]["prompt"], "model": "m"}, **row}
    pq.write_table(pa.Table.from_pylist([flat]), tmp_path / "a.parquet")
    names = {"prompt": "request.prompt", "model": "request.model"}
    got = read(tmp_path / "a.parquet", mapping=ColumnMapping({"exchange": names}))
    assert got.rows[0]["prompt"] == ROWS[0]["prompt"]


def test_structured_messages_in_parquet(read, tmp_path):
    turns = [{"role": "user", "content": "old"}, {"role": "user", "content": "new"}]
    rows = [{**{k: v for k, v in ROWS[0].items() if k != "prompt"}, "messages": turns}]
    write_parquet(tmp_path / "a.parquet", rows)
    got = read(tmp_path / "a.parquet")
    assert got.rows[0]["prompt"] == "new"
    assert json.loads(got.rows[0]["messages"]) == turns


@pytest.mark.parametrize(
    ("location", "kind", "word"),
    [
        ("nowhere.parquet", errors.SourceNotFoundError, "No such file"),
        ("a\0b", errors.SourceNotFoundError, "null"),
        ("empty-folder", errors.SourceNotFoundError, "no file in a known format"),
        ("/dev/null", errors.SourceNotFoundError, "neither a file nor a folder"),
        ("s3://bucket/log", errors.ConfigurationError, "s3://"),
        ("sqlite:///log.db", errors.ConfigurationError, "names no table"),
        ("sqlite:///nowhere.db#log", errors.SourceNotFoundError, "cannot be opened"),
        ("postgresql+psycopg://u:hunter2@127.0.0.1:1/db#t", errors.StillwatchError, "***"),
        ("nodialect+x://u:hunter2@h/db#t", errors.MissingExtraError, "***"),
        ("postgresql://u:hunter2@h:port/db#t", errors.ConfigurationError, "postgresql://"),
    ],
)
def test_locations_that_cannot_be_opened(location, kind, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty-folder").mkdir()
    with pytest.raises(kind) as caught:
        open_exchanges(location, quarantine=Quarantine(None))
    assert word in caught.value.diagnostics()
    assert "hunter2" not in caught.value.diagnostics()
    assert caught.value.todo


def test_a_table_that_is_not_there(tmp_path):
    write_sqlite(tmp_path / "log.db")
    with pytest.raises(errors.SourceNotFoundError, match="no table other"):
        open_exchanges(f"sqlite:///{tmp_path}/log.db#other", quarantine=Quarantine(None))


def test_without_sqlalchemy_the_extra_is_named(tmp_path):
    code = (
        "import sys\nsys.modules['sqlalchemy'] = None\n"
        "from stillwatch.find.sources import Quarantine, open_exchanges\n"
        "from stillwatch.errors import MissingExtraError\n"
        "try:\n    open_exchanges('postgresql://u:pw@h/d#t', quarantine=Quarantine(None))\n"
        "except MissingExtraError as e:\n    print(e.diagnostics())\n"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "stillwatch[sql]" in done.stdout
    assert "pw" not in done.stdout


def test_an_unknown_format_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(json_lines())
    with pytest.raises(errors.ConfigurationError, match="unknown format 'xml'"):
        open_exchanges(str(tmp_path / "a.jsonl"), quarantine=Quarantine(None), format="xml")


def test_a_missing_column_names_the_nearest(tmp_path):
    write_parquet(tmp_path / "a.parquet", [{"promt": "p", **texts(ROWS[0])} | {"prompt": None}])
    table = pq.read_table(tmp_path / "a.parquet").drop_columns(["prompt"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(errors.MissingColumnError) as caught:
        open_exchanges(str(tmp_path / "a.parquet"), quarantine=Quarantine(None))
    assert "did you mean promt?" in caught.value.todo


def test_a_mapped_column_that_no_file_has(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(json_lines())
    mapping = ColumnMapping({"exchange": {"user_agent": "nots"}})
    with pytest.raises(errors.ConfigurationError) as caught:
        open_exchanges(str(tmp_path / "a.jsonl"), mapping=mapping, quarantine=Quarantine(None))
    assert "did you mean note?" in caught.value.todo


def test_a_format_may_be_forced(read, tmp_path):
    (tmp_path / "log.txt").write_bytes(json_lines())
    assert len(read(tmp_path / "log.txt", format="jsonl").rows) == len(ROWS)
