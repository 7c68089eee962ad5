"""A campaign is found, its accounts' answers are marked, and a copy made of them is proven."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from copied_world import EPOCH, Copied

from stillwatch.errors import RefusedError

pytestmark = pytest.mark.slow  # a minute and a half: a scan, four trainings, a bundle four times


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    made = Copied(tmp_path_factory.mktemp("copied"))
    with made.stack:
        made.find()
        made.commit()
        made.answer()
        made.question(made.train_all())
        made.prepare()
        made.whole = made.bundle("bundle")
        yield made


def test_the_gateway_names_the_key_for_the_campaigns_accounts_alone(case):
    asked = {account for account, _ in case.answered}
    assert len(case.accounts) >= 20
    assert len(case.sure) >= 20
    assert case.marked_for == case.sure & asked
    assert len(asked - case.accounts) > 50


def test_the_copy_is_found_under_the_campaigns_key_and_controls_under_none(case):
    key = f"{EPOCH}/{case.name}"
    found = {(one["subject"], one["key"]) for one in case.results if one["found"]}
    assert found == {("suspect", key)}
    held = {(one["subject"], one["key"], one["test"]): one for one in case.results}
    first = held["suspect", key, "clipped-residuals"]
    assert first["log10_adjusted"] < -20
    assert first["rank_among"] == [1, 10_001]
    rest = [one["log10_p"] for name, one in held.items() if name[:2] != ("suspect", key)]
    assert len(rest) == 10
    assert min(rest) > -5


def test_the_bundle_names_accounts_commitment_and_p_and_verifies(case):
    told = case.verify(case.whole)
    lines = {line.split()[0]: line.split()[1] for line in told.splitlines()}
    assert {step for step, state in lines.items() if state == "-"} == {"E-21"}
    assert "FAILS" not in lines.values()
    opened = (case.whole / "open" / "accounts.jsonl").read_text().splitlines()
    assert {json.loads(line)["record"]["account_id"] for line in opened} == case.accounts
    parts = case.whole / "parts"
    plan = json.loads((parts / "lineage" / "plan.json").read_bytes())
    assert dict(zip(plan["keys"], plan["key_ids"], strict=True)) == case.key_ids
    assert (parts / "marks" / "commitment-1.note").read_bytes() == (
        case.folder / "commitment-1"
    ).read_bytes()
    results = json.loads((parts / "lineage" / "results.json").read_bytes())["results"]
    assert results == case.results


def test_a_commitment_stamped_after_the_first_use_is_refused(case):
    late = case.folder / "late" / "commitment-1"
    late.parent.mkdir()
    shutil.copyfile(case.folder / "commitment-1", late)
    case.stamp(late)
    bundle = case.bundle("bundle-late", note="late/commitment-1")
    assert case.verify(bundle, fails=RefusedError).rule == "E-16"


def test_a_control_that_was_dropped_is_refused(case):
    few = case.folder / "few"
    shutil.copytree(case.folder / "case", few)
    path = few / "results.json"
    held = json.loads(path.read_bytes())
    held["results"] = [one for one in held["results"] if one["subject"] != "unrelated"]
    path.write_text(json.dumps(held))
    bundle = case.bundle("bundle-few", lineage="few")
    assert case.verify(bundle, fails=RefusedError).rule == "E-18"
    # nor does a plan that never had it help: it was not stamped then
    plan = json.loads((few / "plan.json").read_bytes())
    plan["controls"].remove("unrelated")
    (few / "plan.json").write_text(json.dumps(plan))
    bundle = case.bundle("bundle-fewer", lineage="few")
    assert case.verify(bundle, fails=RefusedError).rule == "E-17"
