"""Observations in files: what is written is what is read, all of it or none of it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from made_log import account_table, exchange_table, made_rows

from stillwatch.errors import (
    IncompatibleObservationsError,
    InputFormatError,
    MissingColumnError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.find.features.files import (
    FORMAT,
    MARK,
    check_observations,
    find_observations,
    key_fingerprint,
    write_observations,
)
from stillwatch.find.features.log import build_log
from stillwatch.find.features.observe import OBSERVATION_VERSION, observe
from stillwatch.find.sources import Quarantine

KEY = 12345


@pytest.fixture(scope="module")
def rows():
    return made_rows(accounts=20)


@pytest.fixture(scope="module")
def exchanges(rows):
    return exchange_table(rows[0])


@pytest.fixture
def folder(exchanges, tmp_path):
    write(exchanges, tmp_path / "obs")
    return tmp_path / "obs"


def observed(table, key=KEY, batch=50):
    return [observe(b, key=key) for b in table.combine_chunks().to_batches(max_chunksize=batch)]


def write(table, out, key=KEY, **options):
    return write_observations(observed(table, key), out, key=key, **options)


def read(location, **options):
    found = find_observations(str(location), **options)
    with Quarantine(None) as quarantine:
        table = pa.Table.from_batches(found.batches(quarantine))
    return found, table, quarantine


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def a_file(folder):
    return min(folder.glob("day=*/part-*.parquet"))


def rewrite(path, table):
    """Replace a file by a table of as many rows, its metadata kept unless the table has some."""
    said = table.schema.metadata or pq.read_schema(path).metadata
    pq.write_table(table.replace_schema_metadata(said), path)


def in_order(table):
    return table.sort_by("exchange_id").combine_chunks()


@pytest.mark.parametrize("held", [0, 20_000, 1 << 28])
def test_what_is_written_is_what_is_read(exchanges, tmp_path, held):
    written = write(exchanges, tmp_path / "obs", held=held)
    found, table, quarantine = read(tmp_path / "obs")
    assert in_order(table).equals(in_order(pa.Table.from_batches(observed(exchanges))))
    assert (written.exchanges, written.days) == (len(exchanges), 6)
    assert (written.files > written.days) == (held < 1 << 28)
    assert written.files == len(found.paths)
    assert written.size == sum(path.stat().st_size for path in found.paths)
    assert (found.rows, found.key) == (len(exchanges), key_fingerprint(KEY))
    assert quarantine.rows("exchanges") == {}


def test_files_lie_by_day_and_say_version_and_key(folder):
    for path in folder.glob("day=*/*.parquet"):
        file = pq.ParquetFile(path)
        days = pc.unique(
            pc.floor_temporal(file.read()["time"].cast(pa.timestamp("us")), unit="day")
        )
        assert [f"day={day.as_py():%Y-%m-%d}" for day in days] == [path.parent.name]
        said = file.schema_arrow.metadata
        assert said[b"stillwatch_observation"].decode() == OBSERVATION_VERSION
        assert said[b"stillwatch_key"].decode() == key_fingerprint(KEY)
    assert str(KEY) not in (folder / MARK).read_text("utf-8")


def test_a_log_from_files_is_the_log_from_exchanges(rows, exchanges, folder):
    people = account_table(rows[1])
    direct = build_log(observed(exchanges), people)
    stored = build_log(find_observations(str(folder)).batches(Quarantine(None)), people)
    for name in direct.__slots__:
        value = getattr(direct, name)
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, getattr(stored, name)), name
    assert direct.exchange_id.to_pylist() == stored.exchange_id.to_pylist()
    assert (direct.models, direct.present) == (stored.models, stored.present)


def with_integer_ids(table):
    ids = pc.cast(pc.utf8_slice_codeunits(table["account_id"], 1), pa.int64())
    return table.set_column(table.schema.get_field_index("account_id"), "account_id", ids)


def test_integer_ids_stay_integers_unless_some_are_text(exchanges, tmp_path):
    write(with_integer_ids(exchanges).slice(5), tmp_path / "both" / "numbers")
    found, table, _ = read(tmp_path / "both")
    assert found.account_type == table.schema.field("account_id").type == pa.int64()
    write(exchanges.slice(0, 5), tmp_path / "both" / "words")
    found, table, _ = read(tmp_path / "both")
    assert found.account_type == table.schema.field("account_id").type == pa.string()
    assert {"19", "a000"} <= set(table["account_id"].to_pylist())


def test_an_id_that_is_no_integer_where_they_must_be_goes_to_quarantine(exchanges, tmp_path):
    write(exchanges.slice(0, 9), tmp_path / "words")
    write(with_integer_ids(exchanges).slice(9), tmp_path / "numbers")
    _, table, quarantine = read(tmp_path, account_type=pa.int64())
    assert len(table) == len(exchanges) - 9
    assert quarantine.rows("exchanges") == {"bad-id": 9}


def test_exchanges_observed_twice_count_once(exchanges, tmp_path):
    write(exchanges.slice(0, 150), tmp_path / "obs" / "a")
    write(exchanges.slice(100), tmp_path / "obs" / "b")
    _, table, quarantine = read(tmp_path / "obs")
    assert in_order(table).equals(in_order(pa.Table.from_batches(observed(exchanges))))
    assert quarantine.rows("exchanges") == {"duplicate-id": 50}


def test_a_run_again_replaces_and_keeps_other_files(exchanges, folder):
    before = files(folder)
    (folder / "notes.txt").write_text("mine")
    write(exchanges.slice(0, 40), folder)
    after = files(folder)
    assert {MARK, "notes.txt"} <= set(after)
    assert not set(before) - {MARK} & set(after)
    assert len(read(folder)[1]) == 40
    held = {p.name for p in folder.iterdir() if p.is_dir()}
    assert held == {path.parent.name for path in folder.glob("day=*/*.parquet")}


def test_a_run_that_fails_leaves_the_earlier_one(exchanges, folder):
    before = {name: (folder / name).read_bytes() for name in files(folder)}

    def broken():
        yield from observed(exchanges)[:2]
        raise InputFormatError("the log ends here")

    with pytest.raises(InputFormatError):
        write_observations(broken(), folder, key=KEY, held=0)
    assert {name: (folder / name).read_bytes() for name in files(folder)} == before


def test_what_a_killed_run_left_is_not_read_and_goes(exchanges, folder):
    """It was killed after it had moved some files into place, and before its mark."""
    later = a_file(folder).with_name("part-0a1b2c3d-000000.parquet")
    later.write_bytes(a_file(folder).read_bytes())
    (folder / ".observing-x").mkdir()
    assert len(read(folder)[1]) == len(exchanges)
    (folder / MARK).rename(folder / "kept")
    with pytest.raises(InputFormatError, match="did not end"):
        find_observations(str(folder))
    (folder / "kept").rename(folder / MARK)
    write(exchanges, folder)
    assert not later.exists()
    assert not (folder / ".observing-x").exists()


def test_a_file_or_a_pattern_is_read_as_it_is(folder, exchanges):
    one = a_file(folder)
    assert len(read(one)[1]) == pq.read_metadata(one).num_rows
    assert len(read(folder / "day=*" / "*.parquet")[1]) == len(exchanges)
    assert len(read(folder / MARK)[1]) == len(exchanges)


@pytest.mark.parametrize("chosen", [None, "parquet", FORMAT])
def test_exchanges_are_not_observations(exchanges, tmp_path, chosen):
    pq.write_table(exchanges, tmp_path / "log.parquet")
    (tmp_path / MARK).write_text(json.dumps([{"time": 0}]), "utf-8")  # a log of that name
    if chosen == FORMAT:
        with pytest.raises(InputFormatError, match="no observations"):
            find_observations(str(tmp_path), chosen=chosen)
    else:
        assert find_observations(str(tmp_path), chosen=chosen) is None
    assert find_observations("sqlite:///x#y") is find_observations("-") is None
    with pytest.raises(SourceNotFoundError):
        find_observations(str(tmp_path / "nowhere"))


def test_a_chosen_format_is_kept_to(folder):
    assert find_observations(str(folder), chosen="parquet") is None
    assert find_observations(str(folder), chosen=FORMAT) is not None


def test_different_keys_are_refused(exchanges, tmp_path):
    write(exchanges.slice(0, 50), tmp_path / "a")
    write(exchanges.slice(50), tmp_path / "b", key=7)
    with pytest.raises(IncompatibleObservationsError, match="different keys") as caught:
        find_observations(str(tmp_path))
    assert caught.value.exit_code == 10
    write(exchanges.slice(50), tmp_path / "b", key=0)
    with pytest.raises(IncompatibleObservationsError, match="different keys"):
        find_observations(str(tmp_path))


def test_a_key_that_is_given_must_be_theirs(folder):
    found = find_observations(str(folder))
    found.check_key(KEY)
    for other in (0, 7):
        with pytest.raises(IncompatibleObservationsError, match="another key"):
            found.check_key(other)


def test_another_version_is_refused(folder):
    path = a_file(folder)
    said = {b"stillwatch_observation": b"0", b"stillwatch_key": b"none"}
    rewrite(path, pq.ParquetFile(path).read().replace_schema_metadata(said))
    for location in (folder, path):
        with pytest.raises(IncompatibleObservationsError, match="version '0'"):
            find_observations(str(location))
    mark = json.loads((folder / MARK).read_text("utf-8"))
    (folder / MARK).write_text(json.dumps({**mark, "stillwatch_observations": "9"}), "utf-8")
    with pytest.raises(IncompatibleObservationsError, match="version '9'"):
        find_observations(str(folder))


def test_a_missing_column_is_named(folder):
    path = a_file(folder)
    rewrite(path, pq.ParquetFile(path).read().drop_columns(["block"]))
    with pytest.raises(MissingColumnError, match="block"):
        find_observations(str(folder))


def nulled(table, name):
    return table.set_column(
        table.schema.get_field_index(name),
        name,
        pa.nulls(len(table), table.schema.field(name).type),
    )


def as_text(table, name):
    words = pa.array(["x"] * len(table))
    return table.set_column(table.schema.get_field_index(name), name, words)


def emptied_lists(table):
    lists = pa.array([[]] * len(table), table.schema.field("kinds").type)
    return table.set_column(table.schema.get_field_index("kinds"), "kinds", lists)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: nulled(table, "ip"),
        lambda table: nulled(table, "account_id"),
        lambda table: nulled(table, "facets"),
        lambda table: as_text(table, "asn"),
        lambda table: as_text(table, "projection"),
        lambda table: as_text(table, "facets"),
        emptied_lists,
    ],
    ids=["null", "null-id", "null-list", "type", "width", "no-list", "lengths"],
)
def test_what_would_be_misread_is_refused(folder, change):
    path = a_file(folder)
    rewrite(path, change(pq.ParquetFile(path).read()))
    with pytest.raises(InputFormatError) as caught:
        read(folder)
    assert str(path) in caught.value.where


@pytest.mark.parametrize("harm", ["gone", "short", "flipped", "cut"])
def test_damage_is_named(folder, harm):
    path = a_file(folder)
    data = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    elif harm == "short":
        rewrite(path, pq.ParquetFile(path).read().slice(1))
    elif harm == "flipped":
        data[len(data) // 3] ^= 255
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputFormatError) as caught:
        read(folder)
    assert str(path) in caught.value.where


@pytest.mark.parametrize(
    "parts",
    [
        None,
        {},
        ["x"],
        [{"path": "../../day=2026-03-02/part-00000000-000000.parquet", "rows": 1}],
        [{"path": "/etc/passwd", "rows": 1}],
        [{"path": "day=2026-03-02/part-00000000-000000.parquet", "rows": "1"}],
    ],
)
def test_a_mark_leads_nowhere_else(folder, parts):
    mark = json.loads((folder / MARK).read_text("utf-8"))
    (folder / MARK).write_text(json.dumps({**mark, "parts": parts}), "utf-8")
    with pytest.raises(InputFormatError, match="mark"):
        find_observations(str(folder))


def test_observations_beside_a_log_are_refused(folder, exchanges):
    pq.write_table(exchanges, folder.parent / "log.parquet")
    with pytest.raises(InputFormatError, match="together"):
        find_observations(str(folder.parent))
    (folder / "verdicts.parquet").write_bytes(b"a scan's own output beside its mark is not read")
    assert len(read(folder)[1]) == len(exchanges)


@pytest.mark.parametrize("name", ["", MARK, "day=2026-03-02"])
def test_links_are_refused(exchanges, tmp_path, name):
    aim = tmp_path / "aim"
    aim.mkdir()
    link = tmp_path / "obs" / name
    if name:
        link.parent.mkdir()
    link.symlink_to(aim)
    with pytest.raises(OutputError, match="symbolic link"):
        write(exchanges, tmp_path / "obs")
    assert list(aim.iterdir()) == []


def test_check_says_what_the_exchanges_had(rows, tmp_path):
    write(exchange_table(rows[0], without={"ip", "user_agent"}), tmp_path / "obs")
    found = check_observations(find_observations(str(tmp_path / "obs")), "obs")
    assert {"ip", "user_agent", "end_user_id", "response"} <= set(found.absent)
    assert found.filled["prompt"] == found.filled["asn"] == 1
    assert 0 < found.filled["system_prompt"] < 1
    assert (found.good, found.formats, found.account_type) == (240, (FORMAT,), "string")
    times = [row["time"] for row in rows[0]]
    assert (found.first, found.last) == (min(times), max(times))


def test_no_word_of_a_prompt_is_in_the_files(rows, folder):
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    kept += str(read(folder)[1].to_pydict()).encode()
    for row in rows[0]:
        for word in (*row["prompt"].split(), row["ip"], row["user_agent"]):
            assert len(word) < 6 or word.encode() not in kept


TEXTS = (
    "Explain every step.\nWhat is 17 + 25, and why does it matter to anyone at all?",
    "Überprüfe die Rechnung Zeile für Zeile. Gib dann nur das Ergebnis als Tabelle zurück.",
    "请一步一步地解释这个问题。然后给出最终答案。",
    "",
    " ".join(
        f"{one}{two}." for one in "bcdfghjklm" * 100 for two in ("aro", "eli 7", "umo", "ito")
    ),
)
GOLDEN = {"3": "0ac57d4a68419435"}
"""Digest of what is observed of TEXTS, by version."""


def test_a_version_of_observations_means_one_thing():
    """Whoever changes what an observation holds gives it another version, and adds it here."""
    rows = [
        {
            "time": datetime(2026, 3, 2, 1, n, tzinfo=UTC),
            "exchange_id": f"x{n}",
            "account_id": "a",
            "model": "m",
            "prompt": text,
            "system_prompt": TEXTS[0] if n == 1 else None,
            "ip": ("203.0.113.9", "2001:db8:1:2::3", None, "", None)[n],
            "temperature": 0.7,
            "output_tokens": 100 * n,
        }
        for n, text in enumerate(TEXTS)
    ]
    table = pa.Table.from_batches(observed(exchange_table(rows)))
    said = json.dumps(table.to_pydict(), default=bytes.hex)
    assert GOLDEN.get(OBSERVATION_VERSION) == hashlib.sha256(said.encode()).hexdigest()[:16]
