from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.vault import command
from stillwatch.errors import ConfigurationError, MissingColumnError

CLEAR = "anna.klein77@example.com"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "identifiers.csv").write_text(
        f"account_id,type,value\na,email,{CLEAR}\nb,phone,+49 170 1234567\nc,email,broken\n"
    )
    assert run("keygen", "vault.key").exit_code == 0
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(command, list(arguments))


def tokenise(*arguments):
    return run(
        "tokenise", "identifiers.csv", "--key", "vault.key", "--out", "t.parquet", *arguments
    )


def test_data_go_to_stdout_and_words_to_stderr(folder):
    done = tokenise()
    assert done.exit_code == 0
    assert done.stdout == "t.parquet\n"
    assert "2 identifiers (1 email, 1 phone, 0 par), 2 patterned" in done.stderr
    assert "1 rows left out: bad-identifier" in done.stderr
    assert CLEAR not in done.output
    assert pq.read_metadata(folder / "t.parquet").num_rows == 2
    assert (folder / "quarantine" / "identifiers.jsonl").exists()


@pytest.mark.usefixtures("folder")
def test_the_summary_as_json():
    done = tokenise("--json")
    assert json.loads(done.stdout) == {
        "out": "t.parquet",
        "rows": 2,
        "bad": {"bad-identifier": 1},
        "types": {"email": 1, "phone": 1, "par": 0},
        "patterned": 2,
    }
    assert done.stderr == ""


def test_the_same_key_gives_the_same_tokens(folder):
    tokenise()
    first = pq.read_table(folder / "t.parquet")
    tokenise()
    assert pq.read_table(folder / "t.parquet").equals(first)


def test_renamed_columns(folder):
    (folder / "identifiers.csv").write_text(f"who,type,what\na,email,{CLEAR}\n")
    assert isinstance(tokenise().exception, MissingColumnError)
    (folder / "map.toml").write_text('[identifier]\naccount_id = "who"\nvalue = "what"\n')
    assert tokenise("--map", "map.toml").exit_code == 0


def test_a_key_that_others_can_read_is_refused(folder):
    (folder / "vault.key").chmod(0o644)
    error = tokenise().exception
    assert isinstance(error, ConfigurationError)
    assert "chmod 600" in error.todo
    assert not (folder / "t.parquet").exists()


def test_options_are_read_from_the_environment(folder):
    environment = {"STILLWATCH_VAULT_TOKENISE_KEY": "vault.key"}
    arguments = ["vault", "tokenise", "identifiers.csv", "--out", "t.parquet"]
    from stillwatch.cli.entry import cli  # noqa: PLC0415 - the group carries the prefix

    assert CliRunner().invoke(cli, arguments, env=environment).exit_code == 0
    assert (folder / "t.parquet").exists()
