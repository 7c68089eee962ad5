"""Keys in and out of files and texts; canonical bytes; commitments: L-1, L-2, L-3."""

from __future__ import annotations

import base64
import hashlib
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, OutputError, RefusedError, SourceNotFoundError
from stillwatch.ledger import COSIGNATURE, SigningKey, VerifyKey, canonical, commit, merkle
from stillwatch.ledger.commitments import opens

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FIELD = 2**255 - 19


def test_the_specifications_verifier_key():
    key = VerifyKey.decode(VKEY)
    assert key.encode() == VKEY
    assert key.key_id.startswith("530d903a")
    assert len(key.key_id) == 64


def test_rfc_8032_vector():
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey("a", seed)
    assert key.public.raw.hex().startswith("d75a980182b10ab7d54bfed3c964073a")
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a")


def test_a_file_gives_the_key_back(tmp_path):
    key = SigningKey.generate("hub.example/log", COSIGNATURE)
    key.write(tmp_path / "a.key")
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600
    read = SigningKey.read(tmp_path / "a.key")
    assert read.public == key.public
    assert read.sign(b"x") == key.sign(b"x")
    assert base64.b64encode(key._seed).decode() not in repr(key)


def test_a_file_is_never_written_over(tmp_path):
    key = SigningKey.generate("a")
    key.write(tmp_path / "a.key")
    with pytest.raises(OutputError):
        key.write(tmp_path / "a.key")
    with pytest.raises(OutputError):
        key.write(tmp_path / "no" / "a.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "a.key"
    SigningKey.generate("a").write(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="read by others"):
        SigningKey.read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SourceNotFoundError):
        SigningKey.read(tmp_path / "a.key")


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.removeprefix("PRIVATE+KEY+"),
        lambda t: t[:-9],
        lambda t: t.replace("+KEY+a", "+KEY+b"),
        lambda _: "",
        lambda _: "\x00" * 100,
    ],
)
def test_a_file_that_holds_no_key(tmp_path, change):
    path = tmp_path / "a.key"
    SigningKey.generate("a").write(path)
    path.write_text(change(path.read_text()))
    with pytest.raises(ConfigurationError, match="no private key"):
        SigningKey.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("/foo", "/bar"),
        VKEY.replace("foo", "f oo"),
        VKEY.replace("foo", "f\u2003oo"),
        "+" + VKEY.partition("+")[2],
        VKEY[:-4],
        VKEY[:-1] + "l",
        VKEY + "\n",
        VKEY.replace("+Ae", "+Be"),
        "a" * 256 + VKEY,
    ],
)
def test_l_1_texts_that_are_no_keys(text):
    with pytest.raises(RefusedError, match="L-1"):
        VerifyKey.decode(text)


def _small_order():
    """Yield encodings of all points whose order divides 8, canonical or not."""
    d = -121665 * pow(121666, -1, FIELD) % FIELD
    # y of the points of order 8, by way of x^2 = -y^2 on the curve
    root = pow(1 + d, (FIELD + 3) // 8, FIELD)
    if root * root % FIELD != (1 + d) % FIELD:
        root = root * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    assert root * root % FIELD == (1 + d) % FIELD
    ys = {0, 1, FIELD - 1}
    for sign in (1, -1):
        square = (-1 + sign * root) * pow(d, -1, FIELD) % FIELD
        y = pow(square, (FIELD + 3) // 8, FIELD)
        if y * y % FIELD != square:
            y = y * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
        if y * y % FIELD == square:
            ys |= {y, FIELD - y}
    assert len(ys) == 5
    for y in ys:
        for spelled in (y, y + FIELD):
            if spelled < 2**255:
                yield from (
                    spelled.to_bytes(32, "little"),
                    (spelled | 1 << 255).to_bytes(32, "little"),
                )


@pytest.mark.parametrize("raw", list(_small_order()), ids=bytes.hex)
def test_l_1_weak_keys(raw):
    with pytest.raises(RefusedError, match="L-1"):
        VerifyKey("a", raw)


def test_l_1_a_weak_keys_signature_would_fit_any_message():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    identity = (1).to_bytes(32, "little")
    forged = identity + bytes(32)
    for message in (b"one", b"another"):
        Ed25519PublicKey.from_public_bytes(identity).verify(forged, message)


@pytest.mark.parametrize(("raw", "kind"), [(b"a" * 31, 1), (b"a" * 33, 1), (b"a" * 32, 2)])
def test_l_1_lengths_and_kinds(raw, kind):
    with pytest.raises(RefusedError, match="L-1"):
        VerifyKey("a", raw, kind)
    with pytest.raises(RefusedError, match="L-1"):
        SigningKey("a", b"short")


def test_a_key_of_two_kinds_has_two_ids():
    key = SigningKey.generate("a")
    assert VerifyKey("a", key.public.raw, COSIGNATURE).key_id != key.public.key_id


@given(st.binary(), st.binary(max_size=80))
def test_signatures_of_any_length_are_answered(message, signature):
    assert not SigningKey("a", bytes(32)).public.verify(signature, message)


def test_rfc_8785_example():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical(value).decode() == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**53 + 1, {1: 2}, "\ud800", b"x", {"a": object()}, nested(9**5)],
    ids=["nan", "infinity", "integer", "key", "surrogate", "bytes", "object", "nesting"],
)
def test_l_2_what_has_no_canonical_form(value):
    with pytest.raises(RefusedError, match="L-2"):
        canonical(value)


def test_a_commitment_opens_with_its_salt_and_object_alone():
    salt, content = bytes(range(32)), canonical({"id": "indicator--1"})
    made = commit(salt, content)
    assert len(made) == 32
    assert opens(made, salt, content)
    assert not opens(made, salt, content + b" ")
    assert not opens(made, bytes(32), content)
    assert not opens(made[:31], salt, content)
    assert made != hashlib.sha256(salt + content).digest()


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_l_3_salts_have_one_length(length):
    with pytest.raises(RefusedError, match="L-3"):
        commit(bytes(length), b"{}")
    assert not opens(bytes(32), bytes(length), b"{}")


def test_erasing_objects_and_salts_leaves_every_proof_valid():
    records = [(bytes([n]) * 32, canonical({"n": n})) for n in range(20)]
    leaves = [merkle.leaf_hash(commit(salt, content)) for salt, content in records]
    tiles, tree = merkle.MemoryTiles(), merkle.Tree()
    tiles.write(tree.append(leaves))
    records[7] = None
    for index, leaf in enumerate(leaves):
        proof = merkle.inclusion_proof(index, 20, tiles)
        merkle.verify_inclusion(leaf, index, 20, proof, tree.root())
