"""A sound row, and a reader that returns what became of the rows of an input."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from stillwatch.find.sources import Quarantine, open_exchanges

ROW = {
    "time": "2026-01-02T03:04:05Z",
    "exchange_id": "x1",
    "account_id": "a1",
    "model": "m",
    "prompt": "hello",
}


@dataclass
class Read:
    rows: list
    source: object
    bad: dict
    cells: dict
    quarantined: list = field(default_factory=list)


def read_exchanges(location, out, **options):
    with Quarantine(out) as quarantine:
        source = open_exchanges(str(location), quarantine=quarantine, **options)
        rows = [row for batch in source.batches() for row in batch.to_pylist()]
    path = quarantine.path("exchanges")
    lines = path.read_text().splitlines() if path.exists() else []
    return Read(
        rows,
        source,
        quarantine.rows("exchanges"),
        quarantine.cells("exchanges"),
        [json.loads(line) for line in lines],
    )
