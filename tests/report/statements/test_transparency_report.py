"""A report to the public counts what is in the period, and hides what is small."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import jsonschema
import msgspec
import pytest
import sqlalchemy as sa
from report_scans import bare_folder, read

from stillwatch.errors import InputFormatError, OutputError
from stillwatch.report.papers import Templates, printed
from stillwatch.report.statements.measures import Applied
from stillwatch.report.statements.reviewed import Appeals, Reviews, appeals_between, read_reviews
from stillwatch.report.statements.transparency import (
    Given,
    Period,
    read_evaluation,
    transparency_facts,
    transparency_rows,
    transparency_schema,
)
from stillwatch.stop.appeals import Contested, desk
from stillwatch.store import Database
from stillwatch.store import appeal_tables as tables

START = datetime(2026, 9, 1, tzinfo=UTC)
PERIOD = Period(START, datetime(2026, 10, 1, tzinfo=UTC))
NOTHING = Given([], None, None, None, [])


def given(**more):
    return Given(**{name: more.get(name, getattr(NOTHING, name)) for name in Given.__slots__})


def facts_of(period=PERIOD, below=5, **more):
    facts = transparency_facts(period, given(**more), below)
    jsonschema.validate(json.loads(json.dumps(facts)), transparency_schema())
    return facts


def text_of(facts):
    templates = Templates()
    paper = templates.paper("transparency", "en", facts, PERIOD.end)
    return printed(paper, "md", templates)[0].decode()


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(transparency_schema())


def test_what_no_record_was_given_of_is_not_known(scan):
    facts = facts_of(scans=[scan])
    assert (facts["measures"], facts["appeals"], facts["reviews"]) == (None, None, None)
    assert text_of(facts).count("Not known: no record") == 3
    assert "Not measured: no evaluation" in text_of(facts)


def test_campaigns_and_accounts_of_the_period_alone(scan):
    whole = facts_of(scans=[scan])
    assert whole["campaigns"]["declared"] == 3
    flagged = {a for item in scan.campaigns for a in item.flagged_at}
    assert whole["accounts"]["flagged"]["count"] == len(flagged)
    declared = sorted(item.declared_at for item in scan.campaigns)
    first = Period(START, declared[1])  # the second declaration is not in it
    assert facts_of(first, scans=[scan])["campaigns"]["declared"] == 1
    assert facts_of(Period(declared[1], PERIOD.end), scans=[scan])["campaigns"]["declared"] == 2


def test_scans_that_overlap_count_once(scan):
    assert (
        facts_of(scans=[scan, scan])["accounts"]["flagged"]
        == facts_of(scans=[scan])["accounts"]["flagged"]
    )
    assert len(facts_of(scans=[scan, scan])["scans"]) == 2


def test_small_counts_of_accounts_are_hidden(scan, tmp_path):
    facts = facts_of(scans=[scan], below=20)
    parts = {one["group"]: one for one in facts["accounts"]["by_recommended_measure"]}
    assert parts["verification step"]["suppressed"]  # 14
    assert parts["withhold reasoning trace"]["suppressed"]  # or the total would give it away
    assert "fewer than can be published" in text_of(facts)
    bare = facts_of(scans=[read(bare_folder(tmp_path))])
    assert bare["scans"][0]["first"] is None


def applied(rung, proposed, accounts, state="expired"):
    return Applied("m", rung, state, "c", "", proposed, PERIOD.end, accounts, 2)


def test_measures_of_the_period():
    facts = facts_of(
        applied=[
            applied("limit", START, 40),
            applied("limit", START + timedelta(days=3), 30),
            applied("refuse", START + timedelta(days=4), 2, "lifted"),
            applied("refuse", PERIOD.end, 900),
            applied("limit", START - timedelta(seconds=1), 900),
            applied("limit", None, 900),
        ]
    )["measures"]
    assert (facts["proposed"], facts["undated"]) == (3, 1)
    by = {one["group"]: one for one in facts["by_measure"]}
    assert by["limit"]["count"] == 2
    assert by["refuse"]["accounts"] == {"count": None, "suppressed": True}
    assert by["limit"]["accounts"]["suppressed"]
    assert facts["by_state"] == [{"group": "expired", "count": 2}, {"group": "lifted", "count": 1}]


CONTESTED = Contested("r", "acct", 1, ["member-of-campaign"], "", "c", [], 0, 0, "appeal", "p")


def micro(time):
    return round(time.timestamp() * 1e6)


@pytest.fixture
def database(tmp_path):
    opened = Database(f"sqlite:///{tmp_path}/desk.sqlite")
    opened.now(desk.prepare)
    yield opened
    opened.close()


def put(database, *rows):
    def write(connection):
        for number, (filed, decided, state, scope) in enumerate(rows):
            connection.execute(
                sa.insert(tables.appeals).values(
                    appeal_id=f"a-{number}", token_hash=bytes([number]), account="acct",
                    contested=msgspec.msgpack.encode(CONTESTED), words="w", state=state,
                    filed=micro(filed), decided=None if decided is None else micro(decided),
                    scope=scope, decided_by="", note="secret", told="",
                )
            )  # fmt: skip

    database.now(write)


def test_appeals_are_counted_as_they_stood_at_the_end(database):
    day = timedelta(days=1)
    put(
        database,
        (START, START + 2 * day, "granted", "campaign"),
        (START + day, START + 5 * day, "upheld", "account"),
        (START + day, PERIOD.end, "granted", "account"),  # decided after the period
        (START + day, None, "waiting", "account"),
        (START - day, START + 9 * day, "upheld", "account"),  # filed before it
        (START - 9 * day, START - day, "granted", "account"),
        (PERIOD.end, None, "waiting", "account"),
    )
    found = database.now_reading(appeals_between, PERIOD.start, PERIOD.end)
    assert found.outcomes == {"granted": 1, "upheld": 1, "waiting": 2}
    assert (found.campaigns, found.decided, found.median_days) == (1, 3, 4.0)
    facts = facts_of(appeals=found, below=1)["appeals"]
    assert facts["filed"]["count"] == 4
    assert facts["median_days_to_decide"] == 4.0
    hidden = facts_of(appeals=found, below=5)["appeals"]
    assert hidden["median_days_to_decide"] is None
    assert hidden["filed"]["suppressed"]
    assert "secret" not in text_of(facts_of(appeals=found))


def test_a_database_without_a_desk_is_named(tmp_path):
    opened = Database(f"sqlite:///{tmp_path}/none.sqlite")
    with pytest.raises(OutputError, match="does not answer as it should"):
        opened.now_reading(appeals_between, PERIOD.start, PERIOD.end)
    opened.close()


def test_reviews_by_cohort_and_language(tmp_path):
    path = tmp_path / "reviews.jsonl"
    line = {"time": "2026-09-02T00:00:00Z"}
    rows = [
        *[line | {"outcome": "right", "cohort": "developers", "language": "en"}] * 20,
        *[line | {"outcome": "wrong", "cohort": "developers", "language": "fr"}] * 12,
        *[line | {"outcome": "wrong", "cohort": "classrooms"}] * 3,
        line | {"time": "2026-11-02T00:00:00Z", "outcome": "wrong"},
        line | {"outcome": "maybe"},
        [],
        {"outcome": "right"},
        line | {"outcome": "right", "cohort": "\x1b[2J"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\nnot json\n")
    reviews = read_reviews(path, PERIOD.start, PERIOD.end)
    assert reviews.cohorts == {"classrooms": (3, 3), "developers": (32, 12)}
    assert reviews.languages == {"en": (20, 0), "fr": (12, 12), "not stated": (3, 3)}
    assert reviews.unreadable == 5
    facts = facts_of(reviews=reviews)["reviews"]
    cohorts = {one["group"]: one for one in facts["by_cohort"]}
    assert cohorts["classrooms"]["reviewed"]["suppressed"]
    assert cohorts["developers"]["reviewed"]["suppressed"]
    open_ = facts_of(reviews=reviews, below=1)["reviews"]
    assert (open_["reviewed"]["count"], open_["wrong"]["count"]) == (35, 15)


def test_a_small_rest_is_hidden_too():
    reviews = Reviews({"a": (20, 18), "b": (30, 10)}, {"en": (50, 28)}, 0)
    facts = facts_of(reviews=reviews)["reviews"]
    assert facts["by_cohort"][0]["wrong"]["suppressed"]  # 2 were right
    assert facts["by_cohort"][1]["wrong"]["suppressed"]


@pytest.mark.parametrize("text", ["not json", "[]\n{}", '{"time": "x", "outcome": "right"}'])
def test_a_file_without_reviews_is_named(tmp_path, text):
    path = tmp_path / "reviews.jsonl"
    path.write_text(text)
    with pytest.raises(InputFormatError, match="no line is a review"):
        read_reviews(path, PERIOD.start, PERIOD.end)


def rate(hits, total):
    return {"hits": hits, "total": total, "share": hits / total, "low": 0.0, "high": 0.1}


EVALUATION = {
    "accounts": 1000,
    "false_positives": {
        "overall": rate(3, 900),
        "cohorts": [
            {"name": "review bots", "rate": rate(2, 300), "enough": True},
            {"name": "classrooms", "rate": rate(1, 60), "enough": False},
        ],
        "languages": [{"name": "en", "rate": rate(3, 900), "enough": True}],
        "language_p": None,
    },
}


def test_rates_on_made_worlds_are_said_to_be_that(tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(EVALUATION))
    facts = facts_of(evaluations=[read_evaluation(path)])
    text = text_of(facts)
    assert "Measured on simulated accounts" in text
    assert "classrooms (too few to judge)" in text
    rows = list(csv.DictReader(io.StringIO("".join(transparency_rows(facts)))))
    made = [row for row in rows if row["section"] == "made worlds by cohort"]
    assert [(row["group"], float(row["value"])) for row in made] == [
        ("review bots", 2 / 300),
        ("classrooms", 1 / 60),
    ]


@pytest.mark.parametrize("text", ["{}", "[]", "", '{"accounts": 1, "false_positives": []}'])
def test_an_evaluation_that_is_none_is_named(tmp_path, text):
    path = tmp_path / "evaluation.json"
    path.write_text(text)
    with pytest.raises(InputFormatError, match="not an evaluation"):
        read_evaluation(path)


def test_csv_is_harmless_and_says_what_is_hidden(scan):
    reviews = Reviews({"=1+1": (9, 9), "@SUM(A1)": (1, 1)}, {"en": (10, 10)}, 0)
    appeals = Appeals({"granted": 9, "upheld": 30, "waiting": 0}, 0, 30, 2.5)
    facts = facts_of(scans=[scan], reviews=reviews, appeals=appeals,
                     applied=[applied("limit", START, 9)])  # fmt: skip
    rows = list(csv.DictReader(io.StringIO("".join(transparency_rows(facts)))))
    groups = {row["group"] for row in rows}
    assert {"'=1+1", "'@SUM(A1)"} <= groups
    hidden = [row for row in rows if row["suppressed"] == "true"]
    assert hidden
    assert all(row["value"] == "" for row in hidden)
    days = next(row for row in rows if row["figure"] == "median days to decide")
    assert (days["value"], days["suppressed"]) == ("2.5", "false")
