"""A back-up holds everything, fits any database, and is refused where one byte is another."""

from __future__ import annotations

import itertools
import json
import stat
import threading

import pytest
import sqlalchemy as sa
from databases import KINDS, content, filled, made

from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.store import Database, migrations
from stillwatch.store.backup import back_up, restore, tables_of, verify_backup

ALL = {part: migrations.newest(part) for part in migrations.parts()}
TABLES = tables_of(ALL)
WHEN = {"made": "2026-11-22T09:00:00+00:00", "version": "0.1.0"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A back-up of every part, from SQLite, and what was in the tables."""
    folder = tmp_path_factory.mktemp("kept")
    database = made(f"sqlite:///{folder}/from.sqlite", ALL)
    database.now(filled, TABLES)
    digest = database.now_reading(back_up, folder / "copy", **WHEN)
    rows = database.now_reading(content, TABLES)
    database.close()
    return folder / "copy", digest, rows


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_everything_comes_back_on_either_database(new_url, tmp_path, source, target):
    first = made(new_url(source), ALL)
    rows = first.now(filled, TABLES)
    digest = first.now_reading(back_up, tmp_path / "copy", **WHEN)
    manifest = verify_backup(tmp_path / "copy", digest)
    assert (manifest.dialect, manifest.steps) == (source, ALL)
    second = Database(new_url(target))
    assert second.now(restore, tmp_path / "copy", manifest) == rows
    assert second.now_reading(content, TABLES) == first.now_reading(content, TABLES)
    assert second.now_reading(migrations.standing) == ALL
    for database in (first, second):
        database.close()


def test_postgresql_goes_on_counting_where_it_was(new_url, kept):
    database = Database(new_url("postgresql"))
    database.now(restore, kept[0], verify_backup(kept[0]))
    insert = sa.text(
        "INSERT INTO appeals_outbox (appeal_id, kind, body, made) VALUES ('a', 'update', '', 1)"
        " RETURNING number"
    )
    assert database.now(lambda c: c.execute(insert).scalar()) == 2**31 - 9 + 4
    database.close()


def test_a_log_that_can_only_grow_is_restored_so(new_url, kept):
    database = Database(new_url("sqlite"))
    database.now(restore, kept[0], verify_backup(kept[0]))
    with pytest.raises(OutputError, match="only grow"):
        database.now(lambda c: c.execute(sa.text("DELETE FROM console_actions")))
    database.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_is_one_moment_though_others_write(new_url, tmp_path, kind):
    database = made(new_url(kind), {"measures": "measures_0001"})
    other, stop = Database(database.url), threading.Event()

    def write_both(connection, number):
        # the two are read apart, with tables between them
        one = {"name": f"n{number}", "account": f"a{number}"}
        connection.execute(sa.text("INSERT INTO measures_decoys VALUES (:account, :name, 1)"), one)
        connection.execute(sa.text("INSERT INTO measures_kills VALUES (:name, 1, '')"), one)

    def go_on():
        for number in itertools.count():
            if stop.is_set():
                return
            other.now(write_both, number)

    writer = threading.Thread(target=go_on)
    writer.start()
    counts = []
    try:
        while len(counts) < 8:
            database.now_reading(back_up, tmp_path / f"copy{len(counts)}", **WHEN)
            held = verify_backup(tmp_path / f"copy{len(counts)}").tables
            rows = {table.name: table.rows for table in held}
            counts.append((rows["measures_decoys"], rows["measures_kills"]))
    finally:
        stop.set()
        writer.join()
    assert all(decoys == kills for decoys, kills in counts)
    assert counts[-1][0] > counts[0][0]
    for one in (database, other):
        one.close()


def test_nothing_is_written_over(kept, new_url):
    database = made(new_url("sqlite"), {"hub": "0001"})
    with pytest.raises(ConfigurationError, match="not empty"):
        database.now(restore, kept[0], verify_backup(kept[0]))
    assert database.now_reading(migrations.standing) == {"hub": "0001"}
    with pytest.raises(OutputError, match="already"):
        database.now_reading(back_up, kept[0], **WHEN)
    database.close()


def damaged(folder, change):
    path = folder / "hub_objects.jsonl.zst"
    if change == "a byte":
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
    elif change == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif change == "gone":
        path.unlink()
    elif change == "no manifest's end":
        path = folder / "manifest.json"
        path.write_bytes(path.read_bytes()[:-40])
    elif change == "a table too few":
        path = folder / "manifest.json"
        said = json.loads(path.read_text())
        said["tables"].pop()
        path.write_text(json.dumps(said))
    elif change == "a row too few":
        path = folder / "manifest.json"
        said = json.loads(path.read_text())
        said["tables"][0]["rows"] += 1
        path.write_text(json.dumps(said))
    elif change == "a path":
        path = folder / "manifest.json"
        path.write_text(path.read_text().replace('"hub_objects"', '"../hub_objects"'))


CHANGES = ("a byte", "cut", "gone", "no manifest's end", "a table too few", "a row too few")


@pytest.mark.parametrize("change", [*CHANGES, "a path"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(kept, new_url, tmp_path, change):
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in kept[0].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    damaged(folder, change)
    database = Database(new_url("sqlite"))
    with pytest.raises(InputFormatError):
        database.now(restore, folder, verify_backup(folder))
    assert database.now_reading(lambda c: sa.inspect(c).get_table_names()) == []
    with pytest.raises(InputFormatError):
        verify_backup(folder, kept[1])
    database.close()


def test_a_backup_of_a_later_version_is_refused_by_name(kept, new_url, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in kept[0].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("measures_0001", "measures_9999"))
    database = Database(new_url("sqlite"))
    with pytest.raises(ConfigurationError, match="later version"):
        database.now(restore, folder, verify_backup(folder))
    database.close()


def test_only_its_owner_can_read_it(kept):
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept[0].iterdir()} == {0o600}


def test_no_database_and_no_backup_are_told(new_url, tmp_path):
    database = Database(new_url("sqlite"))
    with pytest.raises(ConfigurationError, match="no tables"):
        database.now_reading(back_up, tmp_path / "copy", **WHEN)
    assert not (tmp_path / "copy").exists()
    with pytest.raises(SourceNotFoundError):
        verify_backup(tmp_path)
    database.close()
