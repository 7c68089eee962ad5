"""A clock that steps by an hour under a running replica: verdicts stay, no limit is given anew."""

from __future__ import annotations

import os
from random import Random

import pytest
from replicas import ENFORCED, replicas, today, waited, write_policy
from scan_folder import write_scan

HOUR = 3_600_000_000_000
STEPPED = """
import os, time
_real, _file = time.time_ns, os.environ["STEPPED_BY"]
def time_ns():
    with open(_file) as held:
        return _real() + int(held.read() or 0)
open(_file[:-4] + "loaded", "w").write("sitecustomize")
time.time_ns, time.time = time_ns, lambda: time_ns() / 1e9
"""
TIGHT = (
    ENFORCED.replace("version = 1", 'version = 1\nlicensed = "all"')
    + '[[tiers]]\nname = "all"\nunits_a_day = 1\nburst = 1\n'
)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_step_of_an_hour_loses_no_verdict_and_gives_no_burst(tmp_path, monkeypatch, step):
    (tmp_path / "sitecustomize.py").write_text(STEPPED)
    moved = tmp_path / "step"
    moved.write_text("0")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("STEPPED_BY", str(moved))
    random = Random(6)
    words = [f"{random.getrandbits(64):x}" for _ in range(4000)]
    write_scan(tmp_path / "out", ["bad"], as_of=today(hours=2))
    with replicas(tmp_path, write_policy(tmp_path, TIGHT) + 'scan = "out"\n') as (one,):

        def spent():
            return one.status("a", prompt=" ".join(random.sample(words, 40))) == 429

        waited(lambda: one.status("bad") == 403)
        waited(spent, 60)
        moved.write_text(str(step))
        loaded = "sitecustomize" in (tmp_path / "loaded").read_text()
        passed = sum(not spent() for _ in range(10))
        waited(lambda: one.status("bad") == 403)
        moved.write_text("0")
        passed += sum(not spent() for _ in range(10))
    assert loaded
    assert passed <= 4  # of about 24 a burst: a bucket refills for an hour at most, by any clock
