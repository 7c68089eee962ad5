from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
import pytest

from stillwatch.worlds.simulation.adversaries import ADVERSARIES, ON_REQUEST
from stillwatch.worlds.simulation.adversaries.accounts import recycle
from stillwatch.worlds.simulation.adversaries.leaks import LEAKS, leaky
from stillwatch.worlds.simulation.adversaries.profile import combined, covered, usual
from stillwatch.worlds.simulation.building import Settings, simulate
from stillwatch.worlds.simulation.columns import ELICITATIONS, KINDS, LANGUAGES
from stillwatch.worlds.simulation.lengthening import FACTORS, lengthening

SLUGS = tuple(adversary.slug for adversary in ADVERSARIES)
OPERATED = tuple(a for a in ADVERSARIES if hasattr(a, "drawn"))
WORLD = {"exchanges": 6000, "accounts": 400, "cohorts": ("casual",), "prevalence": 0.3}


def world(tmp_path, slug, seed=3, **more):
    folder = tmp_path / f"{slug}-{seed}-{len(more)}"
    simulate(Settings(out=folder, seed=seed, adversaries=(slug,), **{**WORLD, **more}))
    exchanges = pq.read_table(folder / "exchanges").to_pylist()
    truth = {
        row["account_id"]: row
        for row in pq.read_table(folder / "truth_accounts.parquet").to_pylist()
    }
    harvest = {
        row["exchange_id"]: row["harvest"]
        for row in pq.read_table(folder / "truth_exchanges.parquet").to_pylist()
    }
    hostile = [r for r in exchanges if truth[r["account_id"]]["kind"] == "attack"]
    return folder, truth, hostile, [r for r in hostile if harvest[r["exchange_id"]]]


def opened(row):
    """Return whether the row opens a conversation, as far as its length tells."""
    return len(row["prompt"]) > 120


@pytest.mark.parametrize("slug", SLUGS)
def test_adversary_harvests_from_accounts_of_its_campaign(slug, tmp_path):
    folder, truth, hostile, taken = world(tmp_path, slug)
    attack = [row for row in truth.values() if row["kind"] == "attack"]
    assert 60 <= len(attack) <= 200
    assert all(row["campaign"] and row["campaign"].startswith(slug) for row in attack)
    assert taken
    assert len({row["account_id"] for row in taken}) >= 0.5 * len(
        {row["account_id"] for row in hostile}
    )
    created = dict(
        zip(
            *pq.read_table(folder / "accounts.parquet", columns=["account_id", "created_at"])
            .to_pydict()
            .values(),
            strict=True,
        )
    )
    assert all(row["time"] >= created[row["account_id"]] for row in hostile)
    texts = [row["prompt"] for row in taken if opened(row)]
    if slug != "probing":
        assert len(set(texts)) >= 0.99 * len(texts)


@pytest.mark.parametrize("slug", ["spread", "rotation", "hydra"])
def test_worlds_repeat_under_a_seed(slug, tmp_path):
    _, _, first, _ = world(tmp_path / "one", slug)
    _, _, second, _ = world(tmp_path / "two", slug)
    assert first == second
    _, _, third, _ = world(tmp_path, slug, seed=4)
    assert third != first


def test_registry_is_sound():
    assert len(set(SLUGS)) == len(SLUGS) == 21
    for adversary in ADVERSARIES:
        assert adversary.kind == "attack"
        assert adversary.doc.endswith(".")
        assert adversary.group >= 6
        assert adversary.share > 0
        assert adversary.intensity > 0


def test_profiles_stay_in_their_ranges():
    for seed in range(400):
        rng = np.random.default_rng(seed)
        profile = combined(usual(rng), rng)
        assert profile.family in ELICITATIONS
        assert set(profile.kinds) <= set(KINDS)
        assert set(profile.languages) <= set(LANGUAGES)
        assert 2 <= profile.reuse <= 6
        assert 3 <= profile.wordings <= 12
        assert 0 <= profile.cover <= 0.4
        assert 0.9 <= covered(profile, rng).cover <= 0.95


def test_recycled_values_serve_two_to_six():
    values = np.array([f"card{i}" for i in range(1000)], dtype=object)
    recycle(np.random.default_rng(1), values, 0.5, 6)
    _, counts = np.unique(values.astype(str), return_counts=True)
    assert counts.max() <= 6
    assert 300 < counts[counts > 1].sum() < 600


def test_low_and_wide_asks_for_little(tmp_path):
    _, truth, hostile, _ = world(tmp_path, "low-wide", exchanges=12_000)
    accounts = sum(row["kind"] == "attack" for row in truth.values())
    assert len(hostile) / accounts < 9


def test_cover_is_nine_tenths_ordinary(tmp_path):
    _, _, hostile, taken = world(tmp_path, "cover", exchanges=12_000)
    assert 0.02 < len(taken) / len(hostile) < 0.15


