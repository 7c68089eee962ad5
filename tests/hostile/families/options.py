"""Options out of range, and worlds and results that are not what they say."""

from __future__ import annotations

import json

import pyarrow as pa
from materials import jsonl, parquet, raw, row
from running import Case

CONFIG, FORMAT, ABSENT, COLUMN = (
    "ConfigurationError",
    "InputFormatError",
    "SourceNotFoundError",
    "MissingColumnError",
)


def _scan(*options):
    return lambda folder: [["scan", jsonl(folder, [row()]), "--out", "out", *options]]


SCAN = [
    Case("scan-options", "no-rate", _scan("--alpha", "nan"), CONFIG, "alpha"),
    Case("scan-options", "endless-step", _scan("--step", "9" * 30), CONFIG, "step"),
    Case("scan-options", "no-time", _scan("--as-of", "9999-99-99"), "usage"),
    Case(
        "scan-options",
        "before-the-log",
        _scan("--as-of", "0001-01-01"),
        after=lambda f, _: _written(f),
    ),
    Case("scan-options", "steering-format", _scan("--format", "\x1b[2J\u202e"), CONFIG, "format"),
]


def _written(folder):
    assert (folder / "out" / "campaigns.json").exists()


def _simulate(*options):
    return lambda _: [["simulate", "--out", "world", *options]]


SIMULATE = [
    Case("simulate-options", "nothing", _simulate("--exchanges", "0"), CONFIG),
    Case("simulate-options", "below-nothing", _simulate("--exchanges", "-5"), CONFIG),
    Case(
        "simulate-options",
        "no-share",
        _simulate("--exchanges", "100", "--prevalence", "nan"),
        CONFIG,
    ),
    Case(
        "simulate-options",
        "unknown-cohort",
        _simulate("--exchanges", "100", "--cohorts", "\x1b[2Jx"),
        CONFIG,
    ),
    Case("simulate-options", "no-days", _simulate("--exchanges", "100", "--days", "-1"), CONFIG),
]


def _shown(content):
    def make(folder):
        (folder / "out").mkdir()
        raw(folder / "out", content, "campaigns.json")
        return [["campaigns", "list", "--out", "out"], ["account", "show", "a", "--out", "out"]]

    return make


RESULTS = [
    Case("results", "none", lambda _: [["campaigns", "list", "--out", "out"]], ABSENT),
    Case("results", "deep", _shown("[" * 200_000), FORMAT),
    Case("results", "bytes", _shown(bytes(range(256))), FORMAT),
    Case(
        "results",
        "other-types",
        _shown(json.dumps({"schema_version": 1, "scan": [], "files": 7, "campaigns": "x"})),
        FORMAT,
    ),
    Case(
        "results", "steering", _shown(json.dumps({"schema_version": "\x1b[2J\u202e" * 500})), FORMAT
    ),
]


def _world(truth, *options):
    def make(folder):
        (folder / "world").mkdir()
        parquet(folder / "world", truth, "truth_accounts.parquet")
        return [["evaluate", "world", "verdicts.parquet", *options]]

    return make


TRUTH = {
    "account_id": ["a", "b"],
    "cohort": ["c", "c"],
    "campaign": [None, None],
    "kind": ["benign", "benign"],
}
EVALUATE = [
    Case("evaluate", "no-world", lambda _: [["evaluate", "nowhere", "nowhere"]], ABSENT),
    Case("evaluate", "odd-paths", lambda _: [["evaluate", "one"]], CONFIG, "pairs"),
    Case(
        "evaluate", "accounts-twice", _world(pa.table({**TRUTH, "account_id": ["a", "a"]})), FORMAT
    ),
    Case(
        "evaluate",
        "unknown-kind",
        _world(pa.table({**TRUTH, "kind": ["\x1b[2J", "benign"]})),
        FORMAT,
    ),
    Case("evaluate", "no-rates", _world(pa.table(TRUTH), "--base-rates", "a,b"), CONFIG),
]


def _mark(content):
    def make(folder):
        (folder / "obs").mkdir()
        raw(folder / "obs", content, "observations.json")
        return [["scan", "obs", "--out", "out"], ["scan", "obs", "--check"]]

    return make


def _said(**changed):
    return json.dumps({"stillwatch_observations": "3", "key": "none", "parts": [], **changed})


OBSERVED = [
    Case(
        "observation-marks",
        "path-outside",
        _mark(_said(parts=[{"path": "../../etc/passwd", "rows": 1}])),
        FORMAT,
    ),
    Case(
        "observation-marks",
        "rows-of-text",
        _mark(_said(parts=[{"path": "day=2026-01-01/part-00000000-000000.parquet", "rows": "9"}])),
        FORMAT,
    ),
    Case(
        "observation-marks",
        "file-gone",
        _mark(_said(parts=[{"path": "day=2026-01-01/part-00000000-000000.parquet", "rows": 9}])),
        FORMAT,
    ),
    Case(
        "observation-marks",
        "other-version",
        _mark(
            _said(
                stillwatch_observations="\x1b[2J9",
                parts=[{"path": "day=2026-01-01/part-00000000-000000.parquet", "rows": 9}],
            )
        ),
        "IncompatibleObservationsError",
    ),
    Case("observation-marks", "parts-of-text", _mark(_said(parts="all")), FORMAT),
]
CASES = (*SCAN, *SIMULATE, *RESULTS, *EVALUATE, *OBSERVED)
