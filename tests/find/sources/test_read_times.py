from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.find.sources.times import read_times

moments = st.datetimes(datetime(2015, 1, 1), datetime(2099, 12, 31))  # noqa: DTZ001
zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


def values(array):
    return read_times(array).values.to_pylist()


@given(st.lists(moments, min_size=1), zones, st.sampled_from(["T", " "]))
def test_iso_text_reads_as_python_reads_it(times, zone, separator):
    zoned = [t.replace(tzinfo=zone) for t in times]
    texts = [t.isoformat(separator) for t in zoned]
    assert values(pa.array(texts)) == [t.astimezone(UTC) for t in zoned]


@given(st.lists(moments, min_size=1))
def test_text_without_zone_is_utc_and_counted(times):
    got = read_times(pa.array([t.isoformat() for t in times]))
    assert got.values.to_pylist() == [t.replace(tzinfo=UTC) for t in times]
    assert got.naive == len(times)


@given(st.lists(moments, min_size=1), st.sampled_from([1, 10**3, 10**6, 10**9]), st.booleans())
def test_epochs_tell_their_unit_by_magnitude(times, per_second, as_text):
    whole = [t.replace(microsecond=0, tzinfo=UTC) for t in times]
    ticks = [int(t.timestamp()) * per_second for t in whole]
    array = pa.array([str(t) for t in ticks]) if as_text else pa.array(ticks)
    assert values(array) == whole


@given(st.lists(st.text(), min_size=1))
def test_no_text_raises_and_what_is_read_is_plausible(texts):
    got = values(pa.array(texts, pa.string()))
    assert len(got) == len(texts)
    assert all(time is None or 1970 <= time.year < 2600 for time in got)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_no_integer_raises(numbers):
    assert read_times(pa.array(numbers, pa.int64())).values.cast(pa.int64()).null_count == 0


@given(st.lists(st.floats(), min_size=1))
def test_no_float_raises(numbers):
    assert len(read_times(pa.array(numbers, pa.float64())).values) == len(numbers)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-02T03:04Z", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-01-02 03:04:05.123456+00", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2026-01-02 03:04:05 UTC", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02t03:04:05z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        (" 2026-01-02 ", datetime(2026, 1, 2, tzinfo=UTC)),
        ("1767323045.5", datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)),
        ("20260102T030405Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T24:00:00Z", None),
        ("", None),
    ],
)
def test_variants(text, wanted):
    assert values(pa.array([text])) == [wanted]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_arrow_timestamps(unit, zone):
    array = pa.array([datetime(2026, 1, 2, tzinfo=UTC)], pa.timestamp(unit, zone))
    got = read_times(array)
    assert got.values.to_pylist() == [datetime(2026, 1, 2, tzinfo=UTC)]
    assert got.naive == (zone is None)


def test_dates_and_what_is_no_time():
    assert values(pa.array([date(2026, 1, 2)])) == [datetime(2026, 1, 2, tzinfo=UTC)]
    assert values(pa.array([True])) == [None]


def test_seconds_beyond_microseconds_are_not_read():
    assert values(pa.array([2**62], pa.timestamp("s"))) == [None]
