"""Damage: ranges from tokens and stated assumptions, each of which names its sources."""

from __future__ import annotations

import dataclasses
import tomllib
from importlib import resources

import pytest
from example_scan import example_scan
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, SourceNotFoundError
from stillwatch.records import ModelUse
from stillwatch.report.assumptions import REQUIRED, Range, read_assumptions
from stillwatch.report.damage import NAMES, assess, together

SHIPPED = resources.files("stillwatch.report").joinpath("damage.toml").read_text("utf-8")


def with_usage(*uses, harvested=None):
    campaign = example_scan()[0].campaigns[0]
    return dataclasses.replace(campaign, usage=uses, harvested=harvested or {})


def use(model="large-4", exchanges=1_000, leaked=100, tokens=(300, 900), counted=None):
    counted = exchanges if counted is None else counted
    asked, given_ = tokens
    early = min(leaked, counted)
    return ModelUse(model, exchanges, asked * counted, given_ * counted, leaked, asked * early,
                    given_ * early, counted, counted)  # fmt: skip


def figures(damage):
    return {figure.name: figure for figure in damage.figures}


def test_fees_follow_the_price_list():
    damage = assess(with_usage(use("gpt-4o", 1_000, 0)), read_assumptions())
    fees = figures(damage)["fees"]
    listed = (300_000 * 2.5 + 900_000 * 10.0) / 1e6
    assert fees.whole == pytest.approx((0.5 * listed, listed, listed))
    assert fees.leaked == (0, 0, 0)
    assert fees.rests_on == ("price of gpt-4o", "paid_share")


def test_unlisted_models_get_the_range_between_cheapest_and_dearest():
    damage = assess(with_usage(use("ours", 1_000_000, 0, (1, 1))), read_assumptions())
    assert figures(damage)["fees"].whole == pytest.approx((0.5 * 0.5, 18.0, 90.0))
    assert figures(damage)["fees"].rests_on[:2] == ("other_input_price", "other_output_price")


def test_what_was_harvested_chooses_how_it_is_made():
    assumptions = read_assumptions()
    made = {
        kind: figures(assess(with_usage(use(), harvested={kind: 0.7}), assumptions))[
            "made_by_people"
        ]
        for kind in ("reasoning_traces", "rubric_grading", "instruction_data")
    }
    words = 900_000 * 0.75
    assert made["reasoning_traces"].whole.likely == pytest.approx(0.7 * words / 30 / 60 * 100)
    assert made["instruction_data"].whole.likely == pytest.approx(0.7 * words / 30 / 60 * 40)
    assert made["rubric_grading"].whole == pytest.approx((0.3 * 500, 0.7 * 5_000, 50_000))
    assert "judgement" in made["rubric_grading"].rests_on


def test_nothing_is_saved_by_fewer_examples_than_any_distillation_needed():
    assumptions = read_assumptions()
    small = figures(assess(with_usage(use(exchanges=900)), assumptions))["avoided"]
    some = figures(assess(with_usage(use(exchanges=30_000)), assumptions))["avoided"]
    large = figures(assess(with_usage(use(exchanges=3_000_000)), assumptions))["avoided"]
    assert small.whole == (0, 0, 0)
    assert some.whole.low == 0 < some.whole.likely < some.whole.high
    assert large.whole.likely > 0
    assert some.leaked == (0, 0, 0)


def test_tokens_that_the_log_does_not_state_widen_the_range():
    assumptions = read_assumptions()
    none = assess(with_usage(use(counted=0)), assumptions)
    half = assess(with_usage(use(counted=500)), assumptions)
    assert none.output_tokens == (100_000, 800_000, 4_000_000)
    assert "output_tokens_unknown" in figures(none)["fees"].rests_on
    assert half.output_tokens.likely == 900_000
    assert half.output_tokens.low == 450_000 < half.output_tokens.high


def test_a_campaign_without_use_of_models_has_no_damage():
    assert assess(with_usage(), read_assumptions()) is None


