"""One set of servers for the module that attacks them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
for part in ("share/oprf", "share/witness"):
    sys.path.append(str(TESTS / part))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from served import World  # noqa: PLC0415 - needs the paths above

    with World(tmp_path_factory.mktemp("world")) as made:
        yield made
