"""What a witness decides, W-1 to W-7, and that it never cosigns two histories."""

from __future__ import annotations

import base64

import pytest
from forking_log import LOG, ForkingLog
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import OutputError, RefusedError, SourceNotFoundError
from stillwatch.ledger import COSIGNATURE, Note, SigningKey
from stillwatch.ledger.cosignatures import verify_cosignatures
from stillwatch.ledger.merkle import root_at
from stillwatch.ledger.notes import sign_note
from stillwatch.share.witness import (
    Cosigned,
    Memory,
    StaleError,
    admit,
    judge,
    parse_submission,
    write_submission,
)

WITNESS = SigningKey("witness.example/w1", bytes(range(9, 41)), COSIGNATURE)
NOW = 1_800_000_000
ENTRIES = [n.to_bytes(4, "big") for n in range(400)]


@pytest.fixture
def memory(tmp_path):
    made = Memory.make(tmp_path / "witness.sqlite", WITNESS.public)
    made.add_log(LOG.name, LOG.public)
    return made


def decide(raw, last=None, now=NOW):
    submission = parse_submission(raw)
    admit(submission, [LOG.public])
    return judge(submission, last, WITNESS, now)


def refused(rule, raw, **kwargs):
    with pytest.raises(RefusedError) as caught:
        decide(raw, **kwargs)
    assert caught.value.rule == rule
    return caught.value


def test_a_log_that_grows_is_cosigned():
    log = ForkingLog().grow(*ENTRIES[:5])
    first, line = decide(log.submission(0))
    log.grow(*ENTRIES[5:300])
    second, line = decide(log.submission(5), first, NOW + 60)
    assert second == Cosigned(300, root_at(300, log.tiles), NOW + 60)
    found = verify_cosignatures(log.note().added([line]), [WITNESS.public], now=NOW + 60)
    assert [seen.time for seen in found] == [NOW + 60]
    again, _ = decide(log.submission(300), second, NOW + 70)
    assert again.time == NOW + 70


def test_a_log_without_leaves_is_cosigned():
    seen, _ = decide(ForkingLog().submission(0))
    assert seen.size == 0


GOOD = ForkingLog().grow(*ENTRIES[:9]).submission(5)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"old 0\n",
        GOOD.replace(b"old 5", b"old 05"),
        GOOD.replace(b"old 5", b"old -5"),
        GOOD.replace(b"old 5", b"old  5"),
        GOOD.replace(b"old 5", b"Old 5"),
        GOOD.replace(b"old 5", b"old 5 "),
        GOOD.replace(b"old 5\n", b"old 5\nAAAA\n"),
        GOOD.replace(b"old 5\n", b"old 5\n\xff\n"),
        GOOD.replace(b"old 5\n", b"old 5\n" + base64.b64encode(bytes(32)) + b"\n" * 1 * 64),
        b"old 5\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + GOOD[GOOD.index(b"\n\n") + 1 :],
        GOOD.replace(b"\n\n", b"\n", 1),
        GOOD.replace(b"\n9\n", b"\n09\n"),
        GOOD[:-1],
        GOOD + b"a" * (1 << 19),
    ],
)
def test_w_1_submissions_have_one_form(raw):
    with pytest.raises(RefusedError, match="W-1"):
        parse_submission(raw)


@given(st.binary(max_size=300))
def test_w_1_nothing_escapes_as_another_error(raw):
    with pytest.raises(RefusedError, match="W-1"):
        parse_submission(raw)


def test_w_2_a_log_that_is_not_witnessed(memory):
    stranger = ForkingLog(SigningKey("stranger.example/log", bytes(32))).grow(b"a")
    with pytest.raises(RefusedError, match="W-2"):
        memory.cosign(stranger.submission(0), WITNESS, NOW)


def test_w_3_signed_by_somebody_else():
    log = ForkingLog().grow(b"a")
    same_name = SigningKey(LOG.name, bytes(32))
    refused("W-3", log.submission(0, keys=[same_name]))
    refused("W-3", log.submission(0).replace(b"\n1\n", b"\n2\n"))
    ours = log.note()
    bad = Note(ours.text, (*ours.signatures, *log.fork().grow(b"b").note().signatures))
    refused("W-3", write_submission(0, [], bad))


def test_w_3_unknown_signatures_beside_the_logs_are_ignored():
    log = ForkingLog().grow(b"a")
    assert decide(log.submission(0, keys=[SigningKey("x", bytes(32)), LOG]))


def test_w_4_the_old_size_is_beyond_the_new():
    refused("W-4", ForkingLog().grow(*ENTRIES[:5]).submission(6))


