"""Texts that are not text, that never end, or that mean something to what shows them."""

from __future__ import annotations

import html.parser
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
from materials import jsonl, parquet, row, table
from running import Case, three

UTF8, CUT, BADID, BADLINE = "invalid-utf8", "oversize-text", "bad-id", "unreadable-record"


def _rows(*rows):
    return lambda folder: three(jsonl(folder, rows))


def _with(number, name, raw):
    """Return a row with a text of these bytes."""
    held = json.dumps(row(number, **{name: "@"})).encode()
    return held.replace(b'"@"', b'"' + raw + b'"')


BAD = b"a\xff\xfe\xc0\x80z"
BYTES = [
    Case("not-utf8", "prompt", _rows(row(), _with(1, "prompt", BAD)), good=2, cells={UTF8: 1}),
    Case(
        "not-utf8",
        "ids",
        _rows(row(), _with(1, "account_id", BAD), _with(2, "exchange_id", BAD)),
        good=1,
        bad={BADID: 2},
    ),
    Case(
        "not-utf8",
        "names-of-columns",
        _rows(row(), json.dumps(row(1)).encode()[:-1] + b', "\xff": 1}'),
        good=2,
    ),
    Case(
        "not-utf8",
        "every-text",
        _rows(
            row(),
            *(
                _with(i, name, BAD)
                for i, name in enumerate(
                    ("model", "system_prompt", "user_agent", "response", "conversation_id"), 1
                )
            ),
        ),
        good=6,
        cells={UTF8: 5},
    ),
    Case(
        "not-utf8",
        "parquet",
        lambda f: three(parquet(f, table(3, prompt=_not_text(BAD, b"p", b"\xed\xa0\x80")))),
        good=3,
        cells={UTF8: 2},
    ),
]


def _not_text(*values):
    held = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(held), held.buffers())


LONE = [
    Case(
        "lone-surrogates",
        name,
        _rows(row(), _with(1, column, b"a\\ud800b\\udfff")),
        good=good,
        bad=bad,
        cells=cells,
    )
    for name, column, good, bad, cells in (
        ("account", "account_id", 1, {BADID: 1}, {}),
        ("exchange", "exchange_id", 1, {BADID: 1}, {}),
        ("prompt", "prompt", 2, {}, {UTF8: 1}),
        ("model", "model", 2, {}, {UTF8: 1}),
    )
] + [
    Case(
        "lone-surrogates",
        "messages",
        _rows(
            row(),
            row(1, prompt=..., messages=json.dumps([{"role": "user", "content": "a\ud800b"}])),
        ),
        good=2,
    ),
]
NUL = [
    Case("nul-bytes", "account", _rows(row(), row(1, account_id="a\0b")), good=1, bad={BADID: 1}),
    Case("nul-bytes", "exchange", _rows(row(), row(1, exchange_id="\0")), good=1, bad={BADID: 1}),
    Case("nul-bytes", "prompt", _rows(row(), row(1, prompt="a\0b" * 999)), good=2),
    Case("nul-bytes", "whole-file", lambda f: three(_zero_file(f)), "InputFormatError"),
    Case(
        "nul-bytes", "between-lines", _rows(row(), b"\0" * 5_000, row(1)), good=2, bad={BADLINE: 1}
    ),
]


def _zero_file(folder):
    (folder / "log.jsonl").write_bytes(bytes(100_000))
    return "log.jsonl"


LONG = [
    Case(
        "long-text",
        name,
        _rows(row(), row(1, **{name: "word " * 1_000_000})),
        good=2,
        cells={CUT: 1},
    )
    for name in ("prompt", "system_prompt", "response")
] + [
    Case(
        "long-text",
        "messages",
        _rows(
            row(),
            row(
                1,
                prompt=...,
                messages=json.dumps([{"role": "user", "content": "word " * 1_000_000}] * 3),
            ),
        ),
        good=2,
        cells={CUT: 2},
    ),
    Case(
        "long-text",
        "hundred-prompts",
        lambda f: three(
            jsonl(f, (row(i, prompt=f"{i} " + "long words " * 95_000) for i in range(100)))
        ),
        good=100,
        seconds=60,
        mebibytes=600,
    ),
]


