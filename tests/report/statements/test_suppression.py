"""No published figure lets a small count of people be worked out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.report.statements.suppression import breakdown, cell

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40), max_size=8)


@given(COUNTS, st.integers(1, 20))
def test_nothing_small_is_published_or_follows(counts, below):
    parts, total = breakdown(counts, below)
    hidden = [name for name, part in parts.items() if part.suppressed]
    for name, part in parts.items():
        assert part.count is None if part.suppressed else part.count == counts[name]
        assert part.suppressed or not 0 < counts[name] < below
    if total.count is not None:
        assert total.count == sum(counts.values())
        assert not 0 < total.count < below
    if hidden and total.count is not None:
        rest = total.count - sum(part.count for part in parts.values() if part.count is not None)
        assert len(hidden) > 1  # the rest is shared by several
        assert rest >= below


@given(COUNTS, st.integers(1, 20))
def test_nothing_is_hidden_without_need(counts, below):
    parts, total = breakdown(counts, below)
    if not any(0 < n < below for n in counts.values()):
        assert not any(part.suppressed for part in parts.values())
        assert total == cell(sum(counts.values()), below)


@given(COUNTS, st.integers(1, 20), st.data())
def test_parts_hidden_for_another_reason_stay_hidden(counts, below, data):
    also = data.draw(st.sets(st.sampled_from(sorted(counts)))) if counts else set()
    parts, _ = breakdown(counts, below, also=also)
    assert all(parts[name].suppressed for name in also)