def test_w_5_the_log_builds_on_another_checkpoint():
    log = ForkingLog().grow(*ENTRIES[:9])
    last = Cosigned(5, root_at(5, log.tiles), NOW)
    for old in (0, 4, 6, 9):
        error = refused("W-5", log.submission(old), last=last)
        assert isinstance(error, StaleError)
        assert error.size == 5
    assert refused("W-5", log.submission(4)).size == 0


def test_w_6_two_views_of_one_log():
    honest = ForkingLog().grow(*ENTRIES[:9])
    last, _ = decide(honest.submission(0))
    fork = ForkingLog().grow(*ENTRIES[:8], b"another")
    refused("W-6", fork.submission(9), last=last)
    refused("W-6", fork.grow(b"more").submission(9), last=last)
    refused("W-6", write_submission(0, [bytes(32)], honest.note()))
    refused("W-6", write_submission(9, [], honest.grow(b"x").note()), last=last)


def test_w_6_the_tree_without_leaves_has_one_root():
    raw = ForkingLog().submission(0)
    empty = base64.b64encode(root_at(0, ForkingLog().tiles))
    text = raw.partition(b"\n\n")[2].partition(b"\n\n")[0] + b"\n"
    note = sign_note(text.replace(empty, base64.b64encode(bytes(32))).decode(), [LOG])
    refused("W-6", write_submission(0, [], note))


def test_w_7_the_witness_never_dates_back():
    log = ForkingLog().grow(b"a")
    last, _ = decide(log.submission(0))
    refused("W-7", log.submission(1), last=last, now=NOW - 301)
    assert decide(log.submission(1), last, NOW - 300)[0].time == NOW


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans()), max_size=25))
def test_whatever_a_log_tries_there_is_one_history(steps):
    branches = [ForkingLog(), ForkingLog(), ForkingLog()]
    last, said = None, {}
    for branch, grow, leap in steps:
        log = branches[branch]
        log.grow(*(b"%d %d" % (branch, log.tree.size + n) for n in range(grow)))
        old = last.size if last and not leap else 0
        try:
            last, _ = decide(log.submission(old), last)
        except RefusedError:
            continue
        if last.size:
            said.setdefault(branch, []).append(last.size)
    assert len(said) <= 1
    assert all(sizes == sorted(sizes) for sizes in said.values())


def test_memory_is_read_again(memory, tmp_path):
    log = ForkingLog().grow(*ENTRIES[:5])
    line = memory.cosign(log.submission(0), WITNESS, NOW)
    again = Memory(tmp_path / "witness.sqlite")
    assert again.witness == WITNESS.public
    assert again.newest(LOG.name) == log.note().added([line]).encode()
    (state,) = again.logs()
    assert (state.origin, state.size, state.time, state.refused) == (LOG.name, 5, NOW, 0)
    assert (tmp_path / "witness.sqlite").stat().st_mode & 0o077 == 0


def test_contradictions_are_kept_as_evidence(memory):
    memory.cosign(ForkingLog().grow(b"a").submission(0), WITNESS, NOW)
    lie = ForkingLog().grow(b"b")
    for _ in range(103):
        with pytest.raises(RefusedError, match="W-6"):
            memory.cosign(lie.submission(1), WITNESS, NOW)
    with pytest.raises(StaleError):
        memory.cosign(lie.submission(0), WITNESS, NOW)
    assert memory.refused(LOG.name) == (lie.submission(1),) * 100
    assert memory.logs()[0].size == 1


def test_a_log_may_have_two_keys(memory):
    second = SigningKey(LOG.name, bytes(range(5, 37)))
    log = ForkingLog().grow(b"a")
    with pytest.raises(RefusedError, match="W-3"):
        memory.cosign(log.submission(0, keys=[second]), WITNESS, NOW)
    memory.add_log(LOG.name, second.public)
    memory.add_log(LOG.name, second.public)
    assert memory.cosign(log.submission(0, keys=[second]), WITNESS, NOW)
    assert memory.cosign(log.grow(b"b").submission(1), WITNESS, NOW)


def test_a_witness_without_memory_does_not_start(tmp_path):
    with pytest.raises(SourceNotFoundError, match="memory"):
        Memory(tmp_path / "witness.sqlite")


def test_a_memory_is_never_made_over_another(memory, tmp_path):
    with pytest.raises(OutputError):
        Memory.make(tmp_path / "witness.sqlite", WITNESS.public)
    assert memory.logs()


def test_a_damaged_memory_is_said(tmp_path):
    (tmp_path / "witness.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(OutputError, match="memory"):
        Memory(tmp_path / "witness.sqlite")
