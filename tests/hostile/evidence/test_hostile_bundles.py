"""Tampered bundles: each is refused, and by the step that its tampering breaks."""

from __future__ import annotations

import shutil
import tarfile

import pytest
from bundle_world import World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tampering import FILES, RESIGNED, edit, resign, set_to

from stillwatch.errors import RefusedError
from stillwatch.prove.evidence import (
    STEPS,
    Case,
    Envelope,
    LocalSigner,
    Opening,
    PublicKey,
    Statement,
    unpack,
    verify,
    verify_stamp,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("hostile") / "world")


@pytest.fixture
def bundle(world, tmp_path):
    return shutil.copytree(world.bundle, tmp_path / "bundle")


def failed(bundle, world):
    done = verify(bundle, world.trust)
    assert all(one.step in STEPS for one in done)
    return {one.step for one in done if one.held is False}


@pytest.mark.parametrize("name", FILES)
def test_changed_files_are_refused(name, world, bundle):
    steps, tamper = FILES[name]
    tamper(bundle, world)
    assert failed(bundle, world) & set(steps.split())


@pytest.mark.parametrize("name", RESIGNED)
def test_what_signers_change_and_sign_anew_is_refused(name, world, bundle):
    steps, tamper = RESIGNED[name]
    tamper(bundle, world)
    resign(bundle, world)
    found = failed(bundle, world)
    assert found & set(steps.split())
    assert not found & {"E-1", "E-2", "E-3", "E-4", "E-5", "E-6", "E-7", "E-22"}


def test_signing_anew_by_itself_changes_nothing(world, bundle):
    resign(bundle, world)
    assert failed(bundle, world) == set()


def test_a_false_merkle_root_is_refused_by_its_own_step(world, bundle):
    resign(bundle, world, change=set_to("subject", 0, "digest", "merkle-1mib", value="0" * 64))
    assert failed(bundle, world) == {"E-8"}


def test_a_case_that_cannot_be_read_is_not_signed(world, bundle):
    edit(bundle / "parts" / "case.json", set_to("guilty", value=True))
    with pytest.raises(RefusedError, match="E-10"):
        resign(bundle, world)


@pytest.mark.parametrize("name", ["../out", "/etc/x", "parts/a/../../x", "C:/x", "parts/l"])
def test_packed_bundles_hold_plain_files_alone(name, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        member = tarfile.TarInfo(name)
        if name == "parts/l":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(RefusedError, match="E-1"):
        unpack(tmp_path / "a.tar", tmp_path / "out" / "here")
    assert [path.name for path in tmp_path.iterdir()] in (["a.tar", "out"], ["out", "a.tar"])


PARSERS = (
    Envelope.decode,
    Statement.decode,
    Case.decode,
    Opening.decode,
    lambda raw: verify_stamp(raw, b"x", (), "E-6"),
    PublicKey,
)


@pytest.mark.parametrize("at", range(len(PARSERS)))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_parsers_refuse_damaged_bytes(at, data, world):
    bundle = world.bundle
    held = Envelope.decode((bundle / "statement.dsse.json").read_bytes())
    sources = (
        held.encode(),
        held.content,
        (bundle / "parts/case.json").read_bytes(),
        (bundle / "open/exchanges.jsonl").read_bytes().splitlines(keepends=True)[0],
        min((bundle / "stamps").iterdir()).read_bytes(),
        LocalSigner(world.folder / "sign.key").public.spki,
    )
    raw = bytearray(sources[at])
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(raw) - 1))
        raw[where : where + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        PARSERS[at](bytes(raw))
    except RefusedError as error:
        assert error.rule in {*STEPS, "L-1", "L-2", "L-3"}  # noqa: PT017 - damage may be none


def test_there_are_a_hundred():
    assert len(FILES) + len(RESIGNED) >= 100
