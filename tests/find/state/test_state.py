"""A state folder: what is new is read once, and every way to the same log says the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from easy_world import START, easy_world

from stillwatch.errors import (
    ConfigurationError,
    IncompatibleObservationsError,
    InputFormatError,
    NoUsableRowsError,
    OutputError,
)
from stillwatch.find.campaigns import Settings, scan
from stillwatch.find.features.rows import HOUR
from stillwatch.find.sources import Quarantine
from stillwatch.find.state import StateFolder, compact, conclude, forget, scan_state, take_in

STEP = Settings(step=6 * HOUR)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    world = easy_world(tmp_path_factory.mktemp("easy") / "world")
    return world.exchanges.combine_chunks(), world.accounts


@pytest.fixture(scope="module")
def whole(log):
    exchanges, accounts = log
    return scan(exchanges.to_batches(), accounts, settings=STEP)[0]


def write(folder, name, table):
    folder.mkdir(exist_ok=True)
    pq.write_table(table, folder / f"{name}.parquet")


def between(table, first, last):
    time = table["time"]
    after = pc.greater_equal(time, pa.scalar(START + timedelta(hours=first), time.type))
    before = pc.less(time, pa.scalar(START + timedelta(hours=last), time.type))
    return table.filter(pc.and_(after, before))


def scanned(state, source, accounts, settings=None):
    """Scan with a state, as the command does; return what was new and what was found."""
    with StateFolder.opened(state) as folder:
        taken = take_in(folder, str(source), quarantine=Quarantine(None))
        given = {} if accounts is None else {"accounts": accounts}
        found = scan_state(folder, given, settings=settings or STEP)
        conclude(folder, found)
    return taken, found


def said(result):
    return result.verdicts, result.campaigns, result.findings


def test_any_days_in_any_steps_say_what_all_at_once_say(log, whole, tmp_path):
    exchanges, accounts = log
    seen = 0
    for k, (first, last) in enumerate([(0, 24), (24, 31), (31, 100), (100, 144), (144, 400)]):
        part = between(exchanges, first, last)
        write(tmp_path / "log", f"part-{k}", part)
        taken, found = scanned(tmp_path / "state", tmp_path / "log", accounts)
        assert (taken.rows, taken.known, taken.skipped) == (part.num_rows, 0, k)
        seen += part.num_rows
        assert found.result.exchanges == seen
        assert (found.went_on_from is None) == (k == 0)
        assert not [one for one in found.revisions if one.change == "withdrawn"]
    assert said(found.result) == said(whole)
    assert any(v.flagged_at for v in whole.verdicts)


def test_nothing_new_says_the_same_and_reads_nothing(log, whole, tmp_path):
    exchanges, accounts = log
    write(tmp_path / "log", "all", exchanges)
    scanned(tmp_path / "state", tmp_path / "log", accounts)
    taken, found = scanned(tmp_path / "state", tmp_path / "log", None)
    assert (taken.rows, taken.known, taken.skipped) == (0, 0, 1)
    assert found.went_on_from == found.result.as_of
    assert said(found.result) == said(whole)


def test_a_file_that_grew_gives_only_its_new_rows(log, whole, tmp_path):
    exchanges, accounts = log
    first = between(exchanges, 0, 200)
    write(tmp_path / "log", "log", first)
    scanned(tmp_path / "state", tmp_path / "log", accounts)
    write(tmp_path / "log", "log", exchanges)
    taken, found = scanned(tmp_path / "state", tmp_path / "log", accounts)
    assert taken.rows == exchanges.num_rows - first.num_rows
    assert taken.known == first.num_rows
    assert said(found.result) == said(whole)


@pytest.mark.parametrize("hours", [3, 40, 150])
def test_late_exchanges_decide_the_looks_since_again(log, whole, tmp_path, hours):
    exchanges, accounts = log
    last = int((exchanges["time"][-1].as_py() - START).total_seconds() // 3600) + 1
    late = between(exchanges, last - hours - 2, last - hours)
    rest = exchanges.filter(
        pc.invert(pc.is_in(exchanges["exchange_id"], value_set=late["exchange_id"]))
    )
    assert late.num_rows
    write(tmp_path / "log", "rest", rest)
    first = scanned(tmp_path / "state", tmp_path / "log", accounts)[1]
    write(tmp_path / "log", "late", late)
    found = scanned(tmp_path / "state", tmp_path / "log", accounts)[1]
    assert said(found.result) == said(whole)
    if hours < 48:
        assert found.went_on_from is not None
        assert found.went_on_from < found.result.as_of - timedelta(hours=hours)
    else:
        assert found.went_on_from is None
    before = {v.account_id: v for v in first.result.verdicts if v.flagged_at}
    now = {v.account_id: v for v in found.result.verdicts if v.flagged_at}
    moved = {a for a in before.keys() | now.keys() if before.get(a) != now.get(a)}
    differing = {
        a
        for a in moved
        if (a in before) != (a in now)
        or before[a].flagged_at != now[a].flagged_at
        or before[a].campaign_id != now[a].campaign_id
    }
    assert {one.account_id for one in found.revisions} == differing


def test_other_settings_decide_from_the_first_look(log, tmp_path):
    exchanges, accounts = log
    write(tmp_path / "log", "all", exchanges)
    scanned(tmp_path / "state", tmp_path / "log", accounts)
    strict = Settings(step=6 * HOUR, alpha=0.001)
    found = scanned(tmp_path / "state", tmp_path / "log", accounts, strict)[1]
    assert found.went_on_from is None
    assert said(found.result) == said(scan(exchanges.to_batches(), accounts, settings=strict)[0])


def test_compacting_changes_no_verdict_and_forgets_no_look(log, whole, tmp_path):
    exchanges, accounts = log
    for k, hours in enumerate([(0, 100), (100, 200), (200, 400)]):
        write(tmp_path / "log", str(k), between(exchanges, *hours))
        scanned(tmp_path / "state", tmp_path / "log", accounts)
    with StateFolder.opened(tmp_path / "state") as folder:
        assert compact(folder) == 3
        assert len(folder.manifest.segments) == 1
        assert len(list((tmp_path / "state/observations").iterdir())) == 1
    found = scanned(tmp_path / "state", tmp_path / "log", accounts)[1]
    assert found.went_on_from == found.result.as_of
    assert said(found.result) == said(whole)


def test_a_forgotten_account_leaves_nothing_behind(log, whole, tmp_path):
    exchanges, accounts = log
    gone = next(v.account_id for v in whole.verdicts if v.flagged_at)
    write(tmp_path / "log", "all", exchanges)
    scanned(tmp_path / "state", tmp_path / "log", accounts)
    own = pc.sum(pc.equal(exchanges["account_id"], gone)).as_py()
    with StateFolder.opened(tmp_path / "state") as folder:
        assert forget(folder, gone) == own > 0
    for path in (tmp_path / "state").rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            if path.suffix == ".parquet":
                held = repr(pq.read_table(path).to_pydict()).encode()
            assert gone.encode() not in held
    found = scanned(tmp_path / "state", tmp_path / "log", None)[1]
    others = exchanges.filter(pc.not_equal(exchanges["account_id"], gone))
    table = accounts.filter(pc.not_equal(accounts["account_id"], gone))
    assert said(found.result) == said(scan(others.to_batches(), table, settings=STEP)[0])


def test_accounts_given_bit_by_bit_are_held_together(log, whole, tmp_path):
    exchanges, accounts = log
    write(tmp_path / "log", "all", exchanges)
    half = accounts.num_rows // 2
    with StateFolder.opened(tmp_path / "state") as folder:
        take_in(folder, str(tmp_path / "log"), quarantine=Quarantine(None))
        scan_state(folder, {"accounts": accounts.slice(0, half)}, settings=Settings(step=24 * HOUR))
    found = scanned(tmp_path / "state", tmp_path / "log", accounts.slice(half))[1]
    assert said(found.result) == said(whole)


KILLED = """
import sys
from stillwatch.cli import main
sys.argv = ["stillwatch", "scan", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("seed", range(int(os.environ.get("STILLWATCH_KILLS", "2"))))
def test_a_killed_scan_leaves_what_the_next_can_go_on_from(log, whole, tmp_path, seed):
    """Killed at random points, over and over, until one run ends by itself."""
    exchanges, accounts = log
    write(tmp_path / "log", "all", exchanges)
    pq.write_table(accounts, tmp_path / "accounts.parquet")
    arguments = [str(tmp_path / "log"), "--accounts", str(tmp_path / "accounts.parquet")]
    arguments += ["--state", str(tmp_path / "state"), "--out", str(tmp_path / "out")]
    arguments += ["--step", "6"]
    luck = random.Random(seed)
    wait, killed = luck.uniform(0.5, 4.0), 0
    while True:
        with subprocess.Popen([sys.executable, "-c", KILLED, *arguments]) as run:  # noqa: S603 - our own
            try:
                assert run.wait(wait) == 0
                break
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                killed += 1
        wait *= luck.uniform(1.1, 1.6)
    assert killed
    found = pq.read_table(tmp_path / "out/verdicts.parquet").to_pylist()
    assert {v["account_id"]: (v["campaign_id"], v["flagged_at"]) for v in found} == {
        v.account_id: (v.campaign_id, v.flagged_at) for v in whole.verdicts
    }


def test_two_scans_do_not_use_one_state_at_once(tmp_path):
    with (
        StateFolder.opened(tmp_path / "state"),
        pytest.raises(OutputError, match="another process"),
        StateFolder.opened(tmp_path / "state"),
    ):
        pass


def test_what_is_no_state_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError), StateFolder.opened(tmp_path / "other"):
        pass
    assert (tmp_path / "other" / "thesis.txt").read_text() == "mine"
    (tmp_path / "link").symlink_to(tmp_path / "other")
    with pytest.raises(OutputError), StateFolder.opened(tmp_path / "link"):
        pass
    with pytest.raises(ConfigurationError), StateFolder.opened(tmp_path / "no", create=False):
        pass
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stillwatch_state": 99}', '{"a": 1}'])
def test_a_damaged_manifest_is_told(tmp_path, text):
    with StateFolder.opened(tmp_path / "state") as folder:
        folder.commit(key="none")
    (tmp_path / "state/state.json").write_text(text)
    with pytest.raises(InputFormatError), StateFolder.opened(tmp_path / "state"):
        pass


