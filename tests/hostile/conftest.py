"""One zygote for each process that runs tests."""

from __future__ import annotations

import pytest
from running import Runner


@pytest.fixture(scope="session")
def runner(tmp_path_factory):
    made = Runner()
    made.measure_idle(tmp_path_factory.mktemp("idle"))
    yield made
    made.close()
