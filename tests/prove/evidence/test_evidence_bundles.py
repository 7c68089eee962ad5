"""A bundle from collection to verification, by us and by openssl alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bundle_world import World, run

from stillwatch.errors import ConfigurationError, RefusedError, UnreachableError
from stillwatch.prove.evidence import TokenSigner


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("evidence") / "world")


@pytest.fixture
def bundle(world, tmp_path):
    return shutil.copytree(world.bundle, tmp_path / "bundle")


def test_every_step_holds(world):
    lines = world.verify().splitlines()
    assert "FAILS" not in "".join(lines)
    assert [line.split()[0] for line in lines] == [
        f"E-{n}" for n in range(1, 23) if n != 8
    ]  # E-8 is tried with E-7, part by part


def test_openssl_and_coreutils_alone_verify(world, tmp_path):
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"".join(one.root.read_bytes() for one in world.authorities))
    done = openssl_only(world.bundle, roots)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("verified\n")


def openssl_only(bundle, roots):
    return subprocess.run(
        ["bash", "-euo", "pipefail", "VERIFY.txt"],  # noqa: S607 - what the bundle prints
        cwd=bundle,
        env={"PATH": os.environ["PATH"], "ROOTS": str(roots)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_report_is_a_pdf_whose_values_are_text(world, tmp_path):
    typst = pytest.importorskip("typst", reason="typst is not installed")
    assert typst
    out = tmp_path / "report.pdf"
    arguments = ("--out", out, "--signed-by", world.keys["lab"], *world.roots())
    run("report", world.bundle, *arguments)
    assert out.read_bytes().startswith(b"%PDF-")
    template = tmp_path / "own.typ"
    template.write_text('#import "/etc/passwd"')
    run("report", world.bundle, *arguments, "--template", template, fails=ConfigurationError)


def test_withheld_records_are_opened_later(world, tmp_path):
    less = tmp_path / "less"
    run("redact", world.bundle, "--out", less, "--withhold", "accounts", "--withhold", "prompt")
    assert not (less / "open" / "accounts.jsonl").exists()
    shown = (less / "open" / "exchanges.jsonl").read_text()
    assert "prompt 1" not in shown
    assert "answer 1" in shown
    assert "0 of 2 opened" in world.verify(less)
    run("open", less, "accounts", world.bundle / "open" / "accounts.jsonl")
    run("open", less, "exchanges", world.bundle / "open" / "exchanges.jsonl")
    assert "2 of 2 opened" in world.verify(less)
    assert (less / "open" / "exchanges.jsonl").read_text().count("prompt 1") > 0


def test_an_opening_of_other_words_is_refused(world, tmp_path):
    less = tmp_path / "less"
    run("redact", world.bundle, "--out", less, "--withhold", "accounts")
    false = tmp_path / "false.jsonl"
    false.write_text((world.bundle / "open/accounts.jsonl").read_text().replace('"a0"', '"b0"'))
    error = run("open", less, "accounts", false, fails=RefusedError)
    assert error.rule == "E-9"
    assert not (less / "open" / "accounts.jsonl").exists()


def test_a_packed_bundle_is_the_same_bytes_and_verifies(world, tmp_path):
    for name in ("a.tar", "b.tar"):
        run("pack", world.bundle, tmp_path / name)
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    run("unpack", tmp_path / "a.tar", tmp_path / "again")
    world.verify(tmp_path / "again")


def test_members_sign_one_bundle_without_seeing_accounts(world, tmp_path):
    redacted = tmp_path / "lab-a"
    run(
        "redact",
        world.bundle,
        "--out",
        redacted,
        "--withhold",
        "accounts",
        "--withhold",
        "exchanges",
    )
    (tmp_path / "case.toml").write_text(
        'title = "joint"\ndeclared_at = 2026-01-01T00:00:00Z\ncampaigns = ["c-1"]\n'
    )
    joint = tmp_path / "joint"
    run(
        "collect",
        tmp_path / "case.toml",
        "--out",
        joint,
        "--member",
        redacted,
        "--signer",
        f"a={world.keys['lab']}",
        "--signer",
        f"b={world.keys['expert']}",
    )
    world.sign(joint)
    assert "1 members" in world.verify(joint)
    everything = b"".join(path.read_bytes() for path in joint.rglob("*") if path.is_file())
    assert b'"account_id"' not in everything


def test_a_key_in_a_token_signs(tmp_path, monkeypatch):
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    library = Path("/usr/lib/softhsm/libsofthsm2.so")
    if not library.exists() or not shutil.which("softhsm2-util"):
        pytest.skip("softhsm2 is not installed")
    import pkcs11  # noqa: PLC0415 - skipped above without it
    from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415

    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm.conf"))
    subprocess.run(
        [  # noqa: S607 - on PATH, asked above
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            "t",
            "--pin",
            "1234",
            "--so-pin",
            "123456",
        ],
        check=True,
        capture_output=True,
    )
    curve = encode_named_curve_parameters("secp256r1")
    with (
        pkcs11.lib(str(library))
        .get_token(token_label="t")  # noqa: S106 - a label
        .open(user_pin="1234", rw=True) as session
    ):
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
        )
        parameters.generate_keypair(store=True, label="evidence")
    signer = TokenSigner(library, "t", "evidence", "1234")
    assert signer.public.algorithm == "ecdsa-p256-sha256"
    assert signer.public.verify(signer.sign(b"words"), b"words")
    assert not signer.public.verify(signer.sign(b"words"), b"other words")


def test_a_day_is_appended_once_and_stamped_again(tmp_path, world):
    arguments = (
        "daily-digest",
        world.folder / "log.parquet",
        "--state",
        tmp_path / "days",
        "--name",
        "x/days",
        "--day",
        world.day,
    )
    closed = ("--authority", "http://127.0.0.1:9/", "--root", world.authorities[0].root)
    run(*arguments, *closed, fails=UnreachableError)
    first = (tmp_path / "days/entry/0.note").read_bytes()
    with world.authorities[1].serving() as url:
        run(*arguments, "--authority", url, "--root", world.authorities[0].root, fails=RefusedError)
        assert not list((tmp_path / "days/entry").glob("*.tsr"))
        run(*arguments, "--authority", url, "--root", world.authorities[1].root)
    assert (tmp_path / "days/entry/0.note").read_bytes() == first
    assert len(list((tmp_path / "days/entry").iterdir())) == 3


def test_the_log_of_a_day_cannot_be_changed_afterwards(tmp_path, world):
    table = pq.read_table(world.folder / "log.parquet")
    at = table.schema.get_field_index("prompt")
    other = pa.array(["worse", *table.column("prompt").to_pylist()[1:]])
    pq.write_table(table.set_column(at, "prompt", other), tmp_path / "log.parquet")
    error = run(
        "collect",
        world.folder / "case.toml",
        "--out",
        tmp_path / "out",
        "--signer",
        f"a={world.keys['lab']}",
        "--scan",
        world.folder / "scan",
        "--exchanges",
        tmp_path / "log.parquet",
        "--days",
        world.folder / "days",
        fails=RefusedError,
    )
    assert error.rule == "E-12"
