"""A filing says of every field whether it was measured, stated, is unknown or to be filled in."""

from __future__ import annotations

import dataclasses
import tomllib

import pytest
from report_scans import REASONING, bare_folder, read

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.find.detectors import DETECTORS
from stillwatch.report.papers import Templates
from stillwatch.report.statements.campaign import campaign_of
from stillwatch.report.statements.filing import (
    FORMS,
    STAGES,
    Filing,
    filing_facts,
    read_answers,
)
from stillwatch.report.statements.held import HELD
from stillwatch.report.statements.measures import RUNGS, read_measures
from stillwatch.stop.interface import Rung

FORM = tomllib.loads(Templates().read("filing.toml").decode())
FIELDS = [field for part in FORM["section"] for field in part["field"]]


def facts_of(scan, campaign=REASONING, *, stage="final", forms=FORMS, applied=None, **more):
    listed = more.pop("accounts", False)
    filing = Filing(stage, forms, with_accounts=listed, answers=more, applied=applied)
    return filing_facts(scan, campaign_of(scan, campaign), filing, Templates())


def answers_of(facts):
    return {one.key: one for section in facts["sections"] for one in section.answers}


def test_every_field_has_a_status_and_a_source(scan):
    answers = answers_of(facts_of(scan))
    assert set(answers) == {field["key"] for field in FIELDS}
    for field in FIELDS:
        answer = answers[field["key"]]
        assert answer.sources
        assert set(answer.sources) <= set(FORM["sources"])
        expected = {"measured", "unknown"} if "from" in field else {"to fill in"}
        assert answer.status in expected
        assert bool(answer.says) is ("from" in field)


def test_what_is_measured_is_what_the_scan_says(scan):
    campaign = campaign_of(scan, REASONING)
    answers = answers_of(facts_of(scan))
    assert answers["first_seen"].says.startswith(f"{campaign.first_seen:%Y-%m-%d %H:%M}")
    assert answers["detected"].says.startswith(f"{campaign.declared_at:%Y-%m-%d %H:%M}")
    assert answers["accounts"].says == "240, all of them flagged."
    assert answers["exchanges"].says.startswith(f"{campaign.exchanges:,}; {campaign.leaked:,} ")
    assert "lock-step: 240 accounts start" in answers["narrative"].says
    assert "never added" in answers["value"].says
    for key in ("attribution", "cause", "measures", "evidence"):
        assert answers[key].status == "unknown", key


def test_of_a_campaign_without_anything_optional_nothing_is_invented(tmp_path):
    scan = read(bare_folder(tmp_path))
    answers = answers_of(facts_of(scan))
    unknown = {key for key, answer in answers.items() if answer.status == "unknown"}
    assert unknown >= {"last_seen", "tokens", "models", "harvested", "value", "indicators"}
    assert all(item.status == "nothing recorded" for item in facts_of(scan)["indicators"])


def test_stages_and_forms_ask_for_more_and_for_their_own(scan):
    seen = [set(answers_of(facts_of(scan, stage=stage))) for stage in STAGES]
    assert seen[0] < seen[1] < seen[2]
    incident = set(answers_of(facts_of(scan, forms=("incident",))))
    control = set(answers_of(facts_of(scan, forms=("export-control",))))
    assert {"items", "licence"} <= control - incident
    assert {"cross_border", "unlawful"} <= incident - control
    assert incident | control == seen[2]


def test_answers_fill_what_is_open_and_never_replace_what_was_measured(scan):
    facts = facts_of(scan, contact="Ada, +1 555", sector=" ", exchanges="ten", cause="resold keys")
    said = answers_of(facts)
    assert (said["contact"].status, said["contact"].says) == ("stated", "Ada, +1 555")
    assert said["sector"].status == "to fill in"
    assert "contact" not in {answer.key for answer in facts["open"]}
    assert said["exchanges"].status == "measured, and stated"
    assert said["exchanges"].says.startswith("11,280; ")
    assert said["exchanges"].says.endswith("\nten")
    assert (said["cause"].status, said["cause"].says) == ("stated", "resold keys")


def test_an_answer_to_no_field_is_refused(scan):
    with pytest.raises(ConfigurationError, match="to no field of the form: 'colour'"):
        facts_of(scan, colour="red")


def test_accounts_are_in_it_only_where_asked_for(scan):
    assert facts_of(scan)["members"] == ()
    assert len(facts_of(scan, accounts=True)["members"]) == 240
    text = str(list(answers_of(facts_of(scan)).values()))
    assert not any(str(account) in text for account in campaign_of(scan, REASONING).members)


def test_indicators_name_detectors_that_there_are():
    named = {name for item in FORM["indicator"] for name in item["detectors"]}
    assert named <= {detector.slug for detector in DETECTORS}
    assert {field.get("from", "type") for field in FIELDS} <= set(HELD)
    assert set(HELD) == {field["from"] for field in FIELDS if "from" in field}


