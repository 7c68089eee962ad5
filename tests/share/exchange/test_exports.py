"""What other tools make of our exports."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import stix2
import stix2validator

from stillwatch.share.exchange.exports import FORMATS, export
from stillwatch.share.objects import Indicator, canonical, examples, parse

CONVERTER = Path(__file__).parent / "misp_both_ways.py"

ITEMS = {item.id: item for item in examples()}  # the newest version of each
INDICATORS = [item for item in ITEMS.values() if isinstance(item, Indicator)]
LIVE = [item for item in INDICATORS if item.revoked is not True]


def test_stix_is_accepted_and_comes_back():
    bundle = json.loads(export(list(ITEMS.values()), "stix"))
    assert stix2validator.validate_string(json.dumps(bundle)).is_valid
    stix2.parse(bundle, allow_custom=False)
    back = {item["id"]: parse(json.dumps(item).encode()) for item in bundle["objects"]}
    assert back == ITEMS


def test_csv_has_a_row_an_indicator():
    rows = list(csv.DictReader(io.StringIO(export(list(ITEMS.values()), "csv"))))
    assert [row["id"] for row in rows] == [item.id for item in INDICATORS]
    assert [row["pattern"] for row in rows] == [item.pattern for item in INDICATORS]


def converted(how, text, tmp_path):
    """Return what MISP's own software makes of a text, in a process of its own.

    What it imports warns of its age and changes how everything after it is imported.
    """
    path = tmp_path / "given.json"
    path.write_text(text, "utf-8")
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "ignore", str(CONVERTER), how, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_misp_reads_our_events(tmp_path):
    event = converted("read", export(INDICATORS, "misp"), tmp_path)
    assert set(event["uuids"]) == {item.id[-36:] for item in INDICATORS}
    assert event["tags"] == ["tlp:red"]
    assert event["to_ids"] == [False]


def test_misp_stix_turns_indicators_into_misp_and_back(tmp_path):
    found = converted("both-ways", export(LIVE, "stix"), tmp_path)
    assert found["errors"] == []
    assert {item.id[-36:] for item in LIVE} <= set(found["uuids"])
    patterns = {  # MISP has no numbers
        name: text.replace("= '210000'", "= 210000") for name, text in found["patterns"].items()
    }
    assert patterns == {item.id: item.pattern for item in LIVE}


@pytest.mark.parametrize("form", FORMATS)
def test_exports_of_nothing(form):
    assert export([], form)
    with pytest.raises(ValueError, match="pdf"):
        export([], "pdf")


def test_no_cell_is_a_formula():
    item = next(item for item in LIVE if item.fields.note)
    document = json.loads(canonical(item))
    (extension,) = document["extensions"].values()
    extension["note"] = "=1+1"
    (row,) = csv.DictReader(io.StringIO(export([parse(json.dumps(document).encode())], "csv")))
    assert row["note"] == "'=1+1"
