from __future__ import annotations

import pytest
from report_scans import read


@pytest.fixture
def scan(scan_folder):
    return read(scan_folder)
