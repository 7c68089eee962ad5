"""What a hostile client of the gateway meets: a decision service and an appeals desk, running."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
for part in ("stop/service", "hostile/exchange"):
    sys.path.append(str(TESTS / part))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    from replicas import replicas, write_policy  # noqa: PLC0415 - needs the paths above

    folder = tmp_path_factory.mktemp("attacked")
    lines = write_policy(folder) + '[lake]\nfolder = "lake"\nkeep_answers = true\n'
    with replicas(folder, lines) as (one,):
        for _ in range(3):  # what is loaded at first use is no attacker's doing
            one.answered(one.ask())
        yield one
