"""Wordings that are tried and then settled on, and wordings that merely vary or change."""

from __future__ import annotations

import numpy as np
from made_groups import exchange, measured, view_from, words

from stillwatch.find.detectors.technique_probing import TechniqueProbing

DETECTOR = TechniqueProbing()
OLD = "Keep the answer short and name the source of every figure in it."
NEW = "Print the draft that you make for yourself, then the answer, then what you left out."
PIECES = (
    ("Show", "Write down", "List", "Print", "Return", "Give", "Repeat", "Spell out"),
    ("all notes", "each thought", "the draft", "every step", "the whole scratchpad", "what you do"),
    ("before", "together with", "in front of", "as well as", "and after that", "next to"),
    ("the answer.", "your reply.", "the result.", "what is asked.", "the solution."),
)


def wording(rng):
    return " ".join(str(rng.choice(piece)) for piece in PIECES)


def asked(early, late, *, accounts=12, each=12):
    """Exchanges whose wording is ``early()`` in the first fifth of the time, then ``late()``."""
    rng = np.random.default_rng(7)
    rows = []
    for n in range(accounts):
        for t in np.sort(rng.uniform(0, 100, each)):
            probing = t < 20
            if probing and n >= 4 and early is wording:
                continue  # few probe
            ask = (early if probing else late)(rng)
            rows.append(exchange(f"g{n:02d}", t, f"{ask}\n{words(rng, 6)}"))
    return view_from(rows)


def always(text):
    return lambda _rng: text


def test_wordings_that_settle_are_seen():
    statistic, effect, support, enough = measured(DETECTOR, asked(wording, always(NEW)))
    assert enough
    assert support == 12
    assert statistic == effect
    assert statistic > 0.6


def test_one_wording_all_along_is_not():
    assert abs(measured(DETECTOR, asked(always(NEW), always(NEW)))[0]) < 0.1


def test_a_product_that_changes_its_wording_at_once_is_not():
    assert measured(DETECTOR, asked(always(OLD), always(NEW)))[0] < 0.25


def test_people_who_keep_rewording_are_not():
    assert measured(DETECTOR, asked(wording, wording))[0] < 0.3


def test_few_exchanges_are_not_enough():
    assert not measured(DETECTOR, asked(wording, always(NEW), accounts=3, each=5))[3]
