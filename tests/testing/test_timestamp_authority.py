"""The authority's answers hold for our verifier and for openssl, and for nothing else."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from stillwatch.errors import RefusedError
from stillwatch.prove.evidence import Authority, ask, verify_stamp
from stillwatch.testing import TimestampAuthority, serving

DATA = b"what was there"


def stamped(authority, data=DATA):
    with serving(authority) as url:
        return ask(url, data)


def test_a_stamp_verifies_under_its_root_and_no_other():
    authority, other = TimestampAuthority("one"), TimestampAuthority("two")
    before = datetime.now(UTC).replace(microsecond=0)
    raw = stamped(authority)
    pinned = [Authority.of(one.name, one.root) for one in (authority, other)]
    stamp = verify_stamp(raw, DATA, pinned[:1], "E-6")
    assert before <= stamp.time <= datetime.now(UTC)
    with pytest.raises(RefusedError, match="E-6"):
        verify_stamp(raw, DATA, pinned[1:], "E-6")
    with pytest.raises(RefusedError, match="of other data"):
        verify_stamp(raw, DATA + b"!", pinned, "E-6")
    middle = len(raw) // 2
    for at in (middle, len(raw) - 5):
        spoiled = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(RefusedError, match="E-6"):
            verify_stamp(spoiled, DATA, pinned, "E-6")


def test_it_stamps_by_the_clock_that_it_is_given():
    when = datetime(2026, 3, 1, 12, tzinfo=UTC)
    authority = TimestampAuthority("one", lambda: when)
    pinned = [Authority.of("one", authority.root)]
    assert verify_stamp(stamped(authority), DATA, pinned, "E-6").time == when


def test_openssl_verifies_a_stamp(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    authority = TimestampAuthority("one")
    for name, held in (("root.pem", authority.root), ("data", DATA)):
        (tmp_path / name).write_bytes(held)

    def openssl(*arguments):
        done = subprocess.run(  # noqa: S603 - our own words
            [shutil.which("openssl"), "ts", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    openssl("-query", "-data", "data", "-sha256", "-cert", "-out", "query.tsq")
    (tmp_path / "answer.tsr").write_bytes(authority.answer((tmp_path / "query.tsq").read_bytes()))
    verify = ("-verify", "-in", "answer.tsr", "-CAfile", "root.pem")
    assert "Verification: OK" in openssl(*verify, "-data", "data")
    assert "Verification: OK" in openssl(*verify, "-queryfile", "query.tsq")
    (tmp_path / "data").write_bytes(b"another")
    assert "Verification: FAILED" in openssl(*verify, "-data", "data")


@pytest.mark.parametrize("query", [b"", b"\x30", b"no query", b"\x30\x80", bytes(300), b"\x30\x00"])
def test_what_is_no_query_is_rejected(query):
    answer = TimestampAuthority("one").answer(query)
    assert b"SHA-256 digest is needed" in answer
    with pytest.raises(RefusedError, match="E-6"):
        verify_stamp(answer, DATA, [], "E-6")
