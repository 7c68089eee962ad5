"""One small world, every figure of it computed by hand.

Campaign A (kind wide) has a1 to a4, campaign B (kind heavy) b1 and b2.  The scan declares p1
with a1, a2, b1 and the benign n1, and p2 with b2 alone; a3 is not flagged, a4 sent nothing.
"""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from world_files import Row, write_verdicts, write_world

from stillwatch.cli.evaluate import command
from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    MissingColumnError,
    SourceNotFoundError,
)
from stillwatch.worlds.evaluation import evaluate, evaluate_many, markdown, tables, text

ROWS = [
    Row("a1", "wide", "attack", "A", sends=[(0, True), (10, True), (30, True), (31, False)]),
    Row("a2", "wide", "attack", "A", sends=[(1, True), (25, True)]),
    Row("a3", "wide", "attack", "A", sends=[(2, True)], language="fr"),
    Row("a4", "wide", "attack", "A"),
    Row("b1", "heavy", "attack", "B", sends=[(5, True), (40, True)]),
    Row("b2", "heavy", "attack", "B", sends=[(6, True), (50, True)]),
    Row("n1", "people", "benign", sends=[(3, False)]),
    Row("n2", "people", "benign", sends=[(4, False)], language="fr"),
    Row("n3", "classroom", "benign", sends=[(4, False)], language="fr"),
    Row("n4", "classroom", "benign"),
    Row("g1", "student", "grey", sends=[(7, False)]),
]
VERDICTS = [
    ("a1", "p1", 20.0, 0.95),
    ("a2", "p1", 24.0, 0.85),
    ("a3", None, None, 0.35),
    ("b1", "p1", 24.0, 0.65),
    ("b2", "p2", 30.0, 0.75),
    ("n1", "p1", 24.0, 0.55),
    ("n2", None, None, 0.05),
    ("n3", None, None, 0.0),
    ("g1", "p1", 24.0, 0.5),
    ("stranger", "p1", 24.0, 0.9),
]


@pytest.fixture
def pair(tmp_path):
    return write_world(tmp_path / "w", ROWS), write_verdicts(tmp_path / "v.parquet", VERDICTS)


@pytest.fixture
def result(pair):
    return evaluate(*pair)


def test_counts(result):
    assert (result.worlds, result.accounts, result.exchanges) == (1, 11, 15)
    assert (result.unjudged, result.unknown) == (2, 1)  # a4 and n4; stranger


def test_campaign_a(result):
    a = result.campaigns[0]
    assert (a.campaign, a.kind, a.silent) == ("A", "wide", 1)
    assert (a.recall.hits, a.recall.total) == (2, 3)
    assert a.harvest == 6
    # before own flag: a1 at 0 and 10, a2 at 1, a3 at 2
    assert a.leaked_before_flag == pytest.approx(4 / 6)
    # the second member of A in p1 is a2 at 24: 0, 1, 2 and 10 lie before it
    assert a.declared
    assert a.leaked_before_declaration == pytest.approx(4 / 6)
    assert a.hours_to_declare == pytest.approx(24)
    assert a.hours_to_flag == pytest.approx((20 + 23) / 2)
    assert a.declared_as == 1
    assert a.merged.hits == 0  # a1, a2 tie with n1, g1: nobody has more accounts in p1


def test_campaign_b_is_flagged_but_never_declared(result):
    b = result.campaigns[1]
    assert (b.recall.hits, b.recall.total) == (2, 2)
    assert not b.declared  # one member in p1 and one in p2
    assert b.leaked_before_flag == pytest.approx(2 / 4)
    assert b.leaked_before_declaration == 1.0
    assert b.hours_to_declare is None
    assert b.declared_as == 2
    assert (b.merged.hits, b.merged.total) == (1, 2)  # b1


def test_detection(result):
    d = result.detection
    assert d.campaigns == 2
    assert d.macro_recall == pytest.approx((2 / 3 + 1) / 2)
    assert (d.worst_kind_name, d.worst_kind) == ("wide", pytest.approx(2 / 3))
    assert d.worst_campaign == pytest.approx(2 / 3)
    assert (d.account_recall.hits, d.account_recall.total) == (4, 5)
    assert d.leaked_before_flag == pytest.approx((4 / 6 + 1 / 2) / 2)
    assert d.leaked_before_declaration == pytest.approx((4 / 6 + 1) / 2)
    assert d.worst_leaked_before_declaration == 1.0
    assert d.harvest_leaked_before_flag == pytest.approx(6 / 10)


def test_purity(result):
    p = result.purity
    assert (p.declared, p.false) == (2, 0)
    assert p.purity == pytest.approx((2 + 1) / 6)
    assert (p.merged.hits, p.merged.total) == (1, 4)
    assert (p.misplaced.hits, p.misplaced.total) == (1, 6)  # n1 and g1 tie, b1 does not


def test_false_positives(result):
    f = result.false_positives
    assert (f.overall.hits, f.overall.total, f.silent) == (1, 3, 1)
    assert {g.name: (g.rate.hits, g.rate.total) for g in f.cohorts} == {
        "people": (1, 2),
        "classroom": (0, 1),
    }
    assert {g.name: (g.rate.hits, g.rate.total) for g in f.languages} == {
        "en": (1, 1),
        "fr": (0, 2),
    }
    assert not any(g.enough for g in f.cohorts)
    # one hit among three accounts falls on the one English account in 1 of 3 tables
    assert f.language_p == pytest.approx(1 / 3)
    # within people: one of two; both tables are equally far
    assert f.language_p_within_cohorts == pytest.approx(1.0)
    assert (f.account_precision.hits, f.account_precision.total) == (4, 5)
    at_2 = next(p for p in f.precision if p.base_rate == 0.02)
    assert at_2.precision == pytest.approx(0.8 * 0.02 / (0.8 * 0.02 + 0.98 / 3))


