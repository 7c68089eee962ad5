"""Keys: what is fixed before, what comes later, and what a stranger recomputes."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    RefusedError,
    SourceNotFoundError,
    StillwatchError,
)
from stillwatch.ledger import SigningKey, canonical
from stillwatch.prove.watermark import (
    Beacon,
    Draw,
    GreenRed,
    Gumbel,
    IssuedKey,
    KeyBook,
    MasterKey,
    Reveal,
    WatermarkKey,
    derive,
    parse_commitment,
    verify_reveal,
)
from stillwatch.prove.watermark.issued import read_issued

NOW = 1_795_000_000
VALUE = bytes(range(32))


@pytest.fixture
def book(tmp_path):
    return KeyBook.make(tmp_path / "marks", "lab.example/marks")


def committed(book, cohorts=("campaign-1", "campaign-2", "public"), scheme=None):
    draw = Draw.after("drand-quicknet", NOW + 60)
    return book.commit("2026-11", list(cohorts), scheme or GreenRed(), draw, NOW)


def revealed(book, cohort="campaign-2"):
    committed(book)
    book.draw(1, VALUE, NOW + 100)
    return book.reveal(book.entry("2026-11", cohort), NOW + 200)


def refused(rule, call, *arguments):
    with pytest.raises(RefusedError) as caught:
        call(*arguments)
    assert caught.value.rule == rule


def test_k_11_a_round_that_is_to_come_has_no_value(book):
    committed(book)
    refused("K-11", book.draw, 1, VALUE, NOW)


def test_a_key_is_fixed_by_what_was_committed_and_by_the_beacon(book):
    committed(book)
    entry = book.entry("2026-11", "campaign-1")
    with pytest.raises(ConfigurationError, match="waits for its beacon"):
        book.key(entry)
    book.draw(1, VALUE, NOW + 100)
    first = book.key(entry)
    assert first == KeyBook.open(book.folder).key(entry)
    with pytest.raises(ConfigurationError, match="another value"):
        book.draw(1, VALUE[::-1], NOW + 100)
    keys = {book.key(entry).id for entry in book.entries}
    assert len(keys) == 3


def test_anyone_recomputes_a_key_from_its_reveal(book):
    reveal = revealed(book)
    other_end = Reveal.decode(reveal.encode())
    key, made = verify_reveal(other_end, [book.signer.public])
    assert key == book.key(book.entry("2026-11", "campaign-2"))
    assert (made.by, made.number, made.leaves) == ("lab.example/marks", 1, 3)
    assert made.scheme == GreenRed()
    assert made.time < made.draw.not_before
    assert KeyBook.open(book.folder).entry("2026-11", "campaign-2").revealed == NOW + 200


def test_a_note_names_no_cohort_and_a_reveal_one(book):
    note = committed(book)
    assert b"campaign" not in note
    book.draw(1, VALUE, NOW + 100)
    shown = book.reveal(book.entry("2026-11", "campaign-2"), NOW).encode()
    assert b"campaign-1" not in shown
    assert MasterKey.read(book.folder / "master.key")._raw.hex().encode() not in shown


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("K-9", {"secret": bytes(32)}),
        ("K-9", {"salt": bytes(32)}),
        ("L-3", {"salt": bytes(31)}),
        ("K-9", {"cohort": "campaign-1"}),
        ("K-5", {"cohort": "a\nb"}),
        ("K-8", {"epoch": "2026-12"}),
        ("K-9", {"index": 3}),
        ("K-9", {"proof": ()}),
        ("K-2", {"beacon": b"short"}),
    ],
    ids=str,
)
def test_k_8_and_k_9_a_reveal_that_was_changed_is_refused(book, rule, change):
    reveal = replace(revealed(book), **change)
    refused(rule, verify_reveal, reveal, [book.signer.public])


def test_another_beacon_value_gives_another_key(book):
    reveal = revealed(book)
    key, _ = verify_reveal(replace(reveal, beacon=VALUE[::-1]), [book.signer.public])
    assert key != book.key(book.entry("2026-11", "campaign-2"))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("epoch 2026-11", "epoch 2026-12", "L-6"),
        ("leaves 3", "leaves 4", "L-6"),
        ("commitment v1", "commitment v2", "L-6"),
    ],
)
def test_a_note_that_was_changed_is_refused(book, old, new, rule):
    note = committed(book).decode().replace(old, new).encode()
    refused(rule, parse_commitment, note, [book.signer.public])


def test_a_note_of_another_signer_is_refused(book):
    other = SigningKey.generate("other.example")
    refused("L-7", parse_commitment, committed(book), [other.public])


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("by lab.example/marks", "by other.example", "K-6"),
        ("time 2026", "time 2027", "K-7"),
        ("round ", "round 1", "K-1"),
        ("number 1", "number 0", "K-6"),
        ("time 2026-11", "time 2026-13", "K-6"),
        ("leaves 3", "leaves 30000000", "K-6"),
    ],
)
def test_a_signer_who_breaks_the_rules_is_refused(book, old, new, rule):
    from stillwatch.ledger.notes import parse_note, sign_note  # noqa: PLC0415

    text = parse_note(committed(book)).text
    assert old in text
    note = sign_note(text.replace(old, new, 1), [book.signer]).encode()
    refused(rule, parse_commitment, note, [book.signer.public])


def test_k_10_a_cohort_has_one_key_an_epoch(book):
    committed(book)
    refused("K-10", committed, book, ["new", "campaign-1"])
    refused("K-10", committed, book, ["twice", "twice"])
    assert len(book.entries) == 3
    draw = Draw.after("drand-quicknet", NOW + 60)
    book.commit("2026-12", ["campaign-1"], Gumbel(), draw, NOW)
    assert book.scheme(book.entry("2026-12", "campaign-1")) == Gumbel()


def test_k_7_nothing_is_committed_to_a_round_that_has_come(book):
    draw = Draw.of("drand-quicknet", 1)
    refused("K-7", book.commit, "2026-11", ["a"], GreenRed(), draw, NOW)
    assert book.commitments == []


def test_k_6_a_commitment_is_to_something(book):
    refused("K-6", book.commit, "2026-11", [], GreenRed(), Draw("other", 1, NOW + 1), NOW)
    assert book.commitments == []


def test_k_2_a_beacons_value_has_a_length():
    draw = Draw.of("drand-quicknet", 7)
    refused("K-2", Beacon, draw, bytes(15))
    refused("K-2", Beacon, draw, bytes(1025))


def test_k_3_keys_have_32_bytes():
    refused("K-3", WatermarkKey, bytes(31))
    refused("K-3", MasterKey, bytes(33))


def test_k_5_names_are_one_line(book):
    for name in ("", "a\nb", "a" * 201, "\ud800"):
        refused("K-5", committed, book, [name])
    draw = Draw.after("drand-quicknet", NOW + 60)
    refused("K-5", book.commit, "a\tb", ["a"], GreenRed(), draw, NOW)


def test_k_1_rounds_of_known_beacons_have_their_times():
    assert Draw.after("drand-default", 1_595_431_050).round == 2
    assert Draw.after("drand-quicknet", NOW).not_before in range(NOW + 1, NOW + 4)
    refused("K-1", Draw, "drand-quicknet", 2, 1_692_803_367)
    refused("K-1", Draw.of, "a lottery", 7)
    refused("K-1", Draw, "two\nlines", 7, NOW)


def test_files_are_their_owners_alone_and_are_not_replaced(book):
    if os.name == "nt":
        pytest.skip("modes are POSIX's")
    committed(book)
    book.draw(1, VALUE, NOW + 100)
    entry = book.entry("2026-11", "public")
    issued = IssuedKey("2026-11", "public", book.scheme(entry), book.key(entry))
    issued.write(book.folder / "public.key")
    for name in ("master.key", "note.key", "book.json", "public.key"):
        assert (book.folder / name).stat().st_mode & 0o077 == 0, name
    with pytest.raises(OutputError):
        KeyBook.make(book.folder, "lab.example/marks")
    assert KeyBook.open(book.folder).entries == book.entries
    assert IssuedKey.read(book.folder / "public.key") == issued
    (book.folder / "book.json").chmod(0o644)
    with pytest.raises(ConfigurationError, match="read by others"):
        KeyBook.open(book.folder)


def test_keys_never_show(book):
    committed(book)
    book.draw(1, VALUE, NOW + 100)
    key = book.key(book.entries[0])
    shown = f"{key!r} {MasterKey(bytes(32))!r} {book.signer!r}"
    assert key.raw.hex() not in shown
    assert key.id in shown


def test_a_book_of_another_master_key_is_refused(book, tmp_path):
    committed(book)
    other = KeyBook.make(tmp_path / "other", "lab.example/marks")
    (other.folder / "master.key").replace(book.folder / "master.key")
    with pytest.raises(ConfigurationError, match="not of this master key"):
        KeyBook.open(book.folder)


def test_two_processes_do_not_write_to_one_book(book):
    with KeyBook.writing(book.folder) as first:
        with (
            pytest.raises(ConfigurationError, match="another process"),
            KeyBook.writing(book.folder),
        ):
            pass
        committed(first)
    with KeyBook.writing(book.folder) as later:
        assert len(later.entries) == 3


def test_a_folder_without_keys_is_a_named_error(tmp_path):
    with pytest.raises(SourceNotFoundError, match="master key"):
        KeyBook.open(tmp_path)


def test_a_folder_of_issued_keys_has_one_a_cohort(tmp_path):
    key = IssuedKey("2026-11", "a", GreenRed(), WatermarkKey.random(1))
    key.write(tmp_path / "a.key")
    assert read_issued(tmp_path) == {"a": key}
    replace(key, epoch="2026-12").write(tmp_path / "b.key")
    with pytest.raises(StillwatchError, match="two keys"):
        read_issued(tmp_path)


@pytest.mark.parametrize(
    "held",
    [b"", b"[]", b"{}", b"\xff", b"[" * 60_000, canonical({"schema": "stillwatch-key-book-1"})],
    ids=len,
)
def test_files_that_hold_something_else_are_named_errors(book, held):
    for name in ("book.json", "master.key", "note.key"):
        kept = (book.folder / name).read_bytes()
        (book.folder / name).write_bytes(held)
        with pytest.raises(ConfigurationError):
            KeyBook.open(book.folder)
        (book.folder / name).write_bytes(kept)
    path = book.folder / "some.key"
    path.write_bytes(held)
    path.chmod(0o600)
    with pytest.raises(InputFormatError):
        IssuedKey.read(path)
    refused("K-4", Reveal.decode, held)


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            name: st.one_of(st.none(), st.integers(), st.text(max_size=9), st.lists(st.text()))
            for name in ("schema", *Reveal.__dataclass_fields__)
        }
    ).map(lambda held: {**held, "schema": "stillwatch-watermark-reveal-1"})
)
def test_k_4_reveals_of_any_content_are_read_or_refused(held):
    try:
        Reveal.decode(json.dumps(held).encode())
    except RefusedError as error:
        assert error.rule == "K-4"  # noqa: PT017 - most are refused, few are read


def test_the_chain_is_hkdf_as_documented():
    """Written out with hmac alone, as a stranger would."""
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    draw = Draw.of("drand-quicknet", 7)
    drawn = canonical(["drand-quicknet", 7, VALUE.hex(), "2026-11", "a"])
    salt = hmac.digest(b"stillwatch watermark key v1", drawn, "sha256")
    extracted = hmac.digest(salt, b"\x07" * 32, "sha256")
    raw = hmac.digest(extracted, drawn + b"\x01", "sha256")
    assert derive(b"\x07" * 32, "2026-11", "a", Beacon(draw, VALUE)).raw == raw
    domain = b"stillwatch green-red v1 context=1 gamma=0.5"
    words = hmac.digest(raw, domain + b"\x01", "sha256")[:16]
    low, high = GreenRed().words(WatermarkKey(raw))
    assert low.to_bytes(8, "little") + high.to_bytes(8, "little") == words
    named = hashlib.sha256(b"stillwatch watermark key id v1\n" + raw).hexdigest()[:16]
    assert WatermarkKey(raw).id == named


ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "watermark.md").read_text("utf-8")


def test_every_rule_is_in_the_reference_the_code_and_a_test():
    code = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "src" / "stillwatch" / "prove" / "watermark").glob("*.py")
    )
    rules = re.findall(r"^\| (K-\d+) \|", PAGE, re.MULTILINE)
    assert set(re.findall(r'"(K-\d+)"', code)) == set(rules)
    assert set(re.findall(r"# (K-\d+)", code)) == set(rules)
    tests = Path(__file__).read_text("utf-8")
    assert [r for r in rules if not re.search(rf"_{r.lower().replace('-', '_')}_\w", tests)] == []
