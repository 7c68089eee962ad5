"""Notes, checkpoints, cosignatures, tile paths, bundles and envelopes: L-4 to L-7, L-12 to L-18."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import RefusedError
from stillwatch.ledger import COSIGNATURE, Checkpoint, Note, SigningKey, VerifyKey
from stillwatch.ledger.checkpoints import open_checkpoint, parse_checkpoint, sign_checkpoint
from stillwatch.ledger.cosignatures import cosign, require_witnesses, verify_cosignatures
from stillwatch.ledger.dsse import open_envelope, pae, seal_envelope
from stillwatch.ledger.merkle import Tile
from stillwatch.ledger.notes import parse_note, sign_note, verify_note
from stillwatch.ledger.tiles import bundle, bundle_path, parse_path, tile_path, unbundle

LOG = SigningKey("hub.example/log", bytes(range(32)))
OTHER = SigningKey("other.example/log", bytes(range(1, 33)))
W1 = SigningKey("witness.example/w1", bytes(range(2, 34)), COSIGNATURE)
W2 = SigningKey("witness.example/w2", bytes(range(3, 35)), COSIGNATURE)
CHECKPOINT = Checkpoint("hub.example/log", 20852163, bytes(range(32)))
NOW = 1_800_000_000
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi"
    "2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def signed():
    return sign_checkpoint(CHECKPOINT, [LOG])


def test_the_specifications_note():
    note = parse_note(EXAMPLE.encode())
    key = VerifyKey.decode(VKEY)
    assert verify_note(note, [LOG.public, key]) == (key,)
    assert note.encode() == EXAMPLE.encode()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_what_is_signed_is_read_again(line):
    text = f"{line}\n\n— {line}\n"
    note = sign_note(text, [LOG, OTHER])
    assert parse_note(note.encode()) == note
    assert verify_note(note, [OTHER.public, LOG.public]) == (OTHER.public, LOG.public)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        EXAMPLE.encode().replace(b"\n\n", b"\n"),
        EXAMPLE.encode().replace(b"This", b"Th\x01s"),
        EXAMPLE.encode().replace(b"This", b"Th\ts"),
        EXAMPLE.encode().replace(b"\n", b"\r\n"),
        EXAMPLE.encode().replace(b"This", b"Th\xff"),
        b"a" * (1 << 18) + EXAMPLE.encode(),
        EXAMPLE.encode() + b"\n",
    ],
)
def test_l_4_bytes_that_are_no_note(raw):
    with pytest.raises(RefusedError, match="L-4"):
        parse_note(raw)


@pytest.mark.parametrize("text", ["no newline", "", "a\x00\n", "a\r\n"])
def test_l_4_texts_that_are_not_signed(text):
    with pytest.raises(RefusedError, match="L-4"):
        sign_note(text, [LOG])


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1],
        lambda t: t.replace("— ", "- "),
        lambda t: t.replace("— ", "—"),
        lambda t: t.replace("— example.com/foo", "— "),
        lambda t: t.replace("example.com/foo", "example.com/foo+1"),
        lambda t: t.replace("example.com/foo", "example.com/f\u2003oo"),
        lambda t: t.replace("Uw2Q", "U-2Q"),
        lambda t: t.replace("QM=", "QN="),
        lambda t: t.replace("QM=", "QM"),
        lambda t: t.partition("Uw2Q")[0] + "Uw2QOg==\n",
        lambda t: t + "words\n",
        lambda t: t + "— a AAAAAAAAAAAA\n" * 64,
    ],
)
def test_l_5_signature_lines_have_one_form(change):
    with pytest.raises(RefusedError, match="L-5"):
        parse_note(change(EXAMPLE).encode())


def test_l_5_a_witness_signs_no_note():
    with pytest.raises(RefusedError, match="L-5"):
        sign_note("a\n", [W1])


def test_sixteen_signatures_and_long_ones_are_read():
    lines = "".join(f"— w{n} {base64.b64encode(bytes(2424)).decode()}\n" for n in range(16))
    note = parse_note((EXAMPLE + lines).encode())
    assert verify_note(note, [VerifyKey.decode(VKEY)])


@given(st.integers(0, 26), st.integers(0, 6))
def test_l_6_another_text(at, bit):
    raw = bytearray(EXAMPLE.encode())
    raw[at] = (raw[at] ^ 1 << bit) or 33
    with pytest.raises(RefusedError, match=r"L-[46]"):
        verify_note(parse_note(bytes(raw)), [VerifyKey.decode(VKEY)])


def test_l_6_one_bad_signature_of_a_known_key_spoils_the_note():
    note = signed()
    bad = sign_checkpoint(Checkpoint("hub.example/log", 1, bytes(32)), [LOG]).signatures
    with pytest.raises(RefusedError, match="L-6"):
        verify_note(note.added(bad), [LOG.public])


def test_l_7_nobody_trusted_signed():
    with pytest.raises(RefusedError, match="L-7"):
        verify_note(signed(), [OTHER.public])
    with pytest.raises(RefusedError, match="L-7"):
        verify_note(signed(), [])
    same_name = SigningKey("hub.example/log", bytes(32))
    with pytest.raises(RefusedError, match="L-7"):
        verify_note(signed(), [same_name.public])


def test_l_7_a_witness_does_not_stand_for_the_log():
    cosigned = Note(signed().text, (cosign(signed().text, W1, NOW),))
    with pytest.raises(RefusedError, match="L-7"):
        verify_note(cosigned, [W1.public, LOG.public])


def test_a_checkpoint_is_read_again():
    raw = signed().encode()
    assert open_checkpoint(raw, "hub.example/log", [LOG.public]) == (CHECKPOINT, signed())
    extended = Checkpoint("hub.example/log", 0, bytes(32), ("more", "lines"))
    assert parse_checkpoint(sign_checkpoint(extended, [LOG]).encode())[0] == extended


def test_the_specifications_checkpoint():
    raw = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
        "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrD"
        "JsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    checkpoint, note = parse_checkpoint(raw.encode())
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert [len(line.signature) for line in note.signatures] == [64, 72]
    assert int.from_bytes(note.signatures[1].signature[:8], "big") == 1679315147


GOOD = CHECKPOINT.text()


@pytest.mark.parametrize(
    "text",
    [
        "hub.example/log\n20852163\n",
        GOOD.replace("hub.example/log\n", "\n"),
        GOOD.replace("/log", "/l og"),
        GOOD.replace("/log", "/l+og"),
        GOOD.replace("20852163", "020852163"),
        GOOD.replace("20852163", "-1"),
        GOOD.replace("20852163", "+1"),
        GOOD.replace("20852163", "1e3"),
        GOOD.replace("20852163", "٣"),
        GOOD.replace("20852163", str(2**62 + 1)),
        GOOD.replace("20852163", "9" * 200),
        GOOD.replace("AAEC", "AAE"),
        GOOD.replace("AAEC", "AAEC "),
        GOOD.replace("8=\n", "9=\n"),
        GOOD.replace("8=\n", "8\n"),
        GOOD + "\nmore\n",
    ],
)
def test_l_12_texts_that_are_no_checkpoint(text):
    with pytest.raises(RefusedError, match="L-12"):
        parse_checkpoint(sign_note(text, [LOG]).encode())


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("a b", 0, bytes(32)),
        Checkpoint("a", -1, bytes(32)),
        Checkpoint("a", 0, bytes(31)),
        Checkpoint("a", 0, bytes(32), ("",)),
        Checkpoint("a", 0, bytes(32), ("a\nb",)),
    ],
)
def test_l_12_is_kept_by_those_who_sign(checkpoint):
    with pytest.raises(RefusedError, match="L-12"):
        sign_checkpoint(checkpoint, [LOG])


def test_l_13_another_logs_checkpoint():
    with pytest.raises(RefusedError, match="L-13"):
        open_checkpoint(signed().encode(), "hub.example/other", [LOG.public])


def cosigned(*pairs):
    note = signed()
    return note.added(cosign(note.text, key, when) for key, when in pairs)


def test_cosignatures_count_once_a_witness():
    note = parse_note(cosigned((W1, NOW), (W1, NOW + 5), (W2, NOW - 9)).encode())
    found = verify_cosignatures(note, [W1.public, W2.public, LOG.public], now=NOW)
    assert [(seen.witness.name[-2:], seen.time) for seen in found] == [
        ("w1", NOW + 5),
        ("w2", NOW - 9),
    ]
    assert verify_note(note, [LOG.public])
    twice = [W1.public, W1.public]
    with pytest.raises(RefusedError, match="L-15"):
        require_witnesses(note, twice, 2, now=NOW)
    renamed = VerifyKey("witness.example/w3", W1.public.raw, COSIGNATURE)
    with pytest.raises(RefusedError, match="L-15"):
        require_witnesses(note, [W1.public, renamed], 2, now=NOW)


def test_l_14_cosignatures_of_another_checkpoint():
    other = sign_checkpoint(Checkpoint("hub.example/log", 1, bytes(32)), [LOG])
    note = signed().added([cosign(other.text, W1, NOW)])
    with pytest.raises(RefusedError, match="L-14"):
        verify_cosignatures(note, [W1.public], now=NOW)
    assert verify_cosignatures(note, [W2.public], now=NOW) == ()


@given(st.integers(0, 71), st.integers(0, 7))
def test_l_14_any_flipped_bit(at, bit):
    line = cosign(signed().text, W1, NOW)
    raw = bytearray(line.signature)
    raw[at] ^= 1 << bit
    note = signed().added([type(line)(line.name, line.note_id, bytes(raw))])
    with pytest.raises(RefusedError, match="L-14"):
        verify_cosignatures(note, [W1.public], now=NOW)


def test_l_14_times_to_come_and_no_times():
    with pytest.raises(RefusedError, match="L-14"):
        verify_cosignatures(cosigned((W1, NOW + 301)), [W1.public], now=NOW)
    for when in (0, -1, 1 << 63):
        with pytest.raises(RefusedError, match="L-14"):
            cosign(GOOD, W1, when)
    with pytest.raises(RefusedError, match="L-14"):
        cosign(GOOD, LOG, NOW)


def test_l_15_too_few_or_too_old():
    note = cosigned((W1, NOW - 100), (W2, NOW - 4000))
    both = [W1.public, W2.public]
    assert len(require_witnesses(note, both, 2, now=NOW)) == 2
    assert len(require_witnesses(note, both, 1, now=NOW, oldest=3600)) == 1
    with pytest.raises(RefusedError, match="L-15"):
        require_witnesses(note, both, 2, now=NOW, oldest=3600)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "tile/0/000"),
        (Tile(0, 999, 1), "tile/0/999.p/1"),
        (Tile(1, 1000, 256), "tile/1/x001/000"),
        (Tile(63, 1234067, 255), "tile/63/x001/x234/067.p/255"),
    ],
)
def test_paths_of_the_specification(tile, path):
    assert tile_path(tile) == path
    assert parse_path(path) == (tile, False)


@given(st.integers(0, 2**54), st.integers(1, 256))
def test_paths_are_read_again(index, width):
    tile = Tile(0, index, width)
    assert parse_path(bundle_path(tile)) == (tile, True)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/007",
        "tile/0/001.p/",
        "tile/0/001/../002",
        "/tile/0/001",
        "tile/0/001\n",
        "tile/entries/0",
        "tile/0/\u0660\u0660\u0661",
    ],
)
def test_l_16_paths_have_one_spelling(path):
    with pytest.raises(RefusedError, match="L-16"):
        parse_path(path)


@given(st.lists(st.binary(max_size=40), max_size=256))
def test_bundles_are_read_again(entries):
    assert unbundle(bundle(entries), len(entries)) == entries


@given(st.binary(max_size=200), st.integers(0, 256))
def test_l_17_no_bundle_escapes_as_another_error(raw, width):
    try:
        entries = unbundle(raw, width)
    except RefusedError as error:
        entries = error
    assert bundle(entries) == raw if isinstance(entries, list) else entries.rule == "L-17"


def test_l_17_bundles_that_cannot_be():
    for entries in ([b""] * 257, [bytes(65_536)]):
        with pytest.raises(RefusedError, match="L-17"):
            bundle(entries)
    whole = bundle([b"abc", b"d"])
    for raw, width in ((whole[:-1], 2), (whole, 1), (whole, 3), (whole + b"\x00", 2)):
        with pytest.raises(RefusedError, match="L-17"):
            unbundle(raw, width)


KIND = "application/vnd.stillwatch.bundle+json"


def test_envelopes_are_opened_by_threshold():
    raw = seal_envelope(KIND, b"{}", [LOG, OTHER])
    keys = [LOG.public, OTHER.public]
    opened = open_envelope(raw, KIND, keys, 2)
    assert (opened.payload, set(opened.signers)) == (b"{}", set(keys))
    assert open_envelope(raw, KIND, [OTHER.public]).signers == (OTHER.public,)


def test_envelopes_of_others_are_read():
    signature = base64.urlsafe_b64encode(LOG.sign(pae(KIND, b"\xff\xfe\xfd"))).decode()
    value = {
        "payload": base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode(),
        "payloadType": KIND,
        "signatures": [{"sig": "AAAA", "keyid": "x"}, {"sig": signature, "more": 1}],
        "extra": {},
    }
    assert open_envelope(json.dumps(value).encode(), KIND, [LOG.public]).payload == b"\xff\xfe\xfd"


def altered(**fields):
    return json.dumps({**json.loads(seal_envelope(KIND, b"{}", [LOG])), **fields}).encode()


@pytest.mark.parametrize(
    ("raw", "threshold"),
    [
        (b"", 1),
        (b"[]", 1),
        (b"{}", 1),
        (b"\xff", 1),
        (b"[" * 100_000, 1),
        (altered(payload="e31="), 1),
        (altered(payload="e30"), 1),
        (altered(payload="e 30="), 1),
        (altered(payloadType="text/plain"), 1),
        (altered(signatures=[]), 1),
        (altered(signatures=[{"keyid": LOG.public.key_id}]), 1),
        (altered(signatures=json.loads(altered())["signatures"] * 2), 2),
        (altered(signatures=json.loads(altered())["signatures"] * 65), 1),
    ],
)
def test_l_18_envelopes_that_do_not_open(raw, threshold):
    with pytest.raises(RefusedError, match="L-18"):
        open_envelope(raw, KIND, [LOG.public, OTHER.public], threshold)


def test_l_18_one_key_under_two_names_counts_once():
    raw = seal_envelope(KIND, b"{}", [LOG, SigningKey("again", LOG._seed)])
    with pytest.raises(RefusedError, match="L-18"):
        open_envelope(raw, KIND, [LOG.public, SigningKey("again", LOG._seed).public], 2)