def test_indicators_say_what_was_held_and_what_was_not(scan):
    found = {item.key: item for item in facts_of(scan)["indicators"]}
    assert found["coordination"].status == "held"
    assert [finding.detector for finding in found["coordination"].findings] == ["lock-step"]
    assert found["shared-intelligence"].status == "not enough data"
    assert found["payment-fraud"].status == "nothing recorded"


@pytest.mark.parametrize(
    ("signature", "status"),
    [
        ({"key": "0a1b2c3d", "pieces": [1]}, "measured"),
        ({"key": "none", "pieces": [1]}, "unknown"),
        ({"key": "0a1b2c3d", "pieces": []}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_indicators_can_leave_only_from_a_keyed_signature(scan, signature, status):
    changed = dataclasses.replace(campaign_of(scan, REASONING), signature=signature)
    others = [item for item in scan.campaigns if item.campaign_id != REASONING]
    facts = facts_of(dataclasses.replace(scan, campaigns=(changed, *others)))
    assert answers_of(facts)["indicators"].status == status


@pytest.mark.parametrize(
    ("log_e", "status"),
    [
        (3.0, "held"),
        (2.9, "weak"),
        (0.0, "looked for and not found"),
        (-2.0, "looked for and not found"),
    ],
)
def test_weak_evidence_is_called_weak(scan, log_e, status):
    campaign = campaign_of(scan, REASONING)
    one = dataclasses.replace(campaign.findings[0], log_e=log_e)  # lock-step
    changed = dataclasses.replace(campaign, findings=(one,))
    other = dataclasses.replace(scan, campaigns=(changed,))
    found = {item.key: item for item in facts_of(other)["indicators"]}
    assert found["coordination"].status == status


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stage": "soon"}, "names no form, stage or fact"),
        ({"forms": ["other"]}, "names no form, stage or fact"),
        ({"from": "everything"}, "names no form, stage or fact"),
        ({"sources": ["nowhere"]}, "form of the filing is faulty"),
    ],
)
def test_a_faulty_form_is_named(scan, tmp_path, change, words):
    lines = "\n".join(f"{name} = {value!r}" for name, value in change.items())
    field = '[[section]]\nkey = "a"\ntitle = "A"\n[[section.field]]\nkey = "k"\nasks = "?"\n'
    rest = {"forms": ["incident"], "stage": "final", "from": "type"}
    rest = "\n".join(f"{k} = {v!r}" for k, v in rest.items() if k not in change)
    (tmp_path / "filing.toml").write_text(
        f"sources = {{}}\nindicator = []\n{field}{lines}\n{rest}\n"
    )
    filing = Filing("final", FORMS)
    with pytest.raises(ConfigurationError, match=words) as refused:
        filing_facts(scan, campaign_of(scan, REASONING), filing, Templates(tmp_path))
    assert "filing.toml" in refused.value.where


@pytest.mark.parametrize("text", ["sources = 1", "[[section]]\n", "x ="])
def test_a_form_that_is_none_is_named(scan, tmp_path, text):
    (tmp_path / "filing.toml").write_text(text)
    with pytest.raises(ConfigurationError):
        filing_facts(
            scan, campaign_of(scan, REASONING), Filing("final", FORMS),
            Templates(tmp_path),
        )  # fmt: skip


@pytest.mark.parametrize("text", ["a = 1", "a = [", "a = '" + "x" * 30_000 + "'", "\xff"])
def test_answers_that_are_none_are_named(tmp_path, text):
    path = tmp_path / "answers.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError) as refused:
        read_answers(path)
    assert refused.value.where == str(path)


MEASURE = """[{"measure_id": "m-1", "rung": "limit", "campaign": "c-7f3a91d2", "account": "",
"proposed": "2026-09-07T00:00:00Z", "expires": "2026-09-08T00:00:00Z", "grounds": [],
"accounts": 240, "people": ["Ada", "Ben"], "why": "secret words", "state": "expired"}]"""


def test_measures_are_told_without_names_or_words(scan, tmp_path):
    path = tmp_path / "measures.json"
    path.write_text(MEASURE)
    said = answers_of(facts_of(scan, applied=read_measures(path)))["measures"]
    assert said.status == "measured"
    assert "adaptive limit: expired" in said.says
    assert "approved by 2 people" in said.says
    assert "Ada" not in said.says
    assert "secret" not in said.says
    none = answers_of(facts_of(scan, applied=[]))["measures"]
    assert (none.status, none.says[:28]) == ("measured", "The record of measures holds")


@pytest.mark.parametrize("text", ["{}", "[1]", "[{}]", "", "[" * 100_000, '[{"measure_id": 1}]'])
def test_a_record_of_measures_that_is_none_is_named(tmp_path, text):
    path = tmp_path / "measures.json"
    path.write_text(text)
    with pytest.raises(InputFormatError, match="not a record of measures"):
        read_measures(path)


def test_every_measure_has_words():
    assert set(RUNGS) == {rung.name.lower() for rung in Rung} - {"observe"}
