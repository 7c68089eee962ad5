"""Reports: whatever an endpoint says stays words, and a control that is found is said first."""

from __future__ import annotations

import html.parser
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage import Plan
from stillwatch.prove.lineage.reporting import (
    Section,
    Table,
    as_html,
    as_markdown,
    as_text,
    document_of,
    shown,
)
from stillwatch.prove.watermark import GreenRed

PLAN = Plan(
    tests=("clipped-residuals",),
    suspects=("suspect",),
    controls=("control",),
    keys=("2026-11/flagged", "2026-11/public"),
    key_ids=("a" * 16, "b" * 16),
    public=("2026-11/public",),
    family=4,
    scheme=dict(GreenRed().settings()),
    prompts="0" * 64,
    baseline="1" * 64,
    prior=8.0,
    tokens=1000,
    looks=1,
    alpha=1e-6,
    wrong_keys=10_000,
)


def row(subject, key, log10_p):
    return {
        "test": "clipped-residuals",
        "subject": subject,
        "key": key,
        "log10_p": log10_p,
        "log10_bound": log10_p,
        "total": 1.0,
        "pairs": 10,
        "rank_among": [1, 10_001],
        "log10_adjusted": log10_p + 0.6 if subject == "suspect" else None,
        "found": subject == "suspect" and log10_p < -7,
    }


def results(flagged=-20.0, public=-0.1, control=-0.2):
    rows = [
        row("suspect", "2026-11/flagged", flagged),
        row("suspect", "2026-11/public", public),
        row("control", "2026-11/flagged", control),
        row("control", "2026-11/public", -0.3),
    ]
    return {
        "results": rows,
        "models": {},
        "committed": 1,
        "asked": 2,
        "limits": "LIMITS",
        "transcripts": {"suspect.jsonl": "2" * 64},
        "answers": {},
    }


def text_of(held, plan=PLAN):
    return as_text("title", document_of(plan, held))


def test_only_flagged_keys_found_is_told_from_public_ones_found_too():
    assert "keys of public answers are not" in text_of(results())
    both = text_of(results(public=-30.0))
    assert "A key of public answers is found too".lower() in both.lower()
    none = text_of(results(flagged=-1.0))
    assert "nothing was found" in none
    assert "public answers are not" not in none
    assert "route was not tested" in text_of(results(), replace(PLAN, public=()))


def test_a_control_that_is_found_comes_first():
    told = text_of(results(control=-5.0))
    assert told.index("A CONTROL IS FOUND") < told.index("FOUND by")
    assert "1 of 2 are at or below" in told
    assert "A CONTROL IS FOUND" not in text_of(results())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda held: held["results"].pop(),
        lambda held: held["results"].pop(0),
        lambda held: held.pop("limits"),
        lambda held: held["results"][0].pop("log10_p"),
        lambda held: held["results"][0].update(log10_p="x"),
        lambda held: held.update(results=None),
        lambda held: held["results"].append({"test": "other", "subject": "suspect"}),
    ],
)
def test_t_10_results_without_a_control_or_a_field_are_refused(spoil):
    held = json.loads(json.dumps(results()))
    held["results"] = [one for one in held["results"] if one["key"].endswith("flagged")]
    spoil(held)
    with pytest.raises(RefusedError, match="T-10"):
        document_of(PLAN, held)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.words = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, tuple(attrs)))

    def handle_data(self, data):
        self.words.append(data)


HOSTILE = [
    "<script>alert(1)</script>",
    "</td><img src=x onerror=alert(1)>",
    "| a | b |\n|---|---|",
    "# heading\n- list",
    "[a](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "<http://evil.example> www.evil.example",
    "`` ` `` **b** _i_ ~~s~~ &lt; \\",
    "\x1b[2J\x00\u202e\u2066\ufeff\ud800",
    '"; style="x',
]


def sections(words):
    return [Section(words, (words,), (words,), (Table((words, "b"), ((words, words),)),))]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_no_markup_in_any_format(words):
    check_formats(words)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_words_are_no_markup_in_any_format(words):
    check_formats(words)


def check_formats(words):
    plain, hostile = Tags(), Tags()
    plain.feed(as_html("t", sections("x")))
    hostile.feed(as_html(words, sections(words)))
    assert [tag for tag, _ in hostile.seen] == [tag for tag, _ in plain.seen]
    assert hostile.seen == plain.seen
    assert shown(words) in hostile.words or not shown(words).strip()
    shape = [one.type for one in tokens(as_markdown("t", sections("x")))]
    made = tokens(as_markdown("t", sections(f"x{words}x")))
    assert [one.type for one in made] == shape
    inline = {child.type for one in made for child in one.children or []}
    assert inline <= {"text", "text_special"}
    assert as_text("t", sections(words)).replace("\n", "").isprintable()


def tokens(markdown):
    return MarkdownIt("commonmark").enable("table").parse(markdown)


def test_long_words_are_cut():
    assert len(shown("a" * 10_000)) == 1_201
