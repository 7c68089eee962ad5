from __future__ import annotations

import pytest
from example_scan import example_scan, hostile_scan

from stillwatch.report.documents import write_scan


@pytest.fixture(scope="session")
def scan_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("scan") / "out"
    result, activity = example_scan()
    write_scan(result, out, activity)
    return out


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile") / "out"
    write_scan(hostile_scan(), out)
    return out
