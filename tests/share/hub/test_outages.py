"""Point 1 of the exchange in short: `bench/hub_outages.py` with a cut of half a minute."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench" / "hub_outages.py"
pytest.importorskip("pgserver", reason="no PostgreSQL: pip install pgserver")


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_over_a_kill_a_restart_a_cut_and_a_clock_that_is_off():
    words = [sys.executable, str(BENCH), "--cut", "30", "--before", "5"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "lost 0, doubled 0" in done.stdout
    assert (
        int(re.match(r"([\d,]+) objects answered, 0 refused", done.stdout)[1].replace(",", "")) > 0
    )