def _prompts(*texts):
    return _rows(*(row(i, prompt=text) for i, text in enumerate(texts)))


SAME = [
    Case(
        "one-sign",
        "blank",
        _prompts(" " * 1_000_000, "\t\n" * 500_000, "\u3000" * 300_000, ""),
        good=4,
    ),
    Case(
        "one-sign", "letter", _prompts("a" * 1_000_000, "a" * 999_999, "\u4e00" * 300_000), good=3
    ),
    Case(
        "one-sign",
        "marks",
        _prompts("e" + "\u0301" * 400_000, "\u200b" * 300_000, "\ufe0f\u200d" * 150_000),
        good=3,
    ),
    Case(
        "one-sign",
        "line-ends",
        _prompts("\n" * 1_000_000, "\r\n" * 500_000, ".\n" * 500_000),
        good=3,
    ),
    Case(
        "one-sign",
        "digits",
        _prompts("7" * 1_000_000, "1 2 3 " * 150_000, "\u0661" * 400_000),
        good=3,
    ),
]

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=//x.example onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></svg></td><iframe src=javascript:alert(1)>",
    "<!--<!DOCTYPE html><base href=//x.example>",
)
FORMULA = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1+1)", '\t=HYPERLINK("//x.example")')
TERMINAL = ("\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x9b31m", "a\rb", "\x1bP$q\x1b\\")
TEMPLATE = ("{{ 7*7 }}", "{% raw %}", "${7*7}", "%s%s%n", "{0.__class__}")
STYLE = (
    "javascript:alert(1)",
    "expression(alert(1))",
    "url(//x.example/a.css)",
    "}*{background:url(//x)}",
    "&#60;script&#62;",
)


class Page(html.parser.HTMLParser):
    """Gathers what a browser would act on."""

    def __init__(self):
        super().__init__()
        self.tags = set()
        self.attributes = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def _inert(folder, outcomes):
    """Check the report, the tables and what the show commands print."""
    text = (folder / "out" / "report.html").read_text("utf-8")
    page = Page()
    page.feed(text)
    assert not page.tags & {
        "script",
        "iframe",
        "img",
        "object",
        "embed",
        "base",
        "form",
        "link",
        "a\x00",
    }
    for name, value in page.attributes:
        assert not name.startswith("on"), name
        if not (value or "").startswith("default-src 'none'"):  # the page's own policy
            assert not re.search(r"(?i)javascript:|//|data:|expression", value or ""), (name, value)
    shown = "".join(page.text)
    assert "49" not in {part.strip() for part in page.text if "7*7" in part}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", shown)
    document = json.loads((folder / "out" / "campaigns.json").read_text("ascii"))
    assert document["campaigns"], "nothing was declared: the case shows nothing"
    table_ = pq.read_table(folder / "out" / "verdicts.parquet")
    assert table_["campaign_id"].null_count < len(table_)
    for path in (folder / "out").glob("*.csv"):
        for line in path.read_text("utf-8").splitlines():
            for cell in line.split(","):
                assert not re.match(r'"?[=+@\t\r]|"?-\D', cell), cell


def _attacked(values):
    """Return the commands of a scan in which a campaign's every text is hostile."""

    def make(folder):
        from attacked import attacked_world  # noqa: PLC0415 - it simulates when first asked

        exchanges, accounts, members = attacked_world(values)
        pq.write_table(exchanges, folder / "log.parquet")
        pq.write_table(accounts, folder / "accounts.parquet")
        scan = [
            "scan",
            "log.parquet",
            "--accounts",
            "accounts.parquet",
            "--out",
            "out",
            "--step",
            "6",
        ]
        shows = [["account", "show", "--out", "out", "--", members[i]] for i in range(6)]
        return [scan, ["campaigns", "list", "--out", "out"], *shows]

    return make


INJECTION = [
    Case("injection", name, _attacked(values), after=_inert, seconds=90, mebibytes=400)
    for name, values in (
        ("markup", MARKUP),
        ("formula", FORMULA),
        ("terminal", TERMINAL),
        ("template", TEMPLATE),
        ("style", STYLE),
    )
]

CASES = (*BYTES, *LONE, *NUL, *LONG, *SAME, *INJECTION)
