from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.cli.example_prompts import prompts_of, refuse_prompts
from stillwatch.errors import ConfigurationError

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from example_scan import example_scan


def test_prompts_are_refused_where_there_are_none():
    with pytest.raises(ConfigurationError, match="hold no prompts"):
        refuse_prompts("observed", observed=True, asked=True)
    with pytest.raises(ConfigurationError, match="only once"):
        refuse_prompts("-", observed=False, asked=True)
    refuse_prompts("-", observed=True, asked=False)


def test_only_the_prompts_of_examples_are_read_and_only_when_asked(tmp_path):
    result, _ = example_scan()
    examples = [e.exchange_id for e in result.campaigns[0].examples]
    ids = [*examples, "another"]
    start = datetime(2026, 9, 1, tzinfo=UTC)
    table = pa.table(
        {
            "time": pa.array([start] * len(ids), pa.timestamp("us", "UTC")),
            "exchange_id": ids,
            "account_id": ["a"] * len(ids),
            "model": ["large-4"] * len(ids),
            "prompt": [f"prompt of {i}" for i in ids],
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    one = dataclasses.replace(result, campaigns=result.campaigns[:1])
    found = prompts_of(one, str(tmp_path / "log.parquet"), None, None, asked=True)
    assert found == {i: f"prompt of {i}" for i in examples}
    assert prompts_of(one, "absent", None, None, asked=False) == {}
