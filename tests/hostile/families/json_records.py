"""JSON that nests, repeats, swells or is not an object."""

from __future__ import annotations

import json

from materials import jsonl, raw, row
from running import Case, three

FORMAT, COLUMN, ROWS = "InputFormatError", "MissingColumnError", "NoUsableRowsError"
DEEP = "[" * 100_000 + "]" * 100_000


def _rows(*rows):
    return lambda folder: three(jsonl(folder, rows))


def _with(number, name, text):
    """Return a row with a value that is JSON already."""
    return json.dumps(row(number))[:-1] + f', "{name}": {text}}}'


def _whole(text, name="log.json", *options):
    return lambda folder: three(raw(folder, text, name), *options)


BAD = "unreadable-record"
DEPTH = [
    Case("json-depth", "line", _rows(row(), DEEP, row(1)), good=2, bad={BAD: 1}),
    Case("json-depth", "messages", _rows(row(), _with(1, "messages", DEEP)), good=1, bad={BAD: 1}),
    Case(
        "json-depth",
        "objects",
        _rows(row(), '{"a":' * 50_000 + "1" + "}" * 50_000),
        good=1,
        bad={BAD: 1},
    ),
    Case("json-depth", "document", _whole("[{" + '"a":[{' * 90_000), FORMAT, "JSON"),
    Case(
        "json-depth",
        "messages-as-text",
        _rows(row(), row(1, prompt=..., messages=DEEP)),
        good=1,
        bad={"missing-value": 1},
        cells={"unreadable-messages": 1},
    ),
]
NUMBERS = [
    Case(
        "json-numbers",
        "million-digits",
        _rows(row(), _with(1, "input_tokens", "9" * 1_000_000)),
        good=1,
        bad={BAD: 1},
    ),
    Case(
        "json-numbers",
        "huge-exponent",
        _rows(row(), _with(1, "input_tokens", "1e999999")),
        good=2,
        cells={"not-a-number": 1},
    ),
    Case(
        "json-numbers",
        "not-json",
        _rows(
            row(),
            _with(1, "temperature", "Infinity"),
            _with(2, "temperature", "NaN"),
            _with(3, "temperature", "-Infinity"),
        ),
        good=4,
        cells={"not-a-number": 2},
    ),
    Case(
        "json-numbers",
        "beyond-int64",
        _rows(
            row(),
            *(
                _with(i, "output_tokens", text)
                for i, text in enumerate(
                    (
                        "9223372036854775808",
                        "-9223372036854775809",
                        "18446744073709551616",
                        "1e18",
                        "1e19",
                    ),
                    1,
                )
            ),
        ),
        good=6,
        cells={"not-a-number": 4},
    ),
    Case(
        "json-numbers",
        "time-digits",
        _rows(row(), row(1, time=...) | {"time": 10**4000}),
        good=1,
        bad={"unreadable-time": 1},
    ),
]
LONG = [
    Case(
        "json-length",
        "line-of-70-MiB",
        _rows(row(), b"x" * (70 << 20), row(1)),
        good=2,
        bad={BAD: 1},
    ),
    Case(
        "json-length",
        "no-line-end",
        _rows(row(), b'{"prompt": "' + b"x" * (70 << 20)),
        good=1,
        bad={BAD: 1},
    ),
    Case(
        "json-length",
        "line-of-small-things",
        _rows(row(), _with(1, "extra", "[" + "{}," * (12 << 20) + "{}]"), row(2)),
        good=2,
        bad={BAD: 1},
        mebibytes=700,
    ),
    Case("json-length", "key-of-10-MB", _rows(row(), {**row(1), "k" * 10_000_000: 1}), good=2),
    Case(
        "json-length",
        "document-of-small-things",
        lambda folder: three(raw(folder, b"[" + b"{}," * (20 << 20) + b"{}]", "log.json")),
        FORMAT,
        mebibytes=700,
    ),
]
KEYS = [
    Case(
        "json-keys",
        "repeated",
        _rows(
            '{"time": 1, "time": 1767323045, "exchange_id": "x", '
            '"account_id": "a", "model": "m", "prompt": "p", "prompt": "q"}'
        ),
        good=1,
    ),
    Case(
        "json-keys",
        "look-alike",
        _rows(row(1, prompt=..., prоmpt="p", Prompt="p")),
        COLUMN,
        "prompt",
    ),
    Case(
        "json-keys",
        "million-names",
        _rows(*({**row(i), **{f"k{i}-{j}": 1 for j in range(400)}} for i in range(2_500))),
        good=2_500,
    ),
    Case(
        "json-keys",
        "nested-names",
        _rows(
            *(
                {**row(i), "m": {f"k{i}-{j}": {"a": 1, "b": 2} for j in range(400)}}
                for i in range(2_500)
            )
        ),
        good=2_500,
        mebibytes=400,  # a million small objects within one column
    ),
    Case("json-keys", "steering", _rows({"\x1b[2Jtime": 1, "tim\u202ee": 2}), COLUMN, "time"),
]
KINDS = [
    Case(
        "json-not-objects",
        "mixed-lines",
        _rows(row(), "[]", '"a"', "7", "null", "true", row(1)),
        good=2,
        bad={BAD: 5},
    ),
    Case("json-not-objects", "list-of-others", _whole("[{}, 1, null, []]"), COLUMN),
    Case(
        "json-not-objects",
        "object-over-lines",
        _whole(json.dumps(row(), indent=1), "log.jsonl"),
        COLUMN,
    ),
    Case(
        "json-not-objects",
        "two-on-a-line",
        _rows(row(), json.dumps(row(1)) * 2),
        good=1,
        bad={BAD: 1},
    ),
    Case("json-not-objects", "python", _rows(row(), str(row(1))), good=1, bad={BAD: 1}),
]


