"""Snapshots of what is known: built from what scan writes, swapped, refused."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asking import NOW, Gate, request

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.find.features.hashing import hash_strings, key_from_secret
from stillwatch.find.features.observe import string_buffers
from stillwatch.find.features.veil import Veil
from stillwatch.records import verdict_schema
from stillwatch.stop.serving import Core, Knowledge, Pieces, Place, Terms

SECRET = b"a secret"


def test_what_scan_writes_is_taken_as_it_lies_on_disk(tmp_path):
    schema = verdict_schema(pa.int64())
    shared = {"reasons": [], "recommended_measure": "limit"}
    rows = [
        {"account_id": 7, "campaign_id": "c1", "flagged_at": NOW, "score": 0.97} | shared,
        {"account_id": 8, "campaign_id": None, "flagged_at": None, "score": 0.02} | shared,
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "verdicts.parquet")
    campaigns = [{"campaign_id": "c1", "review_only": False, "findings": []}]
    (tmp_path / "campaigns.json").write_text(json.dumps({"campaigns": campaigns}))
    knowledge = Knowledge.of(
        2,
        verdicts=pq.read_table(tmp_path / "verdicts.parquet"),
        campaigns=json.loads((tmp_path / "campaigns.json").read_text())["campaigns"],
        as_of=NOW,
    )
    assert len(knowledge) == 2
    flagged, cleared = knowledge.account(0), knowledge.account(1)
    assert (flagged.campaign.campaign_id, flagged.probability) == ("c1", 0.97)
    assert flagged.flagged_at == NOW // 1_000_000
    assert (cleared.campaign, cleared.probability) == (None, 0.02)
    gate = Gate(knowledge=knowledge)
    assert gate.decide(request("Why?", "7")).campaign == "c1"
    assert gate.decide(request("Why?", "8")).campaign == ""


def test_a_swap_is_one_assignment_and_a_decision_keeps_the_snapshot_it_was_weighed_with():
    gate = Gate(knowledge=Knowledge.of(1))
    weighed = gate.core.weigh(request("Why?"))
    gate.core.knowledge = Knowledge.of(2)
    assert gate.core.conclude(weighed, ()).knowledge == 1
    assert gate.decide(request("Why?")).knowledge == 2


def test_what_was_built_under_another_secret_is_refused():
    core = Core(Terms(), Knowledge.of(1, secret=SECRET), secret=SECRET, accounts=64, segments=64)
    with pytest.raises(ConfigurationError, match="another secret"):
        core.knowledge = Knowledge.of(2)
    assert core.knowledge.version == 1


@pytest.mark.parametrize(
    ("tables", "what"),
    [
        ({"verdicts": pa.table({"account_id": ["a"]})}, "without score"),
        ({"verdicts": pa.table({"score": [0.5]})}, "without account_id"),
        ({"intelligence": pa.table({"account_id": ["a"], "log_ratio": [1.0]})}, "without actor"),
    ],
)
def test_tables_that_lack_a_column_are_named(tables, what):
    with pytest.raises(InputFormatError, match=what):
        Knowledge.of(**tables)


@pytest.mark.parametrize(
    "more",
    [
        {"places": [Place("i", "x", "country", "XX", 9.0)]},
        {"places": [Place("i", "x", "prefix", "10.0.0.0/8", 9.0)]},
        {"places": [Place("i", "x", "prefix", "nowhere", 9.0)]},
        {"places": [Place("i", "x", "asn", "1", 9.0, licence="block")]},
        {"pieces": [Pieces("i", "x", [1], [1], licence="block")]},
    ],
)
def test_indicators_of_no_kind_are_refused(more):
    with pytest.raises(ConfigurationError):
        Knowledge.of(**more)


def test_missing_values_are_taken_as_not_known():
    knowledge = Knowledge.of(
        accounts=pa.table(
            {
                "account_id": ["a", "b", None],
                "licensed": [None, True, True],
                "verification_level": [None, "business", "phone"],
                "organization_id": [None, "", None],
            }
        )
    )
    assert len(knowledge) == 2
    assert [knowledge.account(row).licensed for row in range(2)] == [False, True]
    assert [knowledge.account(row).verification for row in range(2)] == ["", "business"]
    assert knowledge.tables.holders.tolist() == [0, 0]


def test_the_strongest_indicator_of_an_account_counts():
    knowledge = Knowledge.of(
        intelligence=pa.table(
            {
                "account_id": ["a", "a", "b"],
                "actor": ["x", "y", "x"],
                "log_ratio": [3.0, 9.0, 1.0],
                "indicator": ["i1", "i2", "i3"],
                "licence": ["limit", "challenge", "limit"],
            }
        )
    )
    assert [knowledge.account(row).heard.name for row in range(2)] == ["i2", "i3"]


def test_a_client_is_looked_up_under_the_veil():
    key = key_from_secret(SECRET)
    agent, tls = (
        int(hash_strings(*string_buffers(pa.array([value])), key)[0])
        for value in ("Client/1.0", "t13d_a")
    )
    client = (agent * 0x9E3779B97F4A7C15 % 2**64) ^ tls
    value = f"{Veil.of(SECRET).one(client):016x}"
    place = Place("i", "x", "client", value, 9.0, "limit")
    gate = Gate(secret=SECRET, knowledge=Knowledge.of(places=[place], secret=SECRET))
    asked = {"user_agent": "Client/1.0", "tls_fingerprint": "t13d_a"}
    assert gate.decide(request("Why?", **asked)).reasons[0].code == "peer-indicator"
    assert gate.decide(request("Why?", user_agent="Client/1.0")).reasons == ()
