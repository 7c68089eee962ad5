"""An actor declared at one provider is recognised at another, by the command line alone."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from two_providers import both

from stillwatch.cli.entry import cli
from stillwatch.errors import (
    ConfigurationError,
    IncompatibleObservationsError,
    InputFormatError,
    SourceNotFoundError,
)


def run(*arguments):
    outcome = CliRunner().invoke(cli, [str(a) for a in arguments])
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == 0, outcome.output
    return outcome


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("providers")
    both(folder)
    key = folder / "key"
    key.write_text("a key that two providers agreed upon")
    run(
        "scan", folder / "a/exchanges.parquet", "--accounts", folder / "a/accounts.parquet",
        "--out", folder / "scan", "--step", 12, "--key-file", key,
    )  # fmt: skip
    run("signatures", "import", folder / "scan", "--to", folder / "known")
    listed = json.loads(
        run("signatures", "list", "--signatures", folder / "known", "--json").stdout
    )
    (folder / "id").write_text(listed[0]["campaign"])
    return folder


def matched(made, out):
    rows = pq.read_table(made / out / "matches.parquet").to_pylist()
    return {row["account_id"] for row in rows if row["matched"]}


@pytest.fixture(scope="module")
def there(made):
    outcome = run(
        "match", made / "known", made / "b/exchanges.parquet", "--key-file", made / "key",
        "--accounts", made / "b/accounts.parquet", "--out", made / "matches", "--json",
    )  # fmt: skip
    return json.loads(outcome.stdout)


def test_the_next_accounts_are_matched_elsewhere(made, there):
    assert {f"zb-{i:02d}" for i in range(8)} <= matched(made, "matches")
    assert there["matched"] == len(matched(made, "matches"))
    assert there["expected_false"] < 1


@pytest.mark.usefixtures("there")
def test_accounts_of_two_exchanges_are_matched(made):
    assert {f"zf-{i}" for i in range(4)} <= matched(made, "matches")


@pytest.mark.usefixtures("there")
def test_readers_of_a_newsletter_and_everybody_else_are_not(made):
    assert all(account.startswith("z") for account in matched(made, "matches"))


def test_observations_give_the_same_matches(made, there):
    run("observe", made / "b/exchanges.parquet", "--out", made / "seen", "--key-file", made / "key")
    run(
        "match", made / "known", made / "seen",
        "--accounts", made / "b/accounts.parquet", "--out", made / "again",
    )  # fmt: skip
    first, again = (pq.read_table(made / n / "matches.parquet") for n in ("matches", "again"))
    assert first.equals(again)
    assert there == json.loads((made / "again/matches.json").read_text())


def test_a_signature_passes_through_a_file(made):
    name = (made / "id").read_text()
    run("signatures", "export", name, "--signatures", made / "known", "--to", made / "one.json")
    run("signatures", "import", made / "one.json", "--to", made / "theirs")
    ours, theirs = (
        run("signatures", "show", name, "--signatures", made / folder, "--json").stdout
        for folder in ("known", "theirs")
    )
    assert ours == theirs
    assert (made / "one.json").stat().st_size <= 16_384
    assert (
        "an unknown actor" in run("signatures", "show", name, "--signatures", made / "known").stdout
    )
    text = (made / "one.json").read_text()
    for word in ("Think", "aloud", "integral", "python-requests", "203.0", "gmail"):
        assert word not in text


def test_the_same_actor_at_both_is_attributed(made):
    run(
        "scan", made / "b/exchanges.parquet", "--accounts", made / "b/accounts.parquet",
        "--out", made / "scan-b", "--step", 12, "--key-file", made / "key",
    )  # fmt: skip
    answers = json.loads(
        run(
            "signatures", "attribute", made / "scan-b", "--signatures", made / "known", "--json"
        ).stdout
    )
    name = (made / "id").read_text()
    assert [a["candidates"][0]["campaign"] for a in answers] == [name]
    assert answers[0]["candidates"][0]["probability"] > 0.8
    assert answers[0]["confidence"] <= 1


def test_what_cannot_be_matched_has_its_error(made, tmp_path):
    exchanges = made / "b/exchanges.parquet"
    with pytest.raises(IncompatibleObservationsError):
        run("match", made / "known", exchanges, "--out", tmp_path / "x")
    with pytest.raises(ConfigurationError):
        run("match", tmp_path / "nothing", exchanges, "--out", tmp_path / "x")
    with pytest.raises(ConfigurationError):
        run("match", made / "known", exchanges, "--prior", 2, "--out", tmp_path / "x")
    with pytest.raises(InputFormatError):
        run("match", made / "key", exchanges, "--out", tmp_path / "x")
    with pytest.raises(SourceNotFoundError):
        run("signatures", "import", tmp_path / "absent.json", "--to", tmp_path / "y")
    assert not (tmp_path / "x" / "matches.json").exists()
