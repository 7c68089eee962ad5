from __future__ import annotations

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_rows import ROW, read_exchanges

# The first example compiles a kernel, and machines are shared: time is no failure.
hypothesis.settings.register_profile("sources", deadline=None)
hypothesis.settings.load_profile("sources")


@pytest.fixture
def read(tmp_path):
    def run(location, **options):
        return read_exchanges(location, tmp_path / "out", **options)

    return run


@pytest.fixture
def read_rows(tmp_path):
    """Write rows that differ from a sound one as given, and read them back."""

    def run(*changes, types=None, **options):
        names = list(ROW) + [name for change in changes for name in change if name not in ROW]
        names = list(dict.fromkeys(names))
        rows = [{"exchange_id": f"x{i}", **change} for i, change in enumerate(changes)]
        columns = {name: [row.get(name, ROW.get(name)) for row in rows] for name in names}
        arrays = {
            name: pa.array(values, (types or {}).get(name)) for name, values in columns.items()
        }
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table(arrays), path)
        return read_exchanges(path, tmp_path / "out", **options)

    return run
