from __future__ import annotations

import dataclasses
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from alert_scans import BASE, later, small_scan
from example_scan import START
from hypothesis import given, settings
from hypothesis import strategies as st
from ocsf_schema import problems

from stillwatch.errors import ConfigurationError
from stillwatch.report.alerts import outbox
from stillwatch.report.alerts.changes import playbook_for
from stillwatch.report.alerts.database import connected, prepare
from stillwatch.report.alerts.memory import remember, verdict_changes
from stillwatch.report.alerts.reading import FoundScan
from stillwatch.report.documents.ocsf import ocsf_lines


def found(result):
    flagged = tuple(v for v in result.verdicts if v.flagged_at is not None)
    return FoundScan(result.as_of, result.first, result.account_type, result.campaigns, flagged)


KINDS = (
    "campaign.declared",
    "campaign.changed",
    "campaign.withdrawn",
    "accounts.flagged",
    "verdicts.changed",
    "verdicts.withdrawn",
)


class Told:
    """An outbox and what each scan adds to it."""

    def __init__(self, folder):
        prepare(folder)
        self.folder = folder

    def __call__(self, result):
        with connected(self.folder) as database:
            outbox.enlist(database, [("r", "webhook")])
            remember(database, found(result), prefix=BASE, group="abuse", now=0.0)
            messages = []
            while (message := outbox.following(database, "r")) is not None:
                messages.append(message)
                outbox.delivered(database, "r", message.sequence, 0.0)
        return messages


def test_the_playbook_has_a_part_for_each_kind():
    toc = pytest.importorskip("markdown.extensions.toc", reason="markdown comes with mkdocs")
    page = Path(__file__).parents[3] / "docs" / "how-to" / "answer-an-alert.md"
    parts = re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE)
    anchors = {toc.slugify(part, "-") for part in parts}
    assert {playbook_for("", kind).partition("#")[2] for kind in KINDS} == anchors


@pytest.fixture
def told(tmp_path):
    return Told(tmp_path / "box")


def accounts(message):
    return {json.loads(e.text)["evidences"][0]["user"]["uid"] for e in message.events}


def test_a_first_scan_tells_all_once(told):
    result = small_scan()
    messages = told(result)
    assert [m.kind for m in messages] == ["campaign.declared"] * 3 + ["accounts.flagged"] * 3
    assert set.union(*(accounts(m) for m in messages[3:])) == {
        v.account_id for v in result.verdicts if v.flagged_at
    }
    for message in messages:
        assert message.playbook == f"{BASE}answer-an-alert/#{message.kind.replace('.', '-')}"
        for event in message.events:
            assert problems(event.text) == []
            assert message.playbook in event.text
    assert told(result) == []
    assert told(later(result)) == []


def test_first_ids_are_those_of_the_file(told):
    result = small_scan()
    sent = [e.uid for m in told(result) for e in m.events]
    lines = ocsf_lines(result.campaigns, result.verdicts)
    assert sorted(sent) == sorted(json.loads(line)["metadata"]["uid"] for line in lines)


def test_ids_are_the_same_from_another_outbox(tmp_path):
    once, again = (Told(tmp_path / name)(small_scan((40, 9, 3))) for name in "ab")
    assert [m.uid for m in once] == [m.uid for m in again]
    assert len({m.uid for m in once}) == len(once)


def test_batches_are_bounded(told):
    messages = told(small_scan((150, 9, 3)))
    batches = [m for m in messages if m.kind == "accounts.flagged"]
    assert max(len(m.events) for m in batches) <= 20
    assert max(sum(len(e.text) for e in m.events) for m in batches) <= 20_000
    assert sum(len(m.events) for m in batches) == 162


def test_new_accounts_of_a_known_campaign(told):
    told(small_scan((5, 4, 3)))
    (message,) = told(later(small_scan((7, 4, 3))))
    assert message.kind == "accounts.flagged"
    assert len(message.events) == 2


