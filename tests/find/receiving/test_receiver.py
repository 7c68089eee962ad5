"""Spans and events become the observations that a scan of the same log would make."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_exports import log, logs, packed, span, traces

from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.find.features.files import find_observations, write_observations
from stillwatch.find.features.observe import observe
from stillwatch.find.receiving import Receiver, Segments, read_request
from stillwatch.find.receiving.requests import PROTOBUF
from stillwatch.find.sources import ColumnMapping, Quarantine, open_exchanges
from stillwatch.find.sources.genai_events import SETTLE, Halves
from stillwatch.find.state import StateFolder, TakenIn, take_in

DETAILS = "gen_ai.client.inference.operation.details"


def observed(receiver):
    table = pa.Table.from_batches(receiver.batches)
    return table.sort_by("exchange_id").to_pylist()


def whole(tmp_path, *spans):
    """Return what is observed of the spans in a file."""
    path = tmp_path / "log.json"
    path.write_text(json.dumps(traces(*spans)), "utf-8")
    batches = open_exchanges(str(path), quarantine=Quarantine(None)).batches()
    table = pa.Table.from_batches([observe(batch, key=5) for batch in batches])
    return table.sort_by("exchange_id").to_pylist()


def test_what_is_received_is_observed_as_from_a_file(tmp_path):
    spans = [span(n, f"tell me about the number {n}", a=[1, {"b": "c"}]) for n in range(1, 9)]
    one, many = Receiver(key=5), Receiver(key=5)
    assert one.take(traces(*spans), "traces", 0.0).rejected == 0
    for each in spans:
        body = packed(traces(each))
        export = read_request(body, signal="traces", kind=PROTOBUF, packed="")
        many.take(export, "traces", 0.0)
    assert observed(one) == observed(many) == whole(tmp_path, *spans)


def test_what_breaks_a_rule_is_counted_and_what_is_no_exchange_left_out():
    receiver = Receiver()
    bare = {"attributes": [], "name": "GET /"}
    nobody = span(2, "hello", **{"user.id": ""})
    taken = receiver.take(traces(span(1, "hello"), bare, nobody), "traces", 0.0)
    assert (taken.rejected, dict(taken.reasons)) == (1, {"missing-value": 1})
    broken = {"resourceSpans": [{"scopeSpans": [{"spans": ["text"]}]}]}
    assert receiver.take(broken, "traces", 0.0).reasons == {"unreadable-record": 1}
    assert receiver.rows == 1


def test_what_is_sent_again_is_taken_once():
    receiver = Receiver()
    for _ in range(3):
        assert receiver.take(traces(span(1, "hello")), "traces", 0.0).rejected == 0
    assert (receiver.rows, receiver.repeated) == (1, 2)


def test_the_mapping_names_attributes_and_forces_the_type_of_ids():
    mapping = ColumnMapping({"exchange": {"account_id": "customer.number"}}, "int64")
    receiver = Receiver(mapping=mapping)
    receiver.take(traces(span(1, "hello", **{"customer.number": 17})), "traces", 0.0)
    assert observed(receiver)[0]["account_id"] == 17


def test_an_unstated_answer_length_does_not_depend_on_what_came_with_it():
    bare = span(
        1, "hello", **{"gen_ai.output.messages": '[{"role":"assistant","content":"12345"}]'}
    )
    bare["attributes"] = [a for a in bare["attributes"] if "usage" not in a["key"]]
    alone, beside = Receiver(), Receiver()
    alone.take(traces(bare), "traces", 0.0)
    beside.take(traces(span(2, "other"), bare), "traces", 0.0)
    assert observed(alone)[0] == observed(beside)[0]
    assert observed(alone)[0]["output_tokens"] == 2


@pytest.mark.parametrize("first", ["span", "log"])
def test_an_event_with_everything_said_meets_its_span(tmp_path, first):
    said = [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]
    event = log(4, DETAILS, **{"gen_ai.input.messages": said})
    halves = [(traces(span(4)), "traces"), (logs(event), "logs")]
    receiver = Receiver(key=5)
    for export, signal in halves if first == "span" else halves[::-1]:
        receiver.take(export, signal, 0.0)
    assert receiver.rows == 0
    receiver.settle(SETTLE + 1)
    assert observed(receiver) == whole(tmp_path, span(4, "hello"))


def test_turns_in_events_of_their_own_meet_their_span(tmp_path):
    receiver = Receiver(key=5)
    receiver.take(logs(log(4, "gen_ai.system.message", {"content": "be brief"})), "logs", 0.0)
    receiver.take(logs(log(4, "gen_ai.user.message", {"content": "hello"})), "logs", 1.0)
    receiver.take(traces(span(4)), "traces", 9.0)
    receiver.settle(SETTLE + 1)
    assert receiver.rows == 0, "it waits from the last that came"
    receiver.finish()
    expected = span(4, **{"gen_ai.system_instructions": "be brief", "gen_ai.prompt": "hello"})
    assert observed(receiver) == whole(tmp_path, expected)


def test_a_half_that_comes_after_the_whole_makes_no_second_exchange():
    receiver = Receiver()
    receiver.take(traces(span(4, "hello")), "traces", 0.0)
    event = log(4, DETAILS, **{"gen_ai.input.messages": "hello", "gen_ai.request.model": "m-1"})
    receiver.take(logs(event), "logs", 1.0)
    receiver.finish()
    assert (receiver.rows, sum(receiver.rejected.values())) == (1, 0)


def test_a_half_whose_other_never_comes_is_counted():
    receiver = Receiver()
    receiver.take(logs(log(4, "gen_ai.user.message", {"content": "hello"})), "logs", 0.0)
    receiver.take(logs(log(5, "http.request", "hello")), "logs", 0.0)
    receiver.finish()
    assert (receiver.rows, dict(receiver.rejected)) == (0, {"missing-value": 1})


def test_what_waits_is_bounded(monkeypatch):
    monkeypatch.setattr("stillwatch.find.sources.genai_events.MOST_WAITING", 3)
    monkeypatch.setattr("stillwatch.find.sources.genai_events.MOST_HELD", 10_000)
    halves = Halves()
    pushed = [halves.span({}, span(n), 0.0) for n in range(1, 6)]
    assert [len(out) for out in pushed] == [0, 0, 0, 1, 1]
    event = log(9, "gen_ai.user.message", {"content": "x" * 20_000})
    assert len(halves.log({}, event, 0.0)) == 4
    assert len(halves) == 0


def exchange_batches(*numbers):
    receiver = Receiver(key=5)
    receiver.take(traces(*(span(n, f"number {n}") for n in numbers)), "traces", 0.0)
    return receiver.batches


def test_segments_add_up_and_are_scanned_as_one(tmp_path):
    out = tmp_path / "out"
    for start in (1, 11):
        with Segments.opened(out, 5) as segments:
            segments.add(exchange_batches(*range(start, start + 10)), 1_772_452_800.0)
            (out / ".segment-0000").mkdir()  # what a killed run leaves
    with Segments.opened(out, 5):
        assert not list(out.glob(".segment-*"))
    found = find_observations(str(out))
    assert (found.rows, len(list(out.glob("2026*")))) == (20, 2)
    assert pa.Table.from_batches(found.batches(Quarantine(None))).num_rows == 20


def test_a_state_takes_in_each_segment_once(tmp_path):
    out = tmp_path / "out"
    with StateFolder.opened(tmp_path / "state") as state, Segments.opened(out, 5) as segments:
        for start, skipped in ((1, 0), (11, 1)):
            segments.add(exchange_batches(*range(start, start + 10)), 1_772_452_800.0)
            taken = take_in(state, str(out), quarantine=Quarantine(None), key=5)
            assert taken == TakenIn(rows=10, known=0, skipped=skipped)


def test_a_segment_folder_has_one_writer_and_one_key(tmp_path):
    out = tmp_path / "out"
    with Segments.opened(out, 5) as segments:
        segments.add(exchange_batches(1), 0.0)
        with pytest.raises(OutputError, match="another process"), Segments.opened(out, 5):
            pass
    with pytest.raises(ConfigurationError, match="another key"), Segments.opened(out, 6):
        pass
    write_observations(exchange_batches(1), tmp_path / "one", key=5)
    with pytest.raises(ConfigurationError, match="one run"), Segments.opened(tmp_path / "one", 5):
        pass
    (tmp_path / "link").symlink_to(out)
    with pytest.raises(OutputError, match="link"), Segments.opened(tmp_path / "link", 5):
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def damaged(data, held):
    """Return an export with something else in one place."""
    if data.draw(st.integers(0, 5)) == 0 or not isinstance(held, dict | list) or not held:
        return data.draw(JSON)
    if isinstance(held, list):
        place = data.draw(st.integers(0, len(held) - 1))
        return [*held[:place], damaged(data, held[place]), *held[place + 1 :]]
    name = data.draw(st.sampled_from(sorted(held)))
    return held | {name: damaged(data, held[name])}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_export_is_taken_or_counted(data):
    receiver = Receiver()
    event = log(1, DETAILS, {"content": "hi"}, **{"gen_ai.input.messages": [{"role": "user"}]})
    turn = log(2, "gen_ai.user.message", {"content": "hi"})
    for export, signal in (
        (traces(span(1, "hello"), span(2, a=[1, {"b": True}])), "traces"),
        (logs(event, turn), "logs"),
    ):
        broken = damaged(data, export)
        if isinstance(broken, dict):
            receiver.count(broken, signal)
            receiver.take(broken, signal, 0.0)
    receiver.finish()
    assert receiver.rows <= 3