def _span(**changed):
    span = {
        "traceId": "t",
        "spanId": "s",
        "startTimeUnixNano": "1767323045000000000",
        "attributes": [
            {"key": k, "value": {"stringValue": v}}
            for k, v in (("gen_ai.request.model", "m"), ("user.id", "a"), ("gen_ai.prompt", "p"))
        ],
    }
    return {**span, **changed}


def _spans(*spans):
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})


def _nested(value, levels):
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


OTLP = [
    Case("traces", "not-lists", _whole('{"resourceSpans": {"a": 1}}'), FORMAT, "no GenAI span"),
    Case("traces", "odd-spans", _whole(_spans(_span(), 7, None, [], "x")), good=1, bad={BAD: 4}),
    Case(
        "traces",
        "deep-values",
        _whole(
            _spans(
                _span(),
                _span(
                    spanId="s2",
                    attributes=[
                        *_span()["attributes"],
                        {
                            "key": "gen_ai.output.messages",
                            "value": _nested({"stringValue": "v"}, 150),
                        },
                    ],
                ),
            )
        ),
        good=2,
    ),
    Case(
        "traces",
        "odd-attributes",
        _whole(
            _spans(
                _span(),
                _span(spanId="s2", attributes=7),
                _span(
                    spanId="s3",
                    attributes=[
                        7,
                        {},
                        {"key": 1},
                        {"key": "gen_ai.prompt", "value": []},
                        *_span()["attributes"],
                    ],
                ),
            )
        ),
        good=2,
    ),
    Case(
        "traces",
        "huge-index",
        _whole(
            _spans(
                _span(),
                _span(
                    spanId="s2",
                    attributes=[
                        *(a for a in _span()["attributes"] if a["key"] != "gen_ai.prompt"),
                        {
                            "key": "gen_ai.prompt.99999999999999999999.content",
                            "value": {"stringValue": "p"},
                        },
                        {
                            "key": "gen_ai.prompt.99999999999999999999.role",
                            "value": {"stringValue": "user"},
                        },
                    ],
                ),
            )
        ),
        good=1,
        bad={"missing-value": 1},
    ),
]

CASES = (*DEPTH, *NUMBERS, *LONG, *KEYS, *KINDS, *OTLP)
