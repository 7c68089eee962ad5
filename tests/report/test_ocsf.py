from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import jsonschema
import pyarrow as pa
import pytest
from example_scan import END, HOSTILE, empty_scan, example_scan, hostile_scan
from ocsf_schema import PATH, problems, validator

from stillwatch.records import Verdict
from stillwatch.report.documents import write_scan
from stillwatch.report.documents.ocsf import (
    Activity,
    Context,
    account_text,
    detection,
    incident,
    ocsf_lines,
)
from stillwatch.report.documents.write import OCSF


def lines(result):
    return [json.loads(line) for line in ocsf_lines(result.campaigns, result.verdicts)]


def test_the_schema_is_one_and_refuses_what_is_wrong():
    jsonschema.Draft202012Validator.check_schema(json.loads(PATH.read_text()))
    good = lines(example_scan()[0])
    for event, change in (
        (good[0], {"time": "2026-09-01T00:00:00Z"}),
        (good[0], {"severity_id": 7}),
        (good[0], {"assignee_group": {}}),
        (good[0], {"class_uid": 2004}),
        (good[0], {"surprise": 1}),
        (good[-1], {"finding_info": {"title": "no uid"}}),
        (good[-1], {"observables": [{"name": "a"}]}),
        (good[-1], {"metadata": {"version": "1.8.0"}}),
    ):
        assert problems(json.dumps(event | change)) != [], change
    without = {key: value for key, value in good[0].items() if key != "assignee_group"}
    assert list(validator("incident_finding").iter_errors(without)) != []


@pytest.mark.parametrize("scan", [example_scan()[0], hostile_scan()], ids=["example", "hostile"])
def test_every_event_obeys_the_published_schema(scan):
    written = list(ocsf_lines(scan.campaigns, scan.verdicts))
    flagged = sum(v.flagged_at is not None for v in scan.verdicts)
    assert len(written) == len(scan.campaigns) + flagged
    for line in written:
        assert problems(line) == []
        assert line.isascii()
        assert line.count("\n") == 1


@pytest.mark.parametrize("activity", list(Activity))
def test_changes_obey_the_schema(activity):
    result, _ = example_scan()
    context = Context("https://runbooks.example/x#y", "model abuse", END, 2)
    campaign = result.campaigns[0]
    verdict = dataclasses.replace(result.verdicts[0], flagged_at=END)
    made = [
        incident(campaign, activity, context),
        detection(verdict, campaign, activity, context),
        detection(dataclasses.replace(verdict, flagged_at=None), None, Activity.CLOSE, context),
    ]
    for event in made:
        assert problems(event.text) == []
        assert "https://runbooks.example/x#y" in event.text
    assert json.loads(made[0].text)["assignee_group"] == {"name": "model abuse"}
    assert json.loads(made[1].text)["remediation"]["references"] == ["https://runbooks.example/x#y"]


def test_numbers_and_times():
    result, _ = example_scan()
    incidents = [e for e in lines(result) if e["class_uid"] == 2005]
    for event, campaign in zip(incidents, result.campaigns, strict=True):
        assert event["time"] == round(campaign.declared_at.timestamp() * 1000)
        assert event["start_time"] == round(campaign.first_seen.timestamp() * 1000)
        assert event["severity_id"] == (3 if campaign.review_only else 4)
        assert event["unmapped"]["leaked"] == campaign.leaked
        assert event["finding_info_list"][0]["uid"] == campaign.campaign_id
        said = {info["title"] for info in event["finding_info_list"][1:]}
        assert said == {"lock-step", "shared-payment", "answer-length", "release-pivot"}
    flagged = {v.account_id: v for v in result.verdicts if v.flagged_at is not None}
    detections = [e for e in lines(result) if e["class_uid"] == 2004]
    assert {e["evidences"][0]["user"]["uid"] for e in detections} == set(flagged)
    for event in detections:
        verdict = flagged[event["evidences"][0]["user"]["uid"]]
        assert event["time"] == round(verdict.flagged_at.timestamp() * 1000)
        assert event["confidence_score"] == round(100 * verdict.score)
        assert event["metadata"]["correlation_uid"] == verdict.campaign_id
        assert event["observables"][0]["value"] == verdict.account_id


def test_ids_depend_on_what_is_said_and_on_nothing_else():
    result, _ = example_scan()
    first = [event["metadata"]["uid"] for event in lines(result)]
    assert first == [event["metadata"]["uid"] for event in lines(example_scan()[0])]
    assert len(set(first)) == len(first)
    campaign, context = result.campaigns[0], Context(playbook="https://elsewhere.example")
    assert incident(campaign, context=context).uid == incident(campaign).uid
    later = dataclasses.replace(campaign, declared_at=END + timedelta(hours=1))
    others = {
        incident(campaign).uid,
        incident(later).uid,
        incident(campaign, Activity.UPDATE).uid,
        incident(campaign, Activity.UPDATE, Context(revision=1)).uid,
        incident(campaign, Activity.CLOSE).uid,
    }
    assert len(others) == 5
    number, text = (Verdict(i, "c", END, 0.9, (), "observe") for i in (7, "7"))
    assert detection(number, None).uid != detection(text, None).uid


def test_integer_accounts_are_text_where_the_schema_asks_for_it():
    event = json.loads(detection(Verdict(2**62, "c", END, 0.95, ("why",), "block"), None).text)
    assert event["evidences"][0]["user"]["uid"] == str(2**62)
    assert event["unmapped"]["account_id"] == 2**62


def test_an_endless_id_is_cut_and_told_apart():
    a, b = account_text("x" * 10_000_000), account_text("x" * 9_999_999 + "y")
    assert len(a) < 200
    assert a != b
    assert account_text("x" * 256) == "x" * 256


@pytest.mark.parametrize("letter", ["\U0001f600", "\u202e", "\x00", "x"])
def test_the_largest_event_fits_into_a_datagram(letter):
    long = letter * 100_000
    campaign = dataclasses.replace(
        hostile_scan().campaigns[0],
        members={f"{letter * 250}{i}": 0.9 for i in range(500)},
        explanations=(long,) * 50,
        kind=long,
        recommended_measure=long,
        campaign_id=letter * 256,
    )
    reasons = (long,) * 50
    verdict = Verdict(letter * 256, letter * 256, END, 0.9, reasons, long)
    for event in (incident(campaign), detection(verdict, campaign)):
        assert problems(event.text) == []
        assert len(event.text) < 60_000


def test_the_file_is_written_with_the_scan(tmp_path, scan_folder):
    result, _ = example_scan()
    text = (scan_folder / OCSF).read_text("ascii")
    assert text == "".join(ocsf_lines(result.campaigns, result.verdicts))
    write_scan(empty_scan(pa.int64()), tmp_path)
    assert (tmp_path / OCSF).read_bytes() == b""


def test_hostile_text_reaches_no_terminal(hostile_folder):
    raw = (hostile_folder / OCSF).read_bytes()
    assert not set(raw) & (set(range(32)) - {10})
    messages = [json.loads(line)["message"] for line in raw.splitlines()]
    assert not any(character in text for text in messages for character in "\x1b\u202e\x00")
    assert len(HOSTILE[0]) > 0
