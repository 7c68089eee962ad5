"""``stillwatch store``: what it prints, what it refuses, and that passwords stay out of it."""

from __future__ import annotations

import json
import stat

import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    SourceNotFoundError,
    StillwatchError,
)
from stillwatch.store import Database, migrations


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def good(*words):
    done = run(*words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def url(tmp_path):
    """A database with a hub of the first layout and measures of the newest."""
    database = Database(f"sqlite:///{tmp_path}/old.sqlite")
    database.now(migrations.upgrade, "hub", to="0001")
    database.now(migrations.upgrade, "measures")
    database.close()
    return f"sqlite:///{tmp_path}/old.sqlite"


def test_status_and_upgrade(url):
    assert good("store", "status", "--database", url).splitlines() == [
        "hub  0001, 0002 is the newest",
        "measures  measures_0001",
    ]
    said = good("store", "upgrade", "--database", url).splitlines()
    assert said == ["hub: 0001 to 0002", "measures: at measures_0001"]
    found = json.loads(good("store", "status", "--database", url, "--json"))
    assert all(one["step"] == one["newest"] for one in found)
    assert good("store", "upgrade", "--database", url).startswith("hub: at 0002")


def test_the_round_with_a_real_hub(tmp_path):
    good("hub", "init", "hub.example/log", "--state", tmp_path / "hub")
    good("hub", "invite", "Lab A", "--state", tmp_path / "hub")
    from_, to = (f"sqlite:///{tmp_path}/{name}" for name in ("hub/hub.sqlite", "new.sqlite"))
    digest = good("store", "backup", tmp_path / "copy", "--database", from_).strip()
    assert "hub at 0002" in good("store", "verify", tmp_path / "copy", "--digest", digest)
    said = good("store", "restore", tmp_path / "copy", "--database", to, "--digest", digest)
    assert said.startswith("log hub.example/log: 0 leaves, root e3b0c44298fc")
    assert stat.S_IMODE((tmp_path / "new.sqlite").stat().st_mode) == 0o600
    members = ("hub", "members", "--state", tmp_path / "hub", "--database")
    assert good(*members, to) == good(*members, from_)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("status", "--database", "sqlite:///{}/none.sqlite"), ConfigurationError),
        (("upgrade", "--database", "sqlite:///{}/none.sqlite"), ConfigurationError),
        (("backup", "{}/c", "--database", "sqlite:///{}/none.sqlite"), ConfigurationError),
        (("backup", "{}/none/c", "--database", "sqlite:///{}/old.sqlite"), OutputError),
        (("status", "--database", "mysql://root:hidden@h/x"), ConfigurationError),
        (("status", "--database", "postgresql://me:hidden@127.0.0.1:1/x"), OutputError),
        (("verify", "{}"), SourceNotFoundError),
        (("restore", "{}", "--database", "sqlite:///{}/new.sqlite"), SourceNotFoundError),
    ],
)
def test_what_cannot_be_is_told_and_leaves_nothing(url, tmp_path, words, error):
    done = run("store", *(word.format(tmp_path) for word in words))
    assert isinstance(done.exception, error)
    assert "hidden" not in done.exception.diagnostics()
    assert [path.name for path in tmp_path.glob("*") if "old" not in path.name] == []
    assert url


def test_a_restore_that_is_refused_leaves_no_database(url, tmp_path):
    digest = good("store", "backup", tmp_path / "copy", "--database", url).strip()
    (tmp_path / "copy" / "hub_head.jsonl.zst").write_bytes(b"")
    new = f"sqlite:///{tmp_path}/new.sqlite"
    for words in ((), ("--digest", "0" * 64), ("--digest", digest)):
        done = run("store", "restore", tmp_path / "copy", "--database", new, *words)
        assert isinstance(done.exception, InputFormatError)
    assert isinstance(done.exception, StillwatchError)
    assert not (tmp_path / "new.sqlite").exists()
