from __future__ import annotations

import csv
import re
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.disk import UNFINISHED
from stillwatch.errors import (
    ConfigurationError,
    NoUsableRowsError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.find.sources import Quarantine
from stillwatch.find.sources.vault import make_key, read_key, tokenise
from stillwatch.find.sources.vault.normalise import (
    normalise_email,
    normalise_par,
    normalise_phone,
)
from stillwatch.find.sources.vault.patterns import pattern_of
from stillwatch.find.sources.vault.tokenise import token
from stillwatch.records import IDENTIFIER_TOKEN

KEY = b"k" * 32
ROWS = [
    ("a1", "email", "Anna01@Example.com", "2026-01-02"),
    ("a2", "email", "anna02@other.example", ""),
    ("a3", "email", "anna01@example.com", ""),
    ("a4", "phone", "+49 (170) 123-4567", ""),
    ("a5", "par", "Q1HJZ28RKA1EBL470G9XYG90R5D3E", ""),
    ("a6", "email", "secret-but-broken", ""),
    ("a7", "iban", "DE02120300000000202051", ""),
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "identifiers.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("account_id", "type", "value", "valid_from"), *ROWS])
    return str(path)


def run(table, tmp_path, key=KEY, **options):
    with Quarantine(tmp_path) as quarantine:
        made = tokenise(table, tmp_path / "t.parquet", key=key, quarantine=quarantine, **options)
    return made, pq.read_table(tmp_path / "t.parquet").to_pylist()


def test_tokens(table, tmp_path):
    made, rows = run(table, tmp_path)
    assert list(rows[0]) == [field.name for field in IDENTIFIER_TOKEN]
    assert made.types == {"email": 3, "phone": 1, "par": 1}
    assert rows[0]["token"] == rows[2]["token"] != rows[1]["token"]
    assert rows[0]["pattern_token"] == rows[1]["pattern_token"]
    assert [row["pattern_counter"] for row in rows] == [1, 2, 1, 567, None]
    assert all(re.fullmatch(r"[0-9a-f]{32}", row["token"]) for row in rows)
    assert stat.S_IMODE((tmp_path / "t.parquet").stat().st_mode) == 0o600


def test_no_clear_value_leaves(table, tmp_path, capfd):
    run(table, tmp_path)
    written = (
        b"".join(
            path.read_bytes()
            for path in tmp_path.rglob("*")
            if path.is_file() and str(path) != table
        )
        + "".join(capfd.readouterr()).encode()
    )
    for _, _, value, _ in ROWS:
        for part in (value, value.lower(), value.split("@")[0].lower()):
            assert part.encode() not in written


def test_r_6_a_type_that_is_none(table, tmp_path):
    made, _ = run(table, tmp_path)
    assert made.bad["unknown-type"] == 1


def test_r_8_a_value_that_is_no_identifier(table, tmp_path):
    made, _ = run(table, tmp_path)
    assert made.bad["bad-identifier"] == 1
    text = (tmp_path / "quarantine" / "identifiers.jsonl").read_text()
    assert '"row": 5' in text
    assert '"value": {"length": 17}' in text


def test_swapped_columns_tell_nothing(tmp_path):
    (tmp_path / "i.csv").write_text("account_id,value,type\na,email,anna@example.com\n")
    with pytest.raises(NoUsableRowsError):
        run(str(tmp_path / "i.csv"), tmp_path)
    text = (tmp_path / "quarantine" / "identifiers.jsonl").read_text()
    assert "anna" not in text


def test_another_key_gives_other_tokens(table, tmp_path):
    _, one = run(table, tmp_path)
    _, two = run(table, tmp_path, key=b"j" * 32)
    columns = ("token", "pattern_token")
    assert not {row[c] for row in one for c in columns if row[c]} & {
        row[c] for row in two for c in columns
    }


def test_integer_accounts_keep_their_type(tmp_path):
    columns = {"account_id": [7], "type": ["email"], "value": ["a@b.example"]}
    pq.write_table(pa.table(columns), tmp_path / "i.parquet")
    _, rows = run(str(tmp_path / "i.parquet"), tmp_path)
    assert rows[0]["account_id"] == 7


def test_known_answer():
    # Computed with `openssl dgst -sha256 -hmac` over "stillwatch vault 1 email\0a@b.example".
    assert token(KEY, "email", "a@b.example") == "01b9218a3169d1a656dbc213a0fb715d"
    assert token(KEY, "phone", "a@b.example") != token(KEY, "email", "a@b.example")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("ANNA@EXAMPLE.COM.", "anna@example.com"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("\uff41nna@example.com", "anna@example.com"),
        ('"a b"@example.com', None),
        ("anna@localhost", None),
        ("anna@-x.example", None),
        ("@example.com", None),
        ("a@b@example.com", None),
        ("an\0na@example.com", None),
        ("a" * 250 + "@example.com", None),
        ("anna+x@gmail.com", "anna+x@gmail.com"),
    ],
)
def test_email(value, wanted):
    assert normalise_email(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("an.na+x@Gmail.com", "anna@gmail.com"),
        ("an.na+x@outlook.com", "an.na@outlook.com"),
        ("an.na+x@example.com", "an.na+x@example.com"),
    ],
)
def test_email_with_provider_rules(value, wanted):
    assert normalise_email(value, provider_rules=True) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("0049 170 1234567", "491701234567"),
        ("491701234567", "491701234567"),
        ("+٤٩ ١٧٠ ١٢٣٤٥٦٧", "491701234567"),  # noqa: RUF001 - digits of Arabic
        ("+1 (555) 010-9999 ext 3", None),
        ("12345", None),
        ("+" + "9" * 16, None),
    ],
)
def test_phone(value, wanted):
    assert normalise_phone(value) == wanted


