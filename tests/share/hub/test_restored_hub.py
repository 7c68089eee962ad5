"""A hub from a back-up goes on as if nothing was; an older one is found out by everybody."""

from __future__ import annotations

import shutil
import time

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hub_world import Lab, World, checkpoint

from stillwatch.cli.entry import cli
from stillwatch.errors import RefusedError
from stillwatch.ledger import COSIGNATURE, SigningKey, merkle
from stillwatch.ledger.checkpoints import parse_checkpoint
from stillwatch.share.exchange.logview import Anchor, SplitViewError, advanced
from stillwatch.share.hub.logbook import TableTiles
from stillwatch.share.hub.verifying import verify_tables
from stillwatch.share.witness import Memory
from stillwatch.share.witness.submission import write_submission
from stillwatch.store import Database


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def kept(tmp_path):
    """A hub with a back-up at five leaves that went on to nine; its key, and a witness of both."""
    (tmp_path / "first").mkdir()
    world = World(tmp_path / "first")
    memory = witness_of(tmp_path, world.key)
    with world.serving():
        world.alpha = world.lab("Alpha")
        for _ in range(4):
            world.alpha.publish()
        world.early = checkpoint(world)
        assert world.early.size == 5
        done = run("store", "backup", tmp_path / "copy", "--database", world.database_url)
        assert done.exit_code == 0, done.output
        cosigned(memory, world, 0)
        for _ in range(4):
            world.alpha.publish()
        world.late = checkpoint(world)
        world.seen = cosigned(memory, world, world.early.size)
    world.memory = memory
    return world


def witness_of(folder, log):
    key = SigningKey.generate("w.example/w", COSIGNATURE)
    memory = Memory.make(folder / "witness.sqlite", key.public)
    memory.add_log(log.name, log.public)
    memory.key = key
    return memory


def cosigned(memory, world, old):
    """Have the newest checkpoint cosigned, as the hub would ask for it; return its note."""
    opened = Database(world.database_url)
    note = opened.now_reading(
        lambda c: c.execute(sa.text("SELECT note FROM hub_head")).scalar()
    ).encode()
    found, parsed = parse_checkpoint(note)

    def proof(connection):
        return merkle.consistency_proof(old, found.size, TableTiles(connection))

    try:
        proved = opened.now_reading(proof) if old <= found.size else []
    finally:
        opened.close()
    memory.cosign(write_submission(old, proved, parsed), memory.key, int(time.time()))
    return note


def restored(world, folder, name):
    (folder / name).mkdir()
    url = f"sqlite:///{folder}/{name}/hub.sqlite"
    done = run("store", "restore", folder / "copy", "--database", url)
    assert done.exit_code == 0, done.output
    assert "5 leaves" in done.stdout
    again = World.__new__(World)
    again.__dict__ |= world.__dict__ | {"database_url": url}
    return again


def member_sees(world, seen):
    """Verify the hub's checkpoint as a member does who has seen another."""
    anchor = Anchor(world.key.name, world.key.public)
    view = None if seen is None else advanced(None, seen, anchor, None, now=time.time())
    opened = Database(world.database_url)
    try:

        def look(connection):
            raw = connection.execute(sa.text("SELECT note FROM hub_head")).scalar().encode()
            tiles = TableTiles(connection)
            return advanced(view, raw, anchor, tiles, now=time.time())

        return opened.now_reading(look)
    finally:
        opened.close()


def test_a_restored_hub_verifies_and_goes_on(kept, tmp_path):
    world = restored(kept, tmp_path, "second")
    opened = Database(world.database_url)
    found, lines = opened.now_reading(verify_tables)
    opened.close()
    assert (found.size, found.root) == (kept.early.size, kept.early.root)
    assert lines > 1
    with world.serving():
        alpha = Lab(world, kept.alpha.key)
        alpha.id = kept.alpha.id
        world.alpha = world.beta = alpha
        records = alpha.get("/exchange/v1/records").json()["records"]
        assert [record["index"] for record in records] == list(range(5))
        alpha.publish()
        assert checkpoint(world).size == 6


def test_members_who_saw_more_refuse_an_older_log_at_once(kept, tmp_path):
    world = restored(kept, tmp_path, "second")
    with pytest.raises(SplitViewError, match="M-2"):
        member_sees(world, kept.seen)
    assert member_sees(world, None).checkpoint.size == 5  # who never saw it cannot know


def test_members_and_witnesses_refuse_it_when_it_has_grown_again(kept, tmp_path):
    world = restored(kept, tmp_path, "second")
    with world.serving():
        alpha = Lab(world, kept.alpha.key)
        alpha.id = kept.alpha.id
        for _ in range(6):
            alpha.publish()
    with pytest.raises(SplitViewError, match="M-2"):
        member_sees(world, kept.seen)
    with pytest.raises(RefusedError, match="W-6"):
        cosigned(kept.memory, world, kept.late.size)
    (state,) = kept.memory.logs()
    assert (state.size, state.refused) == (kept.late.size, 1)


def test_a_witness_refuses_an_older_log(kept, tmp_path):
    world = restored(kept, tmp_path, "second")
    with pytest.raises(RefusedError, match="W-5"):
        cosigned(kept.memory, world, kept.early.size)


def test_restore_refuses_what_a_witness_saw_to_be_longer(kept, tmp_path):
    url = f"sqlite:///{tmp_path}/third.sqlite"
    words = ("store", "restore", tmp_path / "copy", "--database", url, "--cosigned")
    done = run(*words, kept.late.size)
    assert isinstance(done.exception, RefusedError)
    assert done.exception.rule == "W-5"
    assert not (tmp_path / "third.sqlite").exists()
    assert run(*words, kept.early.size).exit_code == 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE hub_entries SET content = zeroblob(length(content))",
        "UPDATE hub_tiles SET content = zeroblob(length(content)) WHERE level = 0",
        "DELETE FROM hub_entries",
        "UPDATE hub_head SET note = replace(note, char(10) || '9', char(10) || '8')",
        "DELETE FROM hub_audit WHERE number = 3",
    ],
)
def test_tables_that_hold_another_log_are_refused(kept, tmp_path, damage):
    shutil.copy(kept.database_url.removeprefix("sqlite:///"), tmp_path / "x.sqlite")
    opened = Database(f"sqlite:///{tmp_path}/x.sqlite")
    opened.now_reading(verify_tables)
    opened.now(lambda c: c.execute(sa.text(damage)))
    with pytest.raises(RefusedError):
        opened.now_reading(verify_tables)
    opened.close()
