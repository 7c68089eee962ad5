"""What people decided, read back into a scan."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
from easy_world import easy_world

from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.find.campaigns import Settings, observe_all, read_rulings, scan
from stillwatch.find.campaigns.replay import replay
from stillwatch.find.campaigns.result import assemble
from stillwatch.find.campaigns.ruled import ruled, spoken
from stillwatch.find.campaigns.rulings import Ruling, encode_rulings, schema
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.log import build_log
from stillwatch.find.features.rows import derive_rows

AT = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return easy_world(tmp_path_factory.mktemp("easy") / "world")


@pytest.fixture(scope="module")
def observed(world):
    """A replay, which decisions come after."""
    log = build_log(observe_all(world.exchanges.to_batches()), world.accounts)
    return replay(log, derive_rows(log), index_facets(log), as_of=2**62)


def scanned(_, found, *rulings, as_of=None):
    """Return what a scan says of the replay under decisions."""
    said = ruled(found.campaigns, rulings, as_of, found.view)
    result, _ = assemble(dataclasses.replace(found, campaigns=said.campaigns), 0.05, {})
    return spoken(result, said, found.view)


@pytest.fixture(scope="module")
def plain(world, observed):
    return scanned(world, observed)


@pytest.fixture(scope="module")
def campaign(plain):
    (only,) = plain.campaigns
    return only


def ruling(campaign, action, **more):
    values = {
        "number": 3,
        "campaign_id": campaign.campaign_id,
        "at": AT,
        "reason": "looked at the exchanges",
        "members": tuple(str(account) for account in campaign.members),
        "log_odds": campaign.log_odds,
    }
    return Ruling(action=action, **values | more)


def verdicts(result):
    return {v.account_id: v for v in result.verdicts}


def said_of(result, name):
    return [f.explanation for f in result.findings if f.group == name and f.detector == "decision"]


def test_a_scan_applies_what_it_is_given(world, observed, plain, campaign):
    batches = world.exchanges.to_batches()
    for rulings in ((), (ruling(campaign, "benign", name="class"),)):
        result, _ = scan(batches, world.accounts, settings=Settings(rulings=rulings))
        expected = scanned(world, observed, *rulings) if rulings else plain
        assert dataclasses.replace(result, seconds={}) == expected


def test_decisions_about_nothing_that_is_found_change_nothing(world, observed, plain, campaign):
    elsewhere = ruling(campaign, "reject", campaign_id="campaign-x", members=("nobody",))
    assert scanned(world, observed, elsewhere) == plain


@pytest.mark.parametrize(("action", "rule"), [("reject", "D-2: rejected"), ("benign", "D-3")])
def test_d2_and_d3_set_a_campaign_aside_with_its_evidence(
    world, observed, plain, campaign, action, rule
):
    found = scanned(world, observed, ruling(campaign, action, name="harness of team X"))
    assert found.campaigns == ()
    (said,) = said_of(found, campaign.campaign_id)
    size = len(campaign.members)
    assert rule in said
    assert f"{size} of {size} accounts were there then" in said
    assert ("harness of team X" in said) == (action == "benign")
    evidence = {(f.detector, f.log_e) for f in campaign.findings if f.log_e > 0}
    assert evidence <= {(f.detector, f.log_e) for f in found.findings}
    for account in campaign.members:
        verdict = verdicts(found)[account]
        assert (verdict.campaign_id, verdict.flagged_at) == (None, None)
        assert verdict.score <= 0.45
        assert rule in verdict.reasons[0]
    others = [v for v in plain.verdicts if v.account_id not in campaign.members]
    assert others == [v for v in found.verdicts if v.account_id not in campaign.members]


def test_d3_a_few_newcomers_are_put_before_a_person(world, observed, campaign):
    known = tuple(str(account) for account in campaign.members)
    found = scanned(world, observed, ruling(campaign, "benign", name="class", members=known[3:]))
    assert found.campaigns == ()
    for account in campaign.members:
        fresh = str(account) in known[:3]
        verdict = verdicts(found)[account]
        assert (verdict.recommended_measure, verdict.score == 0.45) == (
            ("review", True) if fresh else ("observe", verdict.score == 0.45)
        )
        assert ("joined after" in verdict.reasons[0]) == fresh


@pytest.mark.parametrize("action", ["reject", "benign"])
def test_many_newcomers_bring_a_campaign_back_for_review(world, observed, campaign, action):
    known = tuple(str(account) for account in campaign.members)[12:]
    found = scanned(world, observed, ruling(campaign, action, name="class", members=known))
    (again,) = found.campaigns
    assert again.members == campaign.members
    assert again.review_only
    assert again.recommended_measure == "review"
    assert "12 accounts have joined the 28" in again.explanations[-1]
    assert {verdicts(found)[a].recommended_measure for a in again.members} == {"review"}


def test_stronger_evidence_brings_back_what_was_rejected_and_not_what_was_explained(
    world, observed, campaign
):
    weak = {"log_odds": campaign.log_odds - 4}
    assert len(scanned(world, observed, ruling(campaign, "reject", **weak)).campaigns) == 1
    assert (
        scanned(world, observed, ruling(campaign, "benign", name="class", **weak)).campaigns == ()
    )


def test_d1_the_decision_follows_the_accounts_where_the_id_is_another(world, observed, campaign):
    assert scanned(world, observed, ruling(campaign, "reject", campaign_id="other")).campaigns == ()


def test_d4_a_confirmed_campaign_says_so_and_stays(world, observed, plain, campaign):
    found = scanned(world, observed, ruling(campaign, "confirm"))
    (only,) = found.campaigns
    assert only.explanations[-1] == "confirmed by a person on 2026-03-20: looked at the exchanges"
    assert found.verdicts == plain.verdicts
    quiet = [v.account_id for v in plain.verdicts if v.flagged_at is None][:6]
    gone = ruling(campaign, "confirm", campaign_id="campaign-gone", members=(*quiet, "deleted"))
    found = scanned(world, observed, gone)
    kept = {c.campaign_id: c for c in found.campaigns}["campaign-gone"]
    assert set(kept.members) == set(quiet)
    assert kept.review_only
    assert {verdicts(found)[a].campaign_id for a in quiet} == {"campaign-gone"}


def test_d6_accounts_are_split_off_with_their_exchanges(world, observed, campaign):
    away = tuple(str(account) for account in campaign.members)[:10]
    found = scanned(world, observed, ruling(campaign, "split", name="campaign-new", accounts=away))
    new, old = sorted(found.campaigns, key=lambda c: len(c.members))
    assert {str(a) for a in new.members} == set(away)
    assert (new.campaign_id, new.split_from) == ("campaign-new", campaign.campaign_id)
    assert new.exchanges + old.exchanges == campaign.exchanges
    assert new.exchanges > 0
    assert {**new.members, **old.members} == campaign.members
    assert {verdicts(found)[a].campaign_id for a in new.members} == {"campaign-new"}


def test_d5_what_was_split_can_be_merged_again(world, observed, campaign):
    away = tuple(str(account) for account in campaign.members)[:10]
    split = ruling(campaign, "split", name="campaign-new", accounts=away)
    merge = ruling(
        campaign, "merge", number=4, campaign_id="campaign-new", other=campaign.campaign_id,
        members=away,
    )  # fmt: skip
    (only,) = scanned(world, observed, split, merge).campaigns
    assert only.campaign_id == campaign.campaign_id
    assert only.merged == ("campaign-new",)
    assert only.members == campaign.members
    assert only.exchanges == campaign.exchanges


def test_d7_a_member_is_moved_out_or_to_another(world, observed, campaign):
    names = tuple(str(account) for account in campaign.members)
    out = ruling(campaign, "move", accounts=names[:1])
    found = scanned(world, observed, out)
    assert names[0] not in {str(a) for a in found.campaigns[0].members}
    assert verdicts(found)[names[0]].flagged_at is None
    split = ruling(campaign, "split", name="campaign-new", accounts=names[:10])
    move = ruling(campaign, "move", number=4, accounts=names[20:21], other="campaign-new")
    new = min(scanned(world, observed, split, move).campaigns, key=lambda c: len(c.members))
    assert {str(a) for a in new.members} == {*names[:10], names[20]}


def test_d8_a_scan_as_of_a_time_knows_no_later_decision(world, observed, plain, campaign):
    end = plain.as_of
    before = ruling(campaign, "reject", at=end - timedelta(hours=1))
    after = ruling(campaign, "reject", at=end + timedelta(hours=1))
    assert scanned(world, observed, before, as_of=end).campaigns == ()
    assert scanned(world, observed, after, as_of=end) == plain


def test_the_file_obeys_its_schema_and_reads_back(tmp_path, campaign):
    held = tuple(
        ruling(campaign, action, number=number, name="n", other="o", accounts=("a",))
        for number, action in enumerate(
            ("confirm", "reject", "benign", "merge", "split", "move"), 1
        )
    )
    raw = encode_rulings(reversed(held))
    jsonschema.validate(json.loads(raw), schema())
    path = tmp_path / "decisions.json"
    path.write_bytes(raw)
    read = read_rulings(path)
    assert [dataclasses.replace(one, members=()) for one in read] == [
        dataclasses.replace(one, members=()) for one in held
    ]
    assert {frozenset(one.members) for one in read} == {frozenset(held[0].members)}
    assert encode_rulings(read) == raw


GOOD = {
    "number": 1, "action": "confirm", "campaign_id": "c", "at": "2026-03-20T00:00:00Z",
    "reason": "", "members": [], "log_odds": None, "name": "", "other": "", "accounts": [],
}  # fmt: skip


def document(*decisions):
    return json.dumps({"schema_version": 1, "decisions": decisions})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema_version": 2, "decisions": []}',
        '{"schema_version": 1}',
        document({}),
        document(3),
        document(GOOD | {"action": "erase"}),
        document(GOOD | {"at": "2026-03-20T00:00:00"}),
        document(GOOD | {"members": [7]}),
        document(GOOD | {"number": "1"}),
        document(GOOD, GOOD),
    ],
)
def test_a_bad_file_is_named(tmp_path, text):
    path = tmp_path / "decisions.json"
    path.write_text(document(GOOD))
    assert len(read_rulings(path)) == 1
    path.write_text(text)
    with pytest.raises(InputFormatError, match="not a file of decisions"):
        read_rulings(path)
    with pytest.raises(SourceNotFoundError):
        read_rulings(tmp_path / "absent.json")
