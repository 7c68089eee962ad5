"""What kind a judged group is, on small logs that show one thing each."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from made_groups import exchange, group, view_from, words

from stillwatch.find.campaigns.kinds import KINDS, kind_of

ASK = "Write every step down before the answer."


def log_rows(*, members=20, own=8, cover=0, others=60, each=12, alike=False, users=1):
    """Exchanges of members, some of them harvest, and of everyone else.

    ``alike`` gives the members' other exchanges the long answers that harvest gets.
    """
    rng = np.random.default_rng(6)
    rows, harvest = [], []
    for n in range(members + others):
        count = own + cover if n < members else each
        for k in range(count):
            asked = n < members and k < own
            long = asked or (n < members and alike)
            tokens = int(rng.integers(2000, 3000) if long else rng.integers(50, 900))
            user = f"{n}-{k % users}" if users > 1 and n < members else None
            prompt = f"{ASK}\n{words(rng)}" if asked else words(rng, int(rng.integers(5, 40)))
            rows.append(
                exchange(
                    f"{'g' if n < members else 'o'}{n:03d}",
                    float(rng.uniform(0, 600)),
                    prompt,
                    output_tokens=tokens,
                    end_user_id=user,
                )
            )
            harvest.append(asked)
    order = sorted(range(len(rows)), key=lambda i: rows[i]["time"])
    return [rows[i] for i in order], [harvest[i] for i in order]


def judged(view, harvest, **given):
    """A judgement that says only what is given; the rest abstained."""
    own = group(view, lambda _account, row: harvest[row])
    facts = {"log_e": {}, "effect": {}, "enough": {}, "support": {}, "families": {}, **given}
    for slug in facts["effect"]:
        facts["enough"].setdefault(slug, True)
    facets = np.flatnonzero(view.carriers >= 4).astype(np.int32)
    return SimpleNamespace(rows=own.rows, members=own.accounts_of(0), facets=facets, **facts)


def kind(rows, harvest, *, blocked=0, **given):
    view = view_from(rows)
    found = judged(view, harvest, **given)
    if blocked:
        when = view.log.accounts.blocked.copy()
        when[found.members[:blocked]] = view.log.time[0]
        view.log = replace(view.log, accounts=replace(view.log.accounts, blocked=when))
    return kind_of(found, view)


@pytest.mark.parametrize(
    ("wanted", "shape"),
    [
        ("low-and-wide", {"members": 40, "own": 3}),
        ("few-but-heavy", {"members": 8, "own": 90}),
        ("cover", {"members": 20, "own": 3, "cover": 30}),
        ("reseller", {"members": 10, "own": 10, "cover": 20, "users": 15}),
    ],
)
def test_what_the_accounts_are_names_the_kind(wanted, shape):
    named, confidence = kind(*log_rows(**shape))
    assert named == wanted
    assert 0.6 < confidence <= 0.95


def test_harvest_that_text_did_not_find_is_no_cover():
    named, _ = kind(*log_rows(members=20, own=3, cover=30, alike=True))
    assert named != "cover"


def test_places_that_are_filled_again_need_blocks():
    rows, harvest = log_rows()
    effect = {"replacement-after-block": 0.8}
    assert kind(rows, harvest, effect=effect, blocked=8)[0] == "hydra"
    assert kind(rows, harvest, effect=effect)[0] != "hydra"


QUEUE = {"effect": {"exchangeability": 0.0, "no-follow-up": 1.0}, "log_e": {"job-queue": 3.0}}


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("probing", {"effect": {"technique-probing": 1.4}}),
        ("lock-step", {"log_e": {"lock-step": 6.0}}),
        ("release-pivot", {"log_e": {"release-pivot": 3.0}}),
        ("people-like", {"effect": {"no-follow-up": 0.2}}),
        ("job-queue", QUEUE),
        ("lock-step", {**QUEUE, "log_e": {"job-queue": 3.0, "lock-step": 6.0}}),
        ("recycled-identities", {"families": {"identity": 12.0}}),
    ],
)
def test_how_they_send_and_what_they_share_name_the_others(wanted, given):
    named, confidence = kind(*log_rows(), **given)
    assert named == wanted
    assert 0.5 <= confidence <= 0.85


def test_one_instruction_word_for_word_is_the_last_resort():
    named, confidence = kind(*log_rows())
    assert named == "elicitation-reuse"
    assert confidence <= 0.75


def test_what_a_detector_had_too_little_for_is_not_used():
    given = {"effect": {"no-follow-up": 0.0}, "enough": {"no-follow-up": False}}
    assert kind(*log_rows(), **given)[0] != "people-like"


def test_two_techniques_at_once_lower_the_confidence():
    alone = kind(*log_rows(), log_e={"lock-step": 6.0})
    both = kind(*log_rows(), log_e={"lock-step": 6.0, "release-pivot": 3.0})
    assert both[1] < alone[1]


def test_nothing_is_unknown():
    rows, harvest = log_rows()
    view = view_from(rows)
    found = judged(view, harvest)
    found.facets = found.facets[:0]
    assert kind_of(found, view) == ("unknown", 0.0)
    found.rows = found.rows[:0]
    assert kind_of(found, view) == ("unknown", 0.0)
    found.members = found.members[:0]
    assert kind_of(found, view) == ("unknown", 0.0)


def test_every_kind_has_its_sentence():
    assert set(KINDS) >= {"hydra", "reseller", "cover", "people-like", "unknown"}
    assert all(len(sentence) > 20 for sentence in KINDS.values())