def test_sums_leave_out_what_is_spent_once():
    assumptions = read_assumptions()
    one = assess(with_usage(use()), assumptions)
    both = together([one, one])
    assert both["fees"] == pytest.approx(figures(one)["fees"].whole * 2)
    assert not {"training_without", "avoided"} & set(both)


@settings(deadline=None)
@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 10**5), st.integers(0, 10**5))
def test_every_figure_is_in_order(exchanges, leaked, asked, answered):
    one = use(exchanges=exchanges, leaked=min(leaked, exchanges), tokens=(asked, answered))
    damage = assess(with_usage(one), ASSUMPTIONS)
    assert tuple(figure.name for figure in damage.figures) == tuple(NAMES)
    for figure in damage.figures:
        for values in (figure.whole, figure.leaked):
            assert 0 <= values.low <= values.likely <= values.high
        # less was spent on training with what leaked, so that more of the saving is left
        if figure.name != "avoided":
            assert figure.leaked.high <= figure.whole.high * (1 + 1e-9)


ASSUMPTIONS = read_assumptions()


def test_every_assumption_that_ships_has_sources_or_says_it_has_none():
    table = tomllib.loads(SHIPPED)
    assert set(REQUIRED) == set(ASSUMPTIONS.stated)
    used = {key for item in ASSUMPTIONS.stated.values() for key in item.sources}
    used |= {key for price in ASSUMPTIONS.prices for key in price.sources}
    assert used == set(table["sources"])
    assert all(price.sources for price in ASSUMPTIONS.prices)
    for source in ASSUMPTIONS.sources.values():
        assert "." in source.address
        assert "//" not in source.address


def test_the_operators_file_replaces_ours(tmp_path):
    path = tmp_path / "ours.toml"
    head, tail = SHIPPED.split("[[price]]", 1)
    path.write_text(
        head + '[[price]]\nmodels = ["large-*"]\ninput = 1.0\noutput = 2.0\nsources = []\n[[price]]'
        + tail
    )  # fmt: skip
    damage = assess(with_usage(use("LARGE-4", 1_000_000, 0, (1, 1))), read_assumptions(path))
    assert figures(damage)["fees"].whole.likely == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("version = 1", "version = 2", "version"),
        ("version = 1", "version = ", "not TOML"),
        ("low = 0.5\n", "low = 5\n", "not in order"),
        ("low = 0.5\n", 'low = "x"\n', "low is not a number"),
        ("low = 0.5\n", "low = nan\n", "low is not between"),
        ("low = 0.5\n", "low = -1\n", "low is not between"),
        ("low = 0.5\n", "low = true\n", "low is not a number"),
        ('sources = ["alpaca", "sky-t1"]', 'sources = ["nobody"]', "unknown source"),
        ('sources = ["alpaca", "sky-t1"]', "", "sources must be a list"),
        ("[assumptions.usable_share]", "[assumptions.usable]", "usable_share: missing"),
        ("low = 30\n", "low = 0\n", "more than 0"),
        ('code = "wage_expert"', 'code = "no"', "names no assumption"),
        ('models = ["*sonnet*"]', "models = []", "list of names"),
        ('currency = "USD"', "currency = 3", "currency is not a text"),
    ],
)
def test_bad_settings_give_a_named_error(tmp_path, old, new, named):
    assert old in SHIPPED
    path = tmp_path / "bad.toml"
    path.write_text(SHIPPED.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=named) as caught:
        read_assumptions(path)
    assert caught.value.where == str(path)


def test_unreadable_settings_give_a_named_error(tmp_path):
    with pytest.raises(SourceNotFoundError):
        read_assumptions(tmp_path / "absent.toml")
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_assumptions(tmp_path / "latin")
    (tmp_path / "big").write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigurationError, match="megabyte"):
        read_assumptions(tmp_path / "big")


def test_dividing_turns_a_range_round():
    assert Range(1, 2, 4).inverse() == (0.25, 0.5, 1.0)
