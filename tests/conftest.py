"""Settings of all tests."""

from __future__ import annotations

import os

# Matrices are small here, and several workers share the cores: OpenBLAS's threads would wait for
# one another and take ten times as long. It reads this when numpy is imported, here and in every
# process that a test starts.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
