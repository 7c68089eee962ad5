"""JSON Lines from standard input: read once, in any pieces, like a file of the same rows."""

from __future__ import annotations

import io
import json
import sys

import pyarrow as pa
import pytest
from source_rows import read_exchanges

from stillwatch.errors import ConfigurationError, InputFormatError, MissingColumnError
from stillwatch.find.sources import ColumnMapping, Quarantine, open_exchanges

ROWS = [
    {
        "time": f"2026-01-02T00:00:{i:02d}Z",
        "exchange_id": f"x{i}",
        "account_id": i % 3,
        "model": "m",
        "prompt": f"Question {i}?\nIn two lines.",
        "client": {"ip": "10.0.0.1"},
    }
    for i in range(30)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


class Pieces(io.BytesIO):
    """Gives a few bytes a read, as a pipe may."""

    def read(self, size=-1):
        return super().read(min(size, 7))


@pytest.fixture
def piped(monkeypatch):
    def give(data, stream=io.BytesIO):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream(data)))

    return give


def rows_of(source):
    return [row for batch in source.batches() for row in batch.to_pylist()]


@pytest.mark.parametrize("stream", [io.BytesIO, Pieces])
@pytest.mark.parametrize("data", [LINES, b"\n\n" + LINES, b"\xef\xbb\xbf" + LINES])
def test_a_stream_is_read_like_a_file(piped, tmp_path, data, stream):
    (tmp_path / "log.jsonl").write_bytes(LINES)
    mapping = ColumnMapping({"exchange": {"ip": "client.ip"}}, account_id_type="string")
    file = open_exchanges(str(tmp_path / "log.jsonl"), mapping=mapping, quarantine=Quarantine(None))
    piped(data, stream)
    source = open_exchanges("-", mapping=mapping, quarantine=Quarantine(None), batch_rows=4)
    assert rows_of(source) == rows_of(file)
    assert len(rows_of(file)) == 30
    assert source.shown == "standard input"


def test_ids_are_text_unless_the_mapping_says_otherwise(piped):
    piped(LINES)
    source = open_exchanges("-", quarantine=Quarantine(None))
    assert source.account_type == pa.string()
    assert rows_of(source)[2]["account_id"] == "2"
    piped(LINES)
    mapping = ColumnMapping(account_id_type="int64")
    source = open_exchanges("-", mapping=mapping, quarantine=Quarantine(None))
    assert rows_of(source)[2]["account_id"] == 2


def test_bad_lines_go_to_quarantine(piped, tmp_path):
    lines = LINES.splitlines(keepends=True)
    lines[4] = b"{\n"
    piped(b"".join(lines) + b'{"time": "2026-')  # whoever wrote it died
    read = read_exchanges("-", tmp_path / "out")
    assert len(read.rows) == 29
    assert read.bad == {"unreadable-record": 2}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", InputFormatError),
        (b"\n \n", InputFormatError),
        (b'[{"time": 1}]', InputFormatError),
        (b"PAR1\0\0", InputFormatError),
        (b'{"time": 1}\n', MissingColumnError),
    ],
)
def test_what_is_no_log_is_named(piped, data, error):
    piped(data)
    with pytest.raises(error) as caught:
        open_exchanges("-", quarantine=Quarantine(None))
    assert caught.value.where == "standard input"


def test_other_formats_do_not_come_from_a_stream(piped):
    piped(LINES)
    with pytest.raises(ConfigurationError, match="not as csv"):
        open_exchanges("-", quarantine=Quarantine(None), format="csv")
    assert len(rows_of(open_exchanges("-", quarantine=Quarantine(None), format="jsonl"))) == 30


def test_it_is_read_once(piped):
    piped(LINES)
    source = open_exchanges("-", quarantine=Quarantine(None))
    assert len(rows_of(source)) == 30
    with pytest.raises(InputFormatError, match="once"):
        rows_of(source)
