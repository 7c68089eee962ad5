"""What leaves is of the closed schema, and nothing of the scan's record is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import stix2
import stix2validator
from click.testing import CliRunner
from example_scan import HOSTILE, hostile_scan
from report_scans import REASONING, read, signed_folder

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, IncompatibleObservationsError
from stillwatch.report.documents import write_scan
from stillwatch.report.statements.campaign import campaign_of
from stillwatch.report.statements.misp import misp_event
from stillwatch.report.statements.peers import WITHHELD
from stillwatch.share.exchange.membership import Home, Membership
from stillwatch.share.objects import exchange_schema, parse

SECRET = b"the epoch's secret, of all members"
MISP = Path(__file__).parents[2] / "share" / "exchange" / "misp_both_ways.py"


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    root = tmp_path_factory.mktemp("signed")
    (root / "epoch.key").write_bytes(SECRET)
    signed_folder(root / "out", SECRET)
    return root


def run(*words):
    done = CliRunner().invoke(cli, ["report", "campaign", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.stderr
    return done


def stix(signed, *more):
    words = (REASONING, "--results", signed / "out", "--to", "stix")
    more = more or ("--organisation", "Provider A")
    return run(*words, "--epoch", 3, "--key-file", signed / "epoch.key", *more)


def test_a_bundle_is_valid_and_of_the_closed_schema(signed):
    bundle = json.loads(stix(signed, "--organisation", "Provider A").stdout)
    assert stix2validator.validate_string(json.dumps(bundle)).is_valid
    stix2.parse(bundle, allow_custom=False)
    schema = exchange_schema()
    for item in bundle["objects"]:
        jsonschema.validate(item, schema)
        parse(json.dumps(item).encode())
    kinds = [item["type"] for item in bundle["objects"]]
    assert kinds.count("indicator") == 1
    names = {item["name"] for item in bundle["objects"] if item["type"] == "identity"}
    assert names == {"stillwatch", "Provider A"}


def test_nothing_that_is_withheld_is_in_it(signed):
    done = stix(signed)
    for words in WITHHELD:
        assert words in done.stderr
    scan = read(signed / "out")
    campaign = campaign_of(scan, REASONING)
    document = json.loads(done.stdout)
    held = json.dumps([item for item in document["objects"] if item["type"] == "indicator"])
    secrets = [
        campaign.campaign_id, campaign.kind, *map(str, campaign.members),
        *(f.explanation for f in campaign.findings), *(u.model for u in campaign.usage),
        *(e.name for e in campaign.entities),
        *(x.exchange_id for x in campaign.examples),
    ]  # fmt: skip
    assert [secret for secret in secrets if secret in held] == []
    numbers = {int(n) for n in numbers_of(json.loads(held))}
    assert not {campaign.exchanges, campaign.leaked, len(campaign.members)} & numbers


def numbers_of(value):
    match value:
        case bool():
            return
        case int():
            yield value
        case dict():
            for item in value.values():
                yield from numbers_of(item)
        case list():
            for item in value:
                yield from numbers_of(item)


def test_the_same_scan_gives_the_same_bytes_and_another_key_other_names(signed, tmp_path):
    assert stix(signed).stdout == stix(signed).stdout
    other = tmp_path / "other"
    other.mkdir()
    (other / "epoch.key").write_bytes(b"another secret of another epoch")
    signed_folder(other / "out", b"another secret of another epoch")
    one, two = json.loads(stix(signed).stdout), json.loads(stix(other).stdout)
    ids = [{i["id"] for i in b["objects"] if i["type"] == "indicator"} for b in (one, two)]
    assert not ids[0] & ids[1]


def test_a_member_speaks_in_its_own_name(signed, tmp_path):
    home = Home(tmp_path / "home")
    home.prepare("member-a")
    member = "identity--" + "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
    home.join(
        Membership(hub="https://hub", member=member, name="A", collection="c", origin="o",
                   log_key="k")
    )  # fmt: skip
    bundle = json.loads(stix(signed, "--home", tmp_path / "home", "--tlp", "amber+strict").stdout)
    (indicator,) = [item for item in bundle["objects"] if item["type"] == "indicator"]
    assert indicator["created_by_ref"] == member
    (marking,) = indicator["object_marking_refs"]
    assert {i["id"]: i.get("name") for i in bundle["objects"]}[marking] == "TLP:AMBER+STRICT"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ((), ConfigurationError),
        (("--epoch", 3), ConfigurationError),
        (("--epoch", 3, "--key-file", "right.key"), ConfigurationError),
        (("--epoch", 3, "--key-file", "wrong.key"), IncompatibleObservationsError),
    ],
)
def test_without_the_epochs_key_nothing_leaves(signed, tmp_path, more, error):
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(b"not the key of the scan")
    named = {"wrong.key": wrong, "right.key": signed / "epoch.key"}
    words = [named.get(word, word) for word in more]
    with pytest.raises(error):
        run(REASONING, "--results", signed / "out", "--to", "stix", *words)


def misp_reads(text, tmp_path):
    path = tmp_path / "event.json"
    path.write_text(text, "utf-8")
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "ignore", str(MISP), "read", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def event(signed, *more):
    done = run(REASONING, "--results", signed / "out", "--to", "misp", *more)
    return json.loads(done.stdout)["Event"], done


def test_misp_holds_no_account_unless_asked(signed):
    plain, done = event(signed)
    assert "acct_" not in done.stdout
    assert "no indicator" in done.stderr
    assert plain["Tag"] == [{"name": "tlp:amber"}]
    assert plain["Object"] == []
    listed, done = event(signed, "--members", 10)
    users = [one for one in listed["Attribute"] if one["type"] == "target-user"]
    assert len(users) == 10
    assert listed["Tag"] == [{"name": "tlp:red"}]
    assert "TLP:RED" in done.stderr
    assert not any(one["to_ids"] for one in listed["Attribute"])
    assert plain["uuid"] == listed["uuid"]


def test_misp_holds_the_indicators_that_may_leave(signed):
    key = ("--epoch", 3, "--key-file", signed / "epoch.key", "--organisation", "Provider A")
    found, _ = event(signed, *key)
    assert [one["name"] for one in found["Object"]] == ["stix2-pattern"]


@pytest.mark.slow
def test_misp_reads_the_event(signed, tmp_path):
    key = ("--epoch", 3, "--key-file", signed / "epoch.key", "--organisation", "Provider A")
    found, done = event(signed, *key, "--members", 5)
    seen = misp_reads(done.stdout, tmp_path)
    assert set(seen["uuids"]) == {one["uuid"] for one in [*found["Attribute"], *found["Object"]]}
    assert seen["tags"] == ["tlp:red"]
    assert seen["to_ids"] == [False]


@pytest.mark.slow
def test_misp_reads_an_event_of_hostile_texts(tmp_path):
    write_scan(hostile_scan(), tmp_path / "out")
    scan = read(tmp_path / "out")
    text = misp_event(scan, scan.campaigns[0], members=20)
    seen = misp_reads(text, tmp_path)
    assert len(seen["uuids"]) == len(json.loads(text)["Event"]["Attribute"])


def test_hostile_texts_are_text_in_misp(tmp_path):
    write_scan(hostile_scan(), tmp_path / "out")
    scan = read(tmp_path / "out")
    text = misp_event(scan, scan.campaigns[0], members=len(HOSTILE))
    assert text.isascii()
    values = [one["value"] for one in json.loads(text)["Event"]["Attribute"]]
    assert all(value.isprintable() and value for value in values)
    uuids = [one["uuid"] for one in json.loads(text)["Event"]["Attribute"]]
    assert len(set(uuids)) == len(uuids)
