from __future__ import annotations

import dataclasses
import re
import unicodedata
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from example_scan import END, HOSTILE, START, empty_scan, example_scan, hostile_scan
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.records import Entity
from stillwatch.report.assumptions import read_assumptions
from stillwatch.report.damage import assess
from stillwatch.report.documents.axis import Axis, round_step
from stillwatch.report.documents.charts import timeline
from stillwatch.report.documents.html import render_report
from stillwatch.report.documents.network import network
from stillwatch.report.documents.visible import visible
from stillwatch.report.documents.votes import threshold, votes

VOID = {"meta", "br", "rect", "line", "circle"}
ADDRESS = re.compile(r"(?:https?:)?//[a-z0-9]", re.IGNORECASE)


class Page(HTMLParser):
    """Collects what a browser would see and checks that elements nest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.words, self.attributes = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def values(self, name):
        return [value for _, key, value in self.attributes if key == name]


@pytest.fixture(scope="module")
def pages():
    result, activity = example_scan()
    return {
        "example": rendered(result, activity),
        "without activity": render_report(result),
        "hostile": rendered(hostile_scan(), prompts=dict.fromkeys(HOSTILE, HOSTILE[3])),
        "empty": rendered(empty_scan()),
    }


def rendered(result, activity=None, **more):
    assumptions = read_assumptions()
    damages = {c.campaign_id: assess(c, assumptions) for c in result.campaigns}
    return render_report(result, activity, damages=damages, assumptions=assumptions, **more)


KINDS = ["example", "without activity", "hostile", "empty"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_file_without_script_or_network(pages, kind):
    page = Page(pages[kind])
    assert not {"script", "img", "iframe", "object", "link", "base", "form"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert all(value.startswith("#") for value in page.values("href"))
    assert page.values("src") == []
    assert not re.search(r"url\(|@import", pages[kind].split("</style>")[0])
    if kind != "hostile":
        assert not ADDRESS.search(pages[kind])
    assert "default-src 'none'" in page.values("content")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_invisible_reaches_the_page(pages, kind):
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    odd = {c for c in pages[kind] if unicodedata.category(c) in hidden} - {"\n"}
    assert odd == set()


@pytest.mark.parametrize("kind", KINDS)
def test_accessible_structure(pages, kind):
    page = Page(pages[kind])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    references = [value[1:] for value in page.values("href")]
    references += [i for name in ("aria-labelledby",) for i in page.values(name)]
    assert set(references) <= set(ids)
    assert (
        page.tags.count("h1")
        == page.tags.count("main")
        == page.tags.count("title") - sum(role == "img" for role in page.values("role"))
    )
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert page.tags.count("table") == page.tags.count("caption")
    assert page.tags.count("th") == page.values("scope").__len__()
    assert page.values("lang") == ["en"]


def test_hostile_text_is_shown_and_not_obeyed(pages):
    page = Page(pages["hostile"])
    text = "".join(page.words)
    assert "<script>alert(1)</script>" in text
    assert r"\u202egnp.exe" in text
    assert r"nul\x00byte" in text
    assert "{{ 7*7 }}{% raw %}" in text
    assert "&lt;b&gt;" in text
    assert "名前 ñandú עברית" in text
    assert "x" * 81 not in text.replace("x" * 2_000, "")


def test_pictures_have_a_table_twin_with_the_same_figures(pages):
    result, activity = example_scan()
    page = Page(pages["example"])
    assert page.values("role").count("img") == 1 + 4 * len(result.campaigns)
    item = result.campaigns[0]
    line = timeline(item, activity.filter(
        [i == item.campaign_id for i in activity.column("campaign_id").to_pylist()]
    ), result.as_of)  # fmt: skip
    assert [lane.total for lane in line.lanes] == [
        sum(counts[i] for _, counts in line.rows) for i in range(4)
    ]
    assert [lane.total for lane in line.lanes] == [item.exchanges, 240, len(item.flagged_at), 3]
    assert line.earlier == 3
    for row in votes(item, 11.0).rows:
        assert row.log_e is None or f"{row.log_e:.1f}" in pages["example"]


def test_caps_state_the_total():
    result, _ = example_scan()
    many = tuple(
        dataclasses.replace(result.campaigns[2], campaign_id=f"c-{i:04d}") for i in range(500)
    )
    page = rendered(dataclasses.replace(result, campaigns=many))
    assert "The 100 most probable of 240 members" in render_report(result)
    assert "400 of 500 campaigns are listed" in page
    assert "Details of 60 of 500 campaigns" in page
    assert "The picture shows the first 20 of 500 campaigns." in page
    assert len(page.encode()) < 5_000_000


def test_large_hostile_report_stays_small():
    result = hostile_scan()
    many = tuple(dataclasses.replace(result.campaigns[0], campaign_id=f"c{i}") for i in range(300))
    assert len(rendered(dataclasses.replace(result, campaigns=many)).encode()) < 5_000_000


def test_threshold_is_what_e_bh_asks():
    assert threshold(2_000, 0.01, 4) == pytest.approx(10.8198, abs=1e-4)
    assert threshold(0, 0.0, 0) == 0


@pytest.mark.parametrize("hours", [0, 1, 24 * 365 * 5])
def test_timeline_survives_any_span(hours):
    result, activity = example_scan()
    first = END - timedelta(hours=hours)
    item = dataclasses.replace(
        result.campaigns[0], first_seen=first, declared_at=first, flagged_at={"a": END}
    )
    line = timeline(item, activity, END)
    assert all(0 <= bar.x <= 100 for lane in line.lanes for bar in lane.bars)
    assert 1 <= len(line.ticks) <= 6


@given(st.text())
def test_visible_text_is_printable(text):
    shown = visible(text)
    assert shown == visible(shown)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=36_000)))
def test_axis_has_few_round_ticks(span):
    axis = Axis(START, START + span)
    assert len(axis.ticks()) <= 5
    assert round_step(span, 56) * 56 >= span - timedelta(seconds=1)


def test_every_hostile_text_is_visible():
    assert all(visible(text).isprintable() for text in HOSTILE)


def test_prompts_are_shown_line_by_line_only_where_given():
    result, activity = example_scan()
    example = result.campaigns[0].examples[0].exchange_id
    text = "first <b>line</b>\nsecond\u202eline\n" + "y" * 900
    shown = rendered(result, activity, prompts={example: text})
    assert "first &lt;b&gt;line&lt;/b&gt;<br>second\\u202eline<br>yyy" in shown
    assert "more characters)" in shown
    assert "at the operator" in shown
    assert "first" + " &lt;b" not in rendered(result, activity)


def test_look_alikes_and_weak_groups_are_told_apart(pages):
    _, after = pages["example"].split('id="explained"', 1)
    explained, weak = after.split("fell short of the evidence asked for", 1)
    assert "classroom" in explained
    assert "the evidence together is too weak" in weak.split("</details>")[0]
    assert "the evidence together is too weak" not in explained


def test_network_is_capped_and_the_same_each_time():
    item = example_scan()[0].campaigns[0]
    wide = Entity("card", "card 00", tuple(f"a{i}" for i in range(64)), 900, 3)
    many = tuple(dataclasses.replace(wide, name=f"card {i}") for i in range(60))
    drawn = network(dataclasses.replace(item, entities=many))
    assert drawn == network(dataclasses.replace(item, entities=many))
    assert (len(drawn.values), len(drawn.dots), drawn.hidden_values) == (16, 60, 44)
    assert drawn.hidden_dots == 4
    assert all(0 <= spot.x <= 100 and 0 <= spot.y <= drawn.height for spot in drawn.dots)
    assert network(dataclasses.replace(item, entities=())) is None


def test_votes_stand_beside_their_null():
    item = example_scan()[0].campaigns[0]
    rows = {row.family: row for row in votes(item, 11.0).rows}
    assert rows["identity"].beyond
    assert not rows["lifecycle"].beyond
    assert rows["identity"].places == tuple(sorted(rows["identity"].places))
    assert rows["intelligence"].null == ()
