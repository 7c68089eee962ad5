"""A world as messages, and scans of any of them."""

from __future__ import annotations

import pyarrow.parquet as pq
from brokers import payloads
from easy_world import easy_world

from stillwatch.find.campaigns import Settings, scan
from stillwatch.find.features.rows import HOUR
from stillwatch.find.sources import Quarantine, open_exchanges

STEP = Settings(step=6 * HOUR)


class World:
    """A world, its messages, and scans of any of them."""

    def __init__(self, folder):
        made = easy_world(folder / "world")
        self.exchanges, self.accounts = made.exchanges.combine_chunks(), made.accounts
        self.messages = payloads(self.exchanges)
        self.account_file = folder / "accounts.parquet"
        pq.write_table(self.accounts, self.account_file)
        self._folder, self._number = folder, 0

    def scanned(self, messages, settings=STEP):
        """Scan messages as a JSON Lines log; return the result and what went to quarantine."""
        self._number += 1
        path = self._folder / f"log-{self._number}.jsonl"
        path.write_bytes(b"\n".join(m for m in messages if m is not None) + b"\n")
        quarantine = Quarantine(None)
        source = open_exchanges(str(path), quarantine=quarantine)
        result, _ = scan(source.batches(), self.accounts, settings=settings)
        return result, quarantine.rows("exchanges")