def test_card_numbers_are_refused_as_par():
    assert normalise_par("4111 1111 1111 1111") is None
    assert normalise_par(" q1hjz28rka1ebl470g9xyg90r5d3e ") == "Q1HJZ28RKA1EBL470G9XYG90R5D3E"


@given(st.text())
def test_any_text_normalises_once(text):
    for read in (normalise_email, normalise_phone, normalise_par):
        once = read(text)
        assert once is None or read(once) == once
        if once is not None:
            pattern_of("email" if read is normalise_email else "phone", once)


@given(st.from_regex(r"(anna|maria\.k|otto)[._]?[0-9]{1,12}", fullmatch=True), st.data())
def test_a_counter_makes_no_difference_to_the_form(name, data):
    digits = data.draw(st.from_regex(r"[0-9]{1,12}", fullmatch=True))
    other = re.sub(r"[0-9]+", digits, name)
    one, two = (pattern_of("email", f"{n}@x.example") for n in (name, other))
    assert one.form == two.form
    assert two.counter == int(digits)


@pytest.mark.parametrize("name", ["anna", "anna.schmidt", "12345678", "a1", "wojciechowski"])
def test_ordinary_names_have_no_pattern(name):
    assert pattern_of("email", f"{name}@x.example") is None


def test_random_names_share_a_form_at_one_domain_only():
    names = ("x7f3k9q2ab", "p4d8s1m6zt")
    one, two = (pattern_of("email", f"{name}@x.example") for name in names)
    assert one == two
    assert pattern_of("email", f"{names[0]}@y.example") != one


def test_a_key_file(tmp_path):
    path = tmp_path / "vault.key"
    make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(read_key(path)) == 32
    with pytest.raises(OutputError, match="exists"):
        make_key(path)
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="0640"):
        read_key(path)


@pytest.mark.parametrize("text", ["", "stillwatch-vault-key-1:12", "x" * 500, "\0", "ff" * 32])
def test_what_is_no_key_file(text, tmp_path):
    path = tmp_path / "vault.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        read_key(path)
    assert not text or text not in caught.value.diagnostics()
    with pytest.raises(SourceNotFoundError):
        read_key(tmp_path / "none")


def test_an_output_that_cannot_be_written(table, tmp_path):
    (tmp_path / "t").mkdir()
    with pytest.raises(OutputError):
        tokenise(table, tmp_path / "t", key=KEY, quarantine=Quarantine(None))
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(UNFINISHED)]
