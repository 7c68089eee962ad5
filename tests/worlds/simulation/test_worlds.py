"""Whole worlds: columns, counts, determinism, registries, regimes, providers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.simulate import command
from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.records import ACCOUNT, ACCOUNT_EVENT, EXCHANGE, PROVIDER_EVENT
from stillwatch.worlds.simulation.adversaries import ADVERSARIES
from stillwatch.worlds.simulation.building import Settings, simulate
from stillwatch.worlds.simulation.cohorts import COHORTS
from stillwatch.worlds.simulation.interface import LANGUAGES


def _digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _log(folder):
    files = sorted(folder.glob("exchanges/*/*.parquet"))
    return pa.concat_tables([pq.ParquetFile(file).read() for file in files])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds") / "world"
    built = simulate(Settings(folder, 12_000, 3, accounts=600, prevalence=0.1))
    assert built[0].exchanges == 12_000
    return folder


def test_same_seed_gives_the_same_bytes(world, tmp_path):
    simulate(Settings(tmp_path / "again", 12_000, 3, accounts=600, prevalence=0.1))
    assert _digests(tmp_path / "again") == _digests(world)


def test_another_seed_gives_another_world(world, tmp_path):
    simulate(Settings(tmp_path / "other", 12_000, 4, accounts=600, prevalence=0.1))
    ours, theirs = _digests(world), _digests(tmp_path / "other")
    assert all(ours[name] != theirs[name] for name in ours.keys() & theirs.keys())


def test_tables_have_the_columns_of_the_records(world):
    expected = {
        "accounts": [f.name for f in ACCOUNT],
        "account_events": [f.name for f in ACCOUNT_EVENT],
        "provider_events": [f.name for f in PROVIDER_EVENT],
        "identifiers": ["account_id", "type", "value", "valid_from"],
        "truth_accounts": ["account_id", "cohort", "campaign", "kind", "language"],
        "truth_exchanges": ["exchange_id", "harvest"],
    }
    for name, columns in expected.items():
        assert pq.read_schema(world / f"{name}.parquet").names == columns
    log = _log(world).schema
    for field in EXCHANGE:
        if field.name not in ("response", "messages"):
            assert log.field(field.name).type == field.type


def test_readme_documents_every_column(world):
    words = (world / "README.md").read_text()
    for path in world.glob("*.parquet"):
        assert all(f"| {name} |" in words for name in pq.read_schema(path).names)
    assert all(f"| {name} |" in words for name in _log(world).column_names)


def test_required_fields_are_never_missing(world):
    log = _log(world)
    for field in EXCHANGE:
        if field.required:
            assert log[field.name].null_count == 0
    assert all(prompt.strip() for prompt in log["prompt"].to_pylist())


def test_optional_fields_are_partly_missing(world):
    log, accounts = _log(world), pq.read_table(world / "accounts.parquet")
    for name in ("max_tokens", "temperature", "conversation_id", "tls_fingerprint", "ip"):
        assert 0 < log[name].null_count < len(log)
    for name in ("payment_fingerprint", "phone_hash", "device_fingerprint", "email_domain"):
        assert 0 < accounts[name].null_count < len(accounts)


def test_every_account_and_exchange_has_its_truth(world):
    truth = pq.read_table(world / "truth_accounts.parquet")
    log = _log(world)
    assert set(log["account_id"].to_pylist()) <= set(truth["account_id"].to_pylist())
    harvest = pq.read_table(world / "truth_exchanges.parquet")
    assert harvest["exchange_id"].equals(log["exchange_id"])
    rows = truth.to_pylist()
    assert all((row["kind"] == "attack") == (row["campaign"] is not None) for row in rows)
    assert {row["kind"] for row in rows} == {"benign", "attack", "grey"}
    hostile = {row["account_id"] for row in rows if row["kind"] == "attack"}
    taken = harvest["harvest"].to_pylist()
    senders = log["account_id"].to_pylist()
    assert all(sender in hostile for sender, taken in zip(senders, taken, strict=True) if taken)


def test_days_hold_their_own_exchanges(world):
    for part in world.glob("exchanges/*/*.parquet"):
        day = part.parent.name.removeprefix("day=")
        times = pq.ParquetFile(part).read(["time"])["time"].cast(pa.date32()).to_pylist()
        assert {time.isoformat() for time in times} == {day}


@pytest.mark.parametrize("population", COHORTS, ids=lambda p: p.slug)
def test_cohort_alone(population, tmp_path):
    accounts = max(60, 2 * population.group)
    built = simulate(
        Settings(
            tmp_path / "w", 1_500, 8, accounts=accounts, cohorts=(population.slug,), adversaries=()
        )
    )
    assert built[0].harvest == 0
    truth = pq.read_table(tmp_path / "w" / "truth_accounts.parquet")
    assert set(truth["cohort"].to_pylist()) == {population.slug}
    assert set(truth["kind"].to_pylist()) == {population.kind}
    assert set(truth["language"].to_pylist()) <= set(LANGUAGES)
    spoke = set(_log(tmp_path / "w")["account_id"].to_pylist())
    assert len(spoke) >= 0.6 * len(truth)


@pytest.mark.parametrize("population", ADVERSARIES, ids=lambda p: p.slug)
def test_adversary_alone(population, tmp_path):
    settings = Settings(
        tmp_path / "w",
        6_000,
        8,
        accounts=300,
        cohorts=("casual", "developers"),
        adversaries=(population.slug,),
        prevalence=max(0.1, 1.5 * population.group / 300),
    )
    assert simulate(settings)[0].harvest > 0
    truth = pq.read_table(tmp_path / "w" / "truth_accounts.parquet").to_pylist()
    campaigns = {row["campaign"] for row in truth if row["kind"] == "attack"}
    assert campaigns == {f"{population.slug}-1"}


def test_registries_are_documented_and_distinct():
    slugs = [p.slug for p in (*COHORTS, *ADVERSARIES)]
    assert len(set(slugs)) == len(slugs)
    for population in (*COHORTS, *ADVERSARIES):
        assert population.doc
        assert population.share > 0
        assert population.intensity > 0
        assert population.group >= 1


def test_small_regime_bounds_campaigns(tmp_path):
    simulate(Settings(tmp_path / "w", 20_000, 6, accounts=2_000, prevalence=0.2, regime="small"))
    truth = pq.read_table(tmp_path / "w" / "truth_accounts.parquet")["campaign"].drop_null()
    sizes = np.unique(truth.to_pylist(), return_counts=True)[1]
    assert sizes.min() >= 2
    assert sizes.max() <= 200


def test_people_regime_differs_in_text_alone(tmp_path):
    worlds = {}
    for regime in ("ordinary", "people"):
        folder = tmp_path / regime
        simulate(Settings(folder, 6_000, 6, accounts=300, prevalence=0.2, regime=regime))
        worlds[regime] = _log(folder)
    same = worlds["ordinary"]["exchange_id"].equals(worlds["people"]["exchange_id"])
    assert same
    assert not worlds["ordinary"]["prompt"].equals(worlds["people"]["prompt"])


def test_providers_share_one_rotating_actor(tmp_path):
    built = simulate(
        Settings(
            tmp_path / "w",
            4_000,
            2,
            accounts=200,
            adversaries=("rotation",),
            prevalence=0.1,
            providers=2,
        )
    )
    assert [b.folder.name for b in built] == ["provider-a", "provider-b"]
    ids = []
    for one in built:
        truth = pq.read_table(one.folder / "truth_accounts.parquet")
        assert "rotation-1" in truth["campaign"].to_pylist()
        ids.append(set(truth["account_id"].to_pylist()))
    assert not ids[0] & ids[1]


def test_many_languages_are_spoken(world):
    spoken = pq.read_table(world / "truth_accounts.parquet")["language"].to_pylist()
    assert len(set(spoken)) >= 15
    assert spoken.count("en") / len(spoken) < 0.5


def test_part_of_everyone_moves_to_the_new_model(world):
    log = _log(world)
    event = pq.read_table(world / "provider_events.parquet").to_pylist()
    release = next(e for e in event if e["type"] == "model_release")
    times = log["time"].cast(pa.int64()).to_numpy()
    new = np.asarray(log["model"].to_pylist()) == release["model"]
    after = times >= release["time"].timestamp() * 1e6
    assert not new[~after].any()
    assert 0.1 < new[after].mean() < 0.7


def test_unknown_names_and_ranges_are_refused(tmp_path):
    for wrong in (
        {"cohorts": ("nobody",)},
        {"adversaries": ("nobody",)},
        {"days": 0},
        {"regime": "easy"},
        {"prevalence": 2.0},
    ):
        with pytest.raises(ConfigurationError):
            simulate(Settings(tmp_path / "w", 100, 1, **wrong))


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(OutputError):
        simulate(Settings(tmp_path, 100, 1))
    assert (tmp_path / "mine").read_text() == "kept"


def test_command_line(tmp_path):
    words = ["--out", str(tmp_path / "w"), "--exchanges", "800", "--seed", "1", "--days", "5"]
    result = CliRunner().invoke(command, [*words, "--adversaries", "none", "--json"])
    assert result.exit_code == 0, result.output
    assert '"exchanges": 800' in result.output
    assert len(list((tmp_path / "w" / "exchanges").iterdir())) == 5


def test_reference_has_a_row_for_every_population():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "simulation.md").read_text()
    for cohort in COHORTS:
        row = f"| `{cohort.slug}` | {cohort.share:g} | {cohort.intensity:g} | {cohort.doc} |"
        assert row in page
    for adversary in ADVERSARIES:
        row = f"| `{adversary.slug}` | {adversary.group} | {adversary.intensity:g} "
        assert f"{row}| {adversary.doc} |" in page
    for option in command.params:
        assert f"`{option.opts[0]}`" in page
