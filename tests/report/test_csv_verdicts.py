from __future__ import annotations

import csv
import io

import pytest
from example_scan import END, HOSTILE, example_scan
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.records import Verdict
from stillwatch.report.documents.csv_verdicts import VERDICT_COLUMNS, csv_lines, verdicts_csv
from stillwatch.report.documents.write import VERDICTS_CSV

FORMULAS = ("=", "+", "-", "@", "|", "%", "\t=", "\r=", " =", "\uff1d", "\n+")


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def cells(value):
    return rows("".join(csv_lines(["a"], [[value]])))[1]


def test_a_row_an_account(scan_folder):
    result, _ = example_scan()
    found = rows((scan_folder / VERDICTS_CSV).read_bytes().decode("utf-8"))
    assert found[0] == list(VERDICT_COLUMNS)
    assert [row[0] for row in found[1:]] == [v.account_id for v in result.verdicts]
    first = result.verdicts[0]
    assert found[1][2] == first.flagged_at.isoformat().replace("+00:00", "Z")
    assert float(found[1][3]) == first.score
    assert found[1][4] == "; ".join(first.reasons)


@pytest.mark.parametrize("start", FORMULAS)
def test_a_formula_is_text(start):
    cell = cells(f"{start}1+1|' /C calc'!A0")[0]
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "|", "%", "\uff1d"))


@given(st.text(max_size=50))
def test_whatever_the_text_one_cell_on_one_line(text):
    line = list(csv_lines(["a"], [[text]]))[1]
    assert line.endswith("\r\n")
    assert not set(line[:-2]) & {chr(i) for i in range(32)}
    (cell,) = cells(text)
    assert cell.lstrip()[:1] not in tuple("=+-@|%") or cell.lstrip() == ""


def test_numbers_stay_numbers():
    line = list(csv_lines(["a", "b", "c"], [[-5, 0.25, None]]))[1]
    assert line == '-5,0.25,""\r\n'


def test_hostile_accounts_stay_apart():
    verdicts = [Verdict(text, "c", END, 0.9, HOSTILE, text) for text in HOSTILE]
    found = rows("".join(verdicts_csv(verdicts)))
    assert len(found) == len(HOSTILE) + 1
    assert len({row[0] for row in found}) == len(found)
    assert all(len(row) == len(VERDICT_COLUMNS) for row in found)
