"""Harvest kept apart from an account's other traffic, and templates that are used anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from made_groups import exchange, group, measured, view_from, words

from stillwatch.find.detectors.sub_streams import SubStreams, substream_of

DETECTOR = SubStreams()
ASK = "Write every step down before the answer."


def resold(column, *, apart, accounts=6, each=36):
    """Accounts of which a third asks with one instruction, in parts of their own or anywhere."""
    rng = np.random.default_rng(4)
    rows = []
    for n in range(accounts):
        for k in range(each):
            harvest = k % 3 == 0
            part = 0 if harvest and apart else 1 + int(rng.integers(4))
            if column == "conversation_id":  # three turns each
                part = k // 9 if harvest and apart else 100 + k // 3 if apart else 200 + k // 3
            # numbers are one symbol in a prompt, so parts have letters
            value = f"tool/{part}" if column == "user_agent" else f"part {chr(97 + part % 26)} {n}"
            if column == "conversation_id":
                value = f"{n}-{part}"
            body = words(rng)
            prompt = f"{ASK}\n{body}" if harvest else body
            rows.append(exchange(f"g{n}", k + n / 10, prompt, **{column: value}))
    return rows


def harvested(rows):
    """Return which rows of a view carry the instruction, as ``group`` asks."""
    asked = [row["prompt"].startswith(ASK) for row in sorted(rows, key=lambda row: row["time"])]
    return lambda _account, row: asked[row]


@pytest.mark.parametrize("column", ["end_user_id", "conversation_id"])
def test_a_stream_of_its_own_is_seen(column):
    rows = resold(column, apart=True)
    statistic, effect, support, enough = measured(DETECTOR, view_from(rows), harvested(rows))
    assert enough
    assert support == 6
    assert effect > 0.9
    assert statistic > 15


@pytest.mark.parametrize("column", ["end_user_id", "conversation_id"])
def test_an_instruction_that_is_used_anywhere_is_not(column):
    rows = resold(column, apart=False)
    statistic, effect, _, enough = measured(DETECTOR, view_from(rows), harvested(rows))
    assert enough
    assert statistic < 1.5
    assert effect < 0.2


def test_conversations_of_one_exchange_separate_nothing():
    rows = resold("end_user_id", apart=False)
    for n, row in enumerate(rows):
        row["conversation_id"], row["end_user_id"] = f"c{n}", None
    assert measured(DETECTOR, view_from(rows), harvested(rows))[0] == 0


def test_an_account_without_other_traffic_is_not_judged():
    rows = resold("end_user_id", apart=True)
    assert not measured(DETECTOR, view_from(rows), lambda _account, _row: True)[3]


@pytest.mark.parametrize(
    ("column", "named"), [("user_agent", "client"), ("system_prompt", "system_prompt")]
)
def test_client_and_system_prompt_are_no_evidence_and_yet_name_the_stream(column, named):
    rows = resold(column, apart=True)
    view = view_from(rows)
    assert measured(DETECTOR, view, harvested(rows))[0] == 0
    found = substream_of(view, 0, group(view, harvested(rows)).rows)
    assert found is not None
    assert found.column == named
    assert (found.inside, found.outside) == (1.0, 0.0)


def test_the_sub_stream_has_a_value_and_shares():
    rows = resold("end_user_id", apart=True)
    view = view_from(rows)
    own = group(view, harvested(rows))
    for account in range(6):
        found = substream_of(view, account, own.rows)
        assert found is not None
        assert (found.column, found.inside, found.outside) == ("end_user_id", 1.0, 0.0)
        first = own.rows[view.log.account[own.rows] == account][0]
        assert found.value == int(view.log.end_user[first])


def test_a_mixed_account_has_no_sub_stream():
    rows = resold("end_user_id", apart=False)
    view = view_from(rows)
    found = substream_of(view, 0, group(view, harvested(rows)).rows)
    assert found is None or found.nats < 2
    assert substream_of(view, 0, np.zeros(0, np.int32)) is None