def test_a_lost_segment_is_told_and_a_lost_look_is_decided_again(log, whole, tmp_path):
    exchanges, accounts = log
    write(tmp_path / "log", "all", exchanges)
    scanned(tmp_path / "state", tmp_path / "log", accounts)
    for path in (tmp_path / "state/looks").iterdir():
        path.write_bytes(b"PK not one")
    found = scanned(tmp_path / "state", tmp_path / "log", accounts)[1]
    assert found.went_on_from is None
    assert said(found.result) == said(whole)
    next((tmp_path / "state/observations").rglob("*.parquet")).unlink()
    with pytest.raises((ConfigurationError, InputFormatError)):
        scanned(tmp_path / "state", tmp_path / "log", accounts)


def test_another_key_is_refused(log, tmp_path):
    exchanges, _ = log
    write(tmp_path / "log", "all", exchanges)
    with StateFolder.opened(tmp_path / "state") as folder:
        take_in(folder, str(tmp_path / "log"), quarantine=Quarantine(None), key=7)
        with pytest.raises(IncompatibleObservationsError):
            take_in(folder, str(tmp_path / "log"), quarantine=Quarantine(None), key=8)


def test_an_empty_log_into_an_empty_state_is_refused(log, tmp_path):
    exchanges, _ = log
    write(tmp_path / "log", "none", exchanges.slice(0, 0))
    with StateFolder.opened(tmp_path / "state") as folder, pytest.raises(NoUsableRowsError):
        take_in(folder, str(tmp_path / "log"), quarantine=Quarantine(None))


def test_no_prompt_and_no_clear_address_is_kept(log, tmp_path):
    exchanges, accounts = log
    write(tmp_path / "log", "all", exchanges)
    scanned(tmp_path / "state", tmp_path / "log", accounts)
    prompts = set(exchanges["prompt"].to_pylist())
    kept = set()
    for path in (tmp_path / "state/observations").rglob("*.parquet"):
        table = pq.read_table(path)
        kept |= set(table.column_names)
        for name in table.column_names:
            if pa.types.is_string(table.schema.field(name).type):
                assert not prompts & set(table[name].to_pylist())
    assert not kept & {"prompt", "system_prompt", "response"}
    manifest = json.loads((tmp_path / "state/state.json").read_text())
    assert manifest["segments"]
