"""``stillwatch vault pseudonyms``: identifiers of accounts under the key of two operators."""

from __future__ import annotations

import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from operators import Pair

from stillwatch.cli.vault import command
from stillwatch.errors import ConfigurationError, NoUsableRowsError
from stillwatch.share.exchange.own import read_pseudonyms

CARDS = [f"V{number:028d}" for number in range(3)]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    made = Pair.make(tmp_path_factory.mktemp("operators"))
    made.epoch(int(time.time()))
    with made.stack:
        yield made.serve()


@pytest.fixture
def asked(pair, tmp_path):
    """What every call names, and a table in which two accounts share a card."""
    key, table = tmp_path / "member.key", tmp_path / "identifiers.parquet"
    pair.key.write(key)
    rows = [
        {"account_id": 11, "type": "par", "value": CARDS[0]},
        {"account_id": 12, "type": "par", "value": CARDS[0].lower()},
        {"account_id": 13, "type": "par", "value": CARDS[1]},
        {"account_id": 13, "type": "email", "value": "a@mail.example"},
        {"account_id": 14, "type": "par", "value": "4111111111111111"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), table)
    operators = pair.operators_file(tmp_path)
    out = tmp_path / "out" / "pseudonyms.parquet"
    shared = ["--operators", operators, "--key", key, "--out", out]
    return [str(word) for word in ["pseudonyms", table, *shared]], out


def run(words):
    return CliRunner().invoke(command, words, catch_exceptions=False)


def test_equal_cards_have_equal_pseudonyms_and_card_numbers_go_to_quarantine(asked):
    words, out = asked
    said = run([*words, "--type", "par", "--purpose", "sign-up"])
    assert said.exit_code == 0, said.output
    rows = pq.read_table(out).to_pylist()
    assert [row["account_id"] for row in rows] == [11, 12, 13]
    assert len({row["pseudonym"] for row in rows}) == 2
    assert rows[0]["pseudonym"] == rows[1]["pseudonym"]
    assert out.stat().st_mode & 0o077 == 0
    left = (out.parent / "quarantine" / "identifiers.jsonl").read_text()
    assert "4111111111111111" not in left
    assert left.count("\n") == 1
    (own,) = read_pseudonyms(str(out)).parts
    assert (own.identifier, own.digests.shape) == ("par", (3, 64))


def test_p_10_for_suspicion_the_accounts_are_named_and_no_other_is_evaluated(asked, tmp_path):
    words, out = asked
    with pytest.raises(ConfigurationError, match="P-10"):
        run([*words, "--type", "email"])
    named = tmp_path / "suspicious"
    named.write_text("13\n99\n")
    assert run([*words, "--type", "email", "--only", str(named)]).exit_code == 0
    assert [row["account_id"] for row in pq.read_table(out).to_pylist()] == [13]


def test_a_table_without_such_identifiers_is_named(asked, tmp_path):
    words, _ = asked
    named = tmp_path / "suspicious"
    named.write_text("11\n")
    with pytest.raises(NoUsableRowsError, match="no email of these accounts"):
        run([*words, "--type", "email", "--only", str(named)])