def test_grey(result):
    assert (result.grey.flagged.hits, result.grey.flagged.total, result.grey.blocked) == (1, 1, 1)


def test_calibration(result):
    # seen, not grey: a1 .95, a2 .85, a3 .35, b1 .65, b2 .75 attack; n1 .55, n2 .05, n3 0 benign
    c = result.calibration
    squares = 0.05**2 + 0.15**2 + 0.65**2 + 0.35**2 + 0.25**2 + 0.55**2 + 0.05**2
    assert c.accounts == 8
    assert c.brier == pytest.approx(squares / 8)
    distances = 0.05 + 0.15 + 0.65 + 0.35 + 0.25 + 0.55 + 2 * 0.025
    assert c.ece == pytest.approx(distances / 8)
    assert c.bins[0].accounts == 2
    assert c.bins[0].mean_score == pytest.approx(0.025)
    assert result.calibration_flagged.accounts == 5


def test_pooled_twice_keeps_campaigns_apart(pair):
    both = evaluate_many([pair, pair])
    one = evaluate(*pair)
    assert both.worlds == 2
    assert [c.campaign for c in both.campaigns] == ["0:A", "0:B", "1:A", "1:B"]
    assert both.detection.macro_recall == pytest.approx(one.detection.macro_recall)
    assert both.purity.declared == 4
    assert both.purity.purity == one.purity.purity
    assert both.false_positives.overall.total == 6
    assert both.campaigns[3].leaked_before_flag == one.campaigns[1].leaked_before_flag


def test_integer_ids_meet_their_text(tmp_path):
    world = write_world(tmp_path / "w", [Row(7, "people", "benign", sends=[(1, False)])])
    verdicts = write_verdicts(tmp_path / "v.parquet", [("7", "p", 2.0, 1.0)])
    assert evaluate(world, verdicts).false_positives.overall.hits == 1


def test_no_campaign_in_truth_nor_verdicts(tmp_path):
    world = write_world(tmp_path / "w", [Row("n", "people", "benign", sends=[(1, False)])])
    result = evaluate(world, write_verdicts(tmp_path / "v.parquet", []))
    assert result.detection.macro_recall is None
    assert result.detection.worst_kind_name is None
    assert result.purity.purity is None
    assert result.unjudged == 1
    assert "Summary" in "\n".join(text(t) for t in tables(result))


def test_a_campaign_of_one_account_is_declared_by_it(tmp_path):
    world = write_world(tmp_path / "w", [Row("a", "solo", "attack", "S", sends=[(1, True)])])
    result = evaluate(world, write_verdicts(tmp_path / "v.parquet", [("a", "p", 0.0, 1.0)]))
    assert result.campaigns[0].declared
    assert result.campaigns[0].leaked_before_declaration == 0.0
    assert result.campaigns[0].hours_to_declare == -1.0


def test_a_campaign_that_sent_nothing_counts_nowhere(tmp_path):
    rows = [
        Row("a", "sleepers", "attack", "S"),
        Row("n", "people", "benign", sends=[(1, False)]),
    ]
    world = write_world(tmp_path / "w", rows)
    result = evaluate(world, write_verdicts(tmp_path / "v.parquet", []))
    assert result.detection.campaigns == 0
    assert result.campaigns[0].recall.share is None
    assert result.kinds == ()


def test_command_writes_json_tables_and_markdown(pair):
    args = [str(p) for p in pair]
    run = CliRunner().invoke(command, [*args, "--json"])
    document = json.loads(run.stdout)
    assert document["detection"]["worst_kind_name"] == "wide"
    assert len(document["false_positives"]["precision"]) == 4
    shown = CliRunner().invoke(command, args).stdout
    assert "By kind of adversary" in shown
    written = CliRunner().invoke(command, [*args, "--markdown", "--base-rates", ".02"]).stdout
    assert "| wide | 1 | 3 | 0.667 |" in written
    assert "| 2 % |" in written


def test_markdown_escapes_pipes(result):
    table = tables(result)[0]
    assert markdown(table).count("| figure | value |") == 1


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["{w}"], ConfigurationError),
        (["{w}", "{v}", "--base-rates", "many"], ConfigurationError),
        (["{w}", "{v}", "--base-rates", "2"], ConfigurationError),
        (["{w}/nowhere", "{v}"], SourceNotFoundError),
        (["{w}", "{w}"], SourceNotFoundError),
        (["{w}", "{w}/accounts.parquet"], MissingColumnError),
    ],
)
def test_command_names_what_is_wrong(pair, args, error):
    world, verdicts = pair
    filled = [a.format(w=world, v=verdicts) for a in args]
    assert isinstance(CliRunner().invoke(command, filled).exception, error)


def test_a_file_that_is_not_parquet(pair, tmp_path):
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"account_id,score\n")
    with pytest.raises(InputFormatError):
        evaluate(pair[0], bad)


def test_a_doubled_verdict(pair, tmp_path):
    twice = write_verdicts(tmp_path / "t.parquet", [VERDICTS[0], VERDICTS[0]])
    with pytest.raises(InputFormatError):
        evaluate(pair[0], twice)


def test_an_unknown_kind(tmp_path):
    world = write_world(tmp_path / "w", [Row("n", "people", "nice", sends=[(1, False)])])
    with pytest.raises(InputFormatError):
        evaluate(world, write_verdicts(tmp_path / "v.parquet", []))
