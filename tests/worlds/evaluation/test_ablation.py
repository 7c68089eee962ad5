from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from world_files import Row, write_verdicts, write_world

from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.worlds.evaluation.ablation import ablations, degradations, run_cases, table
from stillwatch.worlds.evaluation.variations import MISSING, NOISY, Variation, write_variation

ROWS = [
    Row("a1", "wide", "attack", "A", sends=[(0, True)], extra={"phone_hash": "h", "plan": "x1"}),
    Row("a2", "wide", "attack", "A", sends=[(30, True)], extra={"phone_hash": "h", "plan": "x2"}),
    Row("n1", "people", "benign", sends=[(3, False)], extra={"plan": "x3"}),
    Row("n2", "people", "benign", sends=[(4, False)], extra={"plan": "x4"}),
]


@pytest.fixture
def world(tmp_path):
    return write_world(tmp_path / "w", ROWS)


def columns(world, name="accounts.parquet"):
    return pq.ParquetFile(world / name).schema_arrow.names


def test_columns_are_dropped_and_the_rest_stays(world, tmp_path):
    lacking = Variation("x", exchanges=("output_tokens",), accounts=("phone_hash",))
    copy = write_variation(world, tmp_path / "c", lacking)
    parts = [p.relative_to(world) for p in sorted(world.rglob("part-0.parquet"))]
    assert [p.relative_to(copy) for p in sorted(copy.rglob("part-0.parquet"))] == parts
    for part in parts:
        before = pq.ParquetFile(world / part).read()
        assert pq.ParquetFile(copy / part).read().equals(before.drop_columns(["output_tokens"]))
    assert columns(copy) == ["account_id", "plan"]
    for name in ("truth_accounts.parquet", "truth_exchanges.parquet"):
        assert (copy / name).read_bytes() == (world / name).read_bytes()


def test_noise_moves_labels_and_keeps_their_counts(world, tmp_path):
    copy = write_variation(world, tmp_path / "c", Variation("x", noise=1.0), seed=1)
    before = pq.ParquetFile(world / "accounts.parquet").read()
    after = pq.ParquetFile(copy / "accounts.parquet").read()
    assert after["plan"].to_pylist() != before["plan"].to_pylist()
    assert sorted(after["plan"].to_pylist()) == ["x1", "x2", "x3", "x4"]
    assert after["phone_hash"].equals(before["phone_hash"])  # no label


def test_files_are_left_out(world, tmp_path):
    pq.write_table(
        pq.ParquetFile(world / "accounts.parquet").read(), world / "account_events.parquet"
    )
    kept = write_variation(world, tmp_path / "kept", Variation("x"))
    assert (kept / "account_events.parquet").is_file()
    both = ("account_events.parquet", "accounts.parquet")
    left = write_variation(world, tmp_path / "l", Variation("x", files=both))
    assert not [name for name in both if (left / name).exists()]


def test_what_cannot_be_varied(world, tmp_path):
    with pytest.raises(ConfigurationError):
        write_variation(world, tmp_path / "c", Variation("x", exchanges=("prompt",)))
    with pytest.raises(OutputError):
        write_variation(world, world, Variation("x"))


def test_families_name_their_own_columns():
    named = {v.name: v for v in MISSING}
    assert named["no identity columns"].accounts == (
        "payment_fingerprint",
        "phone_hash",
        "device_fingerprint",
    )
    assert named["no network columns"].exchanges == ("ip", "asn")
    assert named["no client columns"].exchanges == ("user_agent", "tls_fingerprint")
    both = {"ip", "asn", "user_agent", "tls_fingerprint"}
    assert set(named["no network or client columns"].exchanges) == both
    assert [v.noise for v in NOISY] == [0.02, 0.1, 0.3]


def test_cases_are_scanned_and_judged(world, tmp_path):
    asked = []

    def scan(scanned, /, **options):
        """Find accounts by their phone; nothing without the family or the column."""
        asked.append(options)
        table = pq.ParquetFile(scanned / "accounts.parquet").read()
        shared = "phone_hash" in table.column_names and "identity" not in options.get(
            "without_families", ()
        )
        rows = [
            (a, "p" if hit else None, 5.0 if hit else None, float(hit))
            for a, hit in (
                (r["account_id"], shared and r["phone_hash"] == "h") for r in table.to_pylist()
            )
        ]
        return write_verdicts(tmp_path / f"v{len(asked)}.parquet", rows)

    cases = (
        *ablations(["identity", "rhythm"], ["phones"]),
        *degradations([v for v in MISSING if v.name.startswith("no identity")]),
    )
    results = run_cases(scan, [world, world], cases, tmp_path / "work")
    recall = {name: e.detection.macro_recall for name, e in results.items()}
    assert recall == {
        "whole": 1.0,
        "without identity": 0.0,
        "without rhythm": 1.0,
        "identity alone": 1.0,
        "rhythm alone": 0.0,
        "without phones": 1.0,
        "no identity columns": 0.0,
    }
    assert asked[0] == {}
    assert not list((tmp_path / "work").glob("*"))
    shown = table(results)
    assert shown.rows[1][:3] == ("without identity", "+100.0", "0.000")