def test_withdrawals_close_what_was_opened(told):
    told(small_scan((5, 4, 3)))
    messages = told(later(small_scan((4, 4, 0))))
    assert [m.kind for m in messages] == [
        "verdicts.withdrawn",
        "verdicts.withdrawn",
        "campaign.withdrawn",
    ]
    for message in messages:
        for event in message.events:
            assert problems(event.text) == []
            assert json.loads(event.text)["activity_id"] == 3
    assert told(later(small_scan((4, 4, 0)), 48)) == []


def test_what_comes_back_has_an_id_of_its_own(told):
    first = told(small_scan())
    told(later(small_scan((5, 4, 0))))
    back = told(later(small_scan(), 48))
    assert {m.kind for m in back} == {"campaign.declared", "accounts.flagged"}
    assert not {m.uid for m in first} & {m.uid for m in back}
    assert not {e.uid for m in first for e in m.events} & {e.uid for m in back for e in m.events}


def test_a_campaign_that_left_the_window_is_not_withdrawn(told):
    result = small_scan()
    told(result)
    began = max(c.first_seen for c in result.campaigns)
    moved = later(small_scan((0, 0, 3)), first=began)
    assert told(moved) == []
    assert told(later(small_scan((0, 0, 0)), 48, first=None)) == []


def test_changes_update(told):
    result = small_scan((5, 0, 0))
    told(result)
    campaign = dataclasses.replace(result.campaigns[0], recommended_measure="block")
    verdicts = [
        dataclasses.replace(v, recommended_measure="block", flagged_at=v.flagged_at)
        if v.flagged_at
        else v
        for v in result.verdicts
    ]
    moved = later(result, campaigns=(campaign,), verdicts=tuple(verdicts))
    messages = told(moved)
    assert [m.kind for m in messages] == ["campaign.changed", "verdicts.changed"]
    assert all(json.loads(e.text)["activity_id"] == 2 for m in messages for e in m.events)
    slid = [
        dataclasses.replace(v, flagged_at=v.flagged_at + timedelta(hours=1)) if v.flagged_at else v
        for v in verdicts
    ]
    assert told(later(moved, verdicts=tuple(slid))) == []  # the time of a verdict latches


def test_older_and_other_logs_are_refused(told):
    result = small_scan()
    told(later(result))
    with pytest.raises(ConfigurationError, match="before one that was already told"):
        told(result)
    with pytest.raises(ConfigurationError, match="integers here and were texts"):
        told(later(dataclasses.replace(result, account_type=__import__("pyarrow").int64()), 48))


def test_changes_of_verdicts_are_dated_so_that_none_is_missed(told):
    result = small_scan((5, 4, 3))
    told(result)
    told(later(small_scan((4, 5, 3))))
    with connected(told.folder) as database:
        every = verdict_changes(database, START)
        newest = verdict_changes(database, result.as_of)
    assert [c.change for c in every].count("flagged") == 13
    assert [(c.change, c.changed_at) for c in newest] == [
        ("flagged", result.as_of + timedelta(hours=24)),  # seen late: its look was before
        ("withdrawn", result.as_of + timedelta(hours=24)),
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=6))
def test_whatever_is_told_adds_up_to_what_the_last_scan_says(tmp_path_factory, steps):
    told = Told(tmp_path_factory.mktemp("box"))
    flagged, campaigns, uids = set(), set(), []
    for step, sizes in enumerate(steps):
        result = later(small_scan(sizes), step)
        for message in told(result):
            uids.append(message.uid)
            if message.kind.startswith("campaign"):
                name = json.loads(message.events[0].text)["metadata"]["correlation_uid"]
                (campaigns.discard if "withdrawn" in message.kind else campaigns.add)(name)
            elif message.kind == "accounts.flagged":
                assert not accounts(message) & flagged
                flagged |= accounts(message)
            else:
                assert accounts(message) <= flagged
                flagged -= accounts(message)
        assert campaigns == {c.campaign_id for c in result.campaigns}
        assert flagged == {v.account_id for v in result.verdicts if v.flagged_at}
    assert len(set(uids)) == len(uids)