def test_hydra_blocks_and_replaces(tmp_path):
    folder, truth, hostile, _ = world(tmp_path, "hydra")
    events = pq.read_table(folder / "account_events.parquet").to_pylist()
    ends = {
        row["account_id"]: row["time"]
        for row in events
        if row["type"] == "blocked" and truth[row["account_id"]]["kind"] == "attack"
    }
    assert len(ends) > 20
    last = {}
    for row in hostile:
        last[row["account_id"]] = max(row["time"], last.get(row["account_id"], row["time"]))
    late = [account for account, time in ends.items() if account in last and last[account] > time]
    assert len(late) <= 3  # a random mishap may block an account earlier


def test_a_campaign_speaks_many_languages(tmp_path):
    _, _, _, taken = world(tmp_path, "polyglot")
    scripts = {
        name
        for row in taken
        for name, low, high in (("han", 0x4E00, 0x9FFF), ("cyrillic", 0x400, 0x4FF),
                                ("arabic", 0x600, 0x6FF), ("latin", 0x61, 0x7A))
        if any(low <= ord(letter) <= high for letter in row["prompt"])
    }  # fmt: skip
    assert len(scripts) >= 2


def test_rotation_moves_between_providers(tmp_path):
    folder = tmp_path / "both"
    simulate(Settings(out=folder, seed=8, adversaries=("rotation",), providers=2, **WORLD))
    days = []
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        truth = {
            row["account_id"]: row["kind"]
            for row in pq.read_table(part / "truth_accounts.parquet").to_pylist()
        }
        rows = pq.read_table(part / "exchanges", columns=["account_id", "time"]).to_pylist()
        spoke = [row["time"] for row in rows if truth[row["account_id"]] == "attack"]
        start = datetime(2026, 3, 2, tzinfo=UTC)
        counts = np.bincount([(time - start).days for time in spoke], minlength=28)
        days.append(counts / counts.sum())
    assert len(days) == 2
    assert np.minimum(*days).sum() < 0.5


@pytest.mark.parametrize("regime", ["small", "people"])
def test_every_regime_runs(regime, tmp_path):
    folder = tmp_path / regime
    simulate(Settings(out=folder, exchanges=4000, accounts=600, prevalence=0.2,
                      cohorts=("casual",), seed=2, regime=regime))  # fmt: skip
    truth = pq.read_table(folder / "truth_accounts.parquet").to_pylist()
    assert any(row["kind"] == "attack" for row in truth)


@pytest.mark.parametrize("adversary", OPERATED, ids=lambda a: a.slug)
def test_every_campaign_draws_two_to_four_leaks(adversary):
    for seed in range(60):
        profile = adversary.drawn(np.random.default_rng(seed))
        names = [name for name, _ in profile.leaks]
        assert 2 <= len(names) <= 4
        assert set(names) <= set(LEAKS)
        assert len(set(names)) == len(names)
        assert all(0.35 <= strength <= 1 for _, strength in profile.leaks)
        assert set(adversary.forced) <= set(names)
        assert not set(adversary.forbidden) & set(names)
        assert "queue" not in names or not {"hours", "minutes"} & set(names)


def test_the_spotless_one_leaks_nothing_and_comes_only_when_named(tmp_path):
    assert "spotless" not in SLUGS
    assert ON_REQUEST[0].slug == "spotless"
    assert ON_REQUEST[0].drawn(np.random.default_rng(1)).leaks == ()
    folder, truth, _, taken = world(tmp_path, "spotless")
    assert taken
    accounts = pq.read_table(folder / "accounts.parquet").to_pylist()
    hostile = [row for row in accounts if truth[row["account_id"]]["kind"] == "attack"]
    for name in ("payment_fingerprint", "phone_hash", "device_fingerprint"):
        values = [row[name] for row in hostile if row[name] is not None]
        assert len(set(values)) == len(values)


def test_recycled_cards_reach_a_third_of_the_accounts(tmp_path):
    for seed in (3, 4, 5):
        folder, truth, _, _ = world(tmp_path, "recycled", seed=seed)
        accounts = pq.read_table(folder / "accounts.parquet").to_pylist()
        cards = [
            row["payment_fingerprint"]
            for row in accounts
            if truth[row["account_id"]]["kind"] == "attack"
        ]
        _, counts = np.unique([c for c in cards if c is not None], return_counts=True)
        assert counts[counts > 1].sum() >= 0.33 * len(cards)
        assert counts.max() <= 12


def test_leaks_can_be_forced_and_forbidden():
    rng = np.random.default_rng(2)
    for _ in range(50):
        profile = leaky(usual(rng), rng, force=("blocks",), forbid=("cards", "queue"))
        assert profile.leak("blocks") > 0
        assert profile.leak("cards") == profile.leak("queue") == 0
        assert profile.network != "rotating"


def test_who_asks_for_a_form_gets_its_length():
    styles = np.arange(500)
    for family, (low, high) in FACTORS.items():
        factor = lengthening(family, styles)
        assert 1.3 <= low <= factor.min() < factor.max() <= high <= 3
    assert (lengthening("harness", styles) == lengthening("trace", styles)).all()
    assert (lengthening("newsletter", styles) == 1).all()
