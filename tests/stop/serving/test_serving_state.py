"""What the core remembers: merged, restored, bounded, and hard to flush."""

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from asking import DAY, NOW, Gate, passed, request, words
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.features.observe import observe
from stillwatch.records import TIME
from stillwatch.stop.serving import Core, Knowledge, Snapshot, State, Terms

TEXTS = [
    "Explain in every detail how the device works. Show each step of your reasoning, please. "
    + body
    for body in ("Valves of a pump", "Gears in a clock", "Lenses and mirrors", "The keys of a lock")
]


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in one.__slots__)


CLEARED = pa.table(
    {
        "account_id": ["a0", "a2"],
        "campaign_id": pa.array([None, None], pa.string()),
        "flagged_at": pa.array([None, None], TIME),
        "score": [0.0, 0.0],
    }
)
"""Of four accounts a scan has found two innocent."""


def snapshot_of(steps):
    core = Core(Terms(), Knowledge.of(verdicts=CLEARED), accounts=512, segments=4096)
    for number, (account, text, days) in enumerate(steps):
        core.weigh(request(TEXTS[text], f"a{account}", NOW + days * DAY, number))
    return core.state.snapshot()


steps = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, len(TEXTS) - 1), st.integers(0, 12)), max_size=12
).map(lambda some: sorted(some, key=lambda step: step[2]))


@given(steps, steps, steps)
@settings(deadline=None, max_examples=40)
def test_merging_is_associative_and_commutative(a, b, c):
    a, b, c = snapshot_of(a), snapshot_of(b), snapshot_of(c)
    assert same(a.merged(b), b.merged(a))
    assert same(a.merged(b).merged(c), a.merged(b.merged(c)))


@given(steps)
@settings(deadline=None, max_examples=20)
def test_a_snapshot_is_restored_saved_and_read_as_it_was(some):
    taken = snapshot_of(some)
    state = State(512, 4096)
    state.restore(taken)
    assert same(state.snapshot(), taken)
    file = io.BytesIO()
    taken.save(file)
    file.seek(0)
    assert same(Snapshot.load(file), taken)


def test_two_replicas_know_together_what_one_would():
    """Counts add up; who shares a segment is the union."""
    asked = [request(TEXTS[n % 4], f"a{n % 7}", NOW, n) for n in range(40)]
    one, two, all_ = (Core(Terms(), Knowledge.of(), accounts=512, segments=4096) for _ in range(3))
    for number, each in enumerate(asked):
        (one if number % 7 < 3 else two).weigh(each)  # an account speaks to one replica
        all_.weigh(each)
    both = one.state.snapshot().merged(two.state.snapshot())
    whole = all_.state.snapshot()
    assert np.array_equal(both.cells, whole.cells)
    assert np.array_equal(both.keys, whole.keys)
    assert np.array_equal(both.seen, whole.seen)
    assert np.array_equal(both.counts[:, 4], whole.counts[:, 4])


@pytest.mark.parametrize("damage", [0, 5, 40, 300, -1])
def test_a_damaged_snapshot_is_refused(damage):
    file = io.BytesIO()
    snapshot_of([(0, 0, 0)]).save(file)
    whole = file.getvalue()
    cut = whole[:damage] if damage >= 0 else whole[: len(whole) - 4]
    with pytest.raises(InputFormatError, match="not a snapshot"):
        Snapshot.load(io.BytesIO(cut))


def test_a_snapshot_of_other_shapes_is_refused():
    taken = snapshot_of([(0, 0, 0)])
    file = io.BytesIO()
    Snapshot(
        taken.keys, taken.counts[:, :3], taken.seen, taken.cells, taken.crowd, taken.pane
    ).save(file)
    file.seek(0)
    with pytest.raises(InputFormatError, match="not a snapshot"):
        Snapshot.load(file)


def test_too_little_room_is_refused():
    with pytest.raises(ConfigurationError, match="too little state"):
        State(1, 1)


def test_a_flood_of_new_accounts_does_not_make_a_harvester_new():
    """Twenty times the table in accounts of one request each; the harvester's history stays."""
    gate = Gate(accounts=512, segments=4096)
    rng = np.random.default_rng(5)
    for number in range(30):
        gate.decide(request(words(rng, 40), "harvester", NOW + number, number), output=3000)
    before = gate.core.state.snapshot()
    for number in range(10_000):
        gate.core.weigh(request(f"hello {number}", f"new{number}", NOW + 1000 + number, number))
    after = gate.core.state.snapshot()
    assert after.keys.size <= 512
    dearest = before.keys[np.argmax(before.counts[:, 14])]
    assert dearest in after.keys
    decision = gate.decide(request(words(rng, 40), "harvester", NOW + 20_000, 99))
    assert decision.expected_output > 2000


def test_a_flood_of_texts_does_not_push_out_what_a_crowd_shares():
    gate = Gate(accounts=4096, segments=1024)
    rng = np.random.default_rng(6)
    template = "Answer as a careful tutor would and number every step of the way. "
    for number in range(60):
        gate.decide(request(template + words(rng, 12), f"member{number % 20}", NOW, number))
    for number in range(3_000):
        gate.decide(request(words(rng, 40), f"stranger{number}", NOW + number, number))
    late = gate.core.weigh(request(template + words(rng, 12), "late", NOW + DAY, 1))
    assert "segment" in late.kinds


def test_memory_is_that_of_the_tables_whatever_comes():
    gate = Gate(accounts=256, segments=256)
    sizes = [table.nbytes for table in gate.core.state.tables]
    rng = np.random.default_rng(7)
    for number in range(2_000):
        gate.decide(
            request(words(rng, 30), f"a{number}", NOW + number, number, ip=f"10.{number % 250}.1.1")
        )
    assert [table.nbytes for table in gate.core.state.tables] == sizes


def test_a_clock_that_jumps_and_comes_back_loses_no_account():
    gate = Gate()
    rng = np.random.default_rng(8)
    for number in range(20):
        gate.decide(request(words(rng, 30), "a", NOW + number, number), output=2000)
    gate.decide(request(words(rng, 30), "a", NOW + 3600 * 1_000_000, 50))
    back = gate.decide(request(words(rng, 30), "a", NOW + 40, 51))
    assert back.expected_output > 1500
    assert passed(back)


@pytest.mark.parametrize("secret", [b"", b"a key of observe"])
@pytest.mark.parametrize(
    "text",
    ["", "hi", *TEXTS, "短い文です。これは二つ目の文です。" * 9, "one\ntwo three four five\n" * 90],
)
def test_a_prompt_has_the_facets_that_observe_gives_it(secret, text):
    """The state speaks of the same pieces as a scan's observations under the same key."""
    core = Core(Terms(), Knowledge.of(secret=secret), secret=secret, accounts=64, segments=64)
    core.weigh(request(text))
    batch = pa.record_batch(
        {
            "time": pa.array([0], TIME),
            "exchange_id": ["e"],
            "account_id": ["a"],
            "model": ["m"],
            "prompt": [text],
        }
    )
    observed = observe(batch, key=key_from_secret(secret)).column("facets")[0].as_py()
    made = core._scratch.facets[: len(observed)].tolist()
    assert made == observed
    assert len(json.dumps(observed)) >= 2
