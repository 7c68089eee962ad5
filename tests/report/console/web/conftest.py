from __future__ import annotations

import pytest
from console_browser import Site

from stillwatch.report.console.web import passwords


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path / "console.sqlite")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    """Passwords cost a test a millisecond; what they cost otherwise is tested by itself."""
    monkeypatch.setattr(passwords, "_N", 1 << 4)
    monkeypatch.setattr(passwords, "_P", 1)
