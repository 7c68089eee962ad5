"""Servers of other parts' tests are used here, too."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
for folder in ("stop/service", "store", "cli", "share/exchange"):
    sys.path.append(str(TESTS / folder))
