"""``stillwatch exchange`` from end to end: two providers, one hub, one actor."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, InputFormatError, RefusedError
from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.trace import Tracer
from stillwatch.find.features.files import key_fingerprint
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.features.log import build_log
from stillwatch.find.features.observe import observe
from stillwatch.find.signatures import decode, write_signature
from stillwatch.share.exchange.intelligence import read_intelligence
from stillwatch.share.objects import parse

sys.path.insert(0, str(Path(__file__).parents[2] / "find"))
from made_log import account_table, exchange_table, made_rows, view_of


def run(*words, input_=None):
    done = CliRunner().invoke(cli, [str(w) for w in words], input=input_, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def joined(hub, folder, name):
    folder.mkdir()
    invitation = folder / "invitation"
    invitation.write_text(hub.invite(name))
    home = folder / "home"
    said = run(
        *("exchange", "join", hub.url, "--home", home, "--invitation-file", invitation),
        *("--name", name, "--log-key", hub.log_key, "--json"),
    )
    return home, json.loads(said)["member"]


@pytest.fixture(scope="module")
def pair(hub, tmp_path_factory):
    root = tmp_path_factory.mktemp("pair")
    return joined(hub, root / "a", "Command A"), joined(hub, root / "b", "Command B")


def log_with(number):
    rows, table = made_rows(seed=1)
    batches = exchange_table(rows).combine_chunks().to_batches()
    log = build_log([observe(batch, key=number) for batch in batches], account_table(table))
    view = view_of(log)
    refresh(view)
    members = np.arange(0, len(view.log.accounts) - 1, 5).astype(np.int32)
    uses = np.flatnonzero(np.isin(view.log.account, members))
    tracer = Tracer(view, key_fingerprint(number))
    document = tracer.trace("campaign-0a1b2c3d4e", members, uses, 1_772_409_600_000_000)
    return decode(json.loads(json.dumps(document)), "made")


def test_a_campaign_declared_at_one_is_recognised_at_the_other(pair, tmp_path):
    (one, _), (other, _) = pair
    number = run("exchange", "epoch", "draw", "--home", one).strip()
    keys = []
    for name, home in (("a", one), ("b", other)):
        keys.append(tmp_path / f"{name}.key")
        run("exchange", "epoch", "key", number, "--home", home, "--to", keys[-1])
        assert stat.S_IMODE(keys[-1].stat().st_mode) == 0o600
    assert keys[0].read_bytes() == keys[1].read_bytes()
    signature = tmp_path / "signature.json"
    write_signature(log_with(key_from_secret(keys[0].read_bytes().strip())), signature)
    words = ("exchange", "publish", signature, "--home", one, "--epoch", number)
    words += ("--key-file", keys[0])
    shown = parse(run(*words, "--dry-run").encode())
    (published,) = [parse(line.encode()) for line in run(*words, "--approve", "Ada").splitlines()]
    assert published.content == shown.content
    assert published.id == shown.id
    assert json.loads(run("exchange", "pull", "--home", other, "--json"))["objects"] >= 1
    rows, accounts = made_rows(seed=2, accounts=200)
    gone = {f"a{n:03d}" for n in range(50, 200, 5)}  # ten accounts of the actor among 170
    rows = [row for row in rows if row["account_id"] not in gone]
    exchanges = tmp_path / "exchanges.parquet"
    pq.write_table(exchange_table(rows), exchanges)
    table = tmp_path / "accounts.parquet"
    pq.write_table(account_table(accounts), table)
    out = tmp_path / "out"
    said = run(
        *("exchange", "match", exchanges, "--home", other, "--out", out, "--accounts", table),
        *("--key-file", keys[1], "--json"),
    )
    found = read_intelligence(out / "intelligence.parquet")
    assert json.loads(said)["rows"] == len(found) > 0
    strongest = {row.account_id for row in found[:5]}
    assert {int(account[1:]) % 5 for account in strongest} == {0}
    assert {row.indicator for row in found} == {published.id}
    assert all(0.0 < row.weight < 1.0 for row in found)


def test_pseudonyms_and_networks_from_a_file(pair, tmp_path):
    (one, _), (other, _) = pair
    value = "ab" * 64
    lines = [
        {"campaign": "c-9", "content": {"kind": "pseudonym", "identifier": "email", "epoch": 1,
                                        "value": value}},
        {"campaign": "c-9", "content": {"kind": "network", "entity": "prefix", "mine": 200,
                                        "value": "45.9.20.0/24", "others": 10}},
    ]  # fmt: skip
    text = "\n".join(json.dumps(line) for line in lines)
    words = ("exchange", "publish", "--home", one, "--contents", "-", "--approve", "Ada")
    shown = [parse(line.encode()) for line in run(*words, input_=text).splitlines()]
    run("exchange", "pull", "--home", other)
    own = tmp_path / "own.jsonl"
    rows = [
        {"account_id": f"u{n}", "type": "email", "epoch": 1, "pseudonym": f"{n:0128x}"}
        for n in range(50)
    ]
    rows.append({"account_id": "u77", "type": "email", "epoch": 1, "pseudonym": value})
    own.write_text("\n".join(json.dumps(row) for row in rows))
    words = ("exchange", "match", "--home", other, "--pseudonyms", own, "--json")
    run(*words, "--out", tmp_path)
    (found,) = read_intelligence(tmp_path / "intelligence.parquet")
    assert (found.account_id, found.indicator) == ("u77", shown[0].id)
    benign = tmp_path / "benign"
    benign.write_text("u77\nu78\n")
    said = json.loads(run(*words, "--benign", benign, "--bound", 0.6, "--out", tmp_path))
    assert said["held_back"] == []
    table = run("exchange", "export", "--home", other, "--format", "csv")
    assert shown[0].id in table
    assert "45.9.20.0/24" in table


def test_nothing_leaves_without_a_name(pair, tmp_path):
    (one, _), _ = pair
    contents = tmp_path / "contents"
    contents.write_text(
        '{"campaign": "c-8", "content": {"kind": "network", "entity": "asn", "value": "210500",'
        ' "mine": 5, "others": 1}}\n'
    )
    words = ("exchange", "publish", "--home", one, "--contents", contents)
    with pytest.raises(ConfigurationError, match="nobody approved"):
        run(*words)
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'approved_by = ["Ada", "Ben"]\nuntil = 2099-01-01T00:00:00Z\nkinds = ["network:asn"]\n'
        'licence = "limit"\ntlp = "amber"\nmost_a_day = 1000\n'
    )
    with pytest.raises(ConfigurationError, match="licence"):
        run(*words, "--policy", policy, "--licence", "challenge")
    run(*words, "--policy", policy)
    with pytest.raises(RefusedError, match="X-14"):
        run(*words, "--note", "ask anna@example.org", "--dry-run")
    contents.write_text(
        '{"campaign": "c", "content": {"kind": "pseudonym", "identifier": "par", "epoch": 1,'
        f' "value": "{"0" * 128}"}}}}'
    )
    with pytest.raises(RefusedError, match="X-27"):
        run(*words, "--tlp", "clear", "--dry-run")
    contents.write_text('{"campaign": "c", "content": {"kind": "email"}}')
    with pytest.raises(InputFormatError):
        run(*words, "--dry-run")


def test_contest_recall_status_and_bundle(pair, tmp_path):
    (one, name), (other, _) = pair
    contents = tmp_path / "contents"
    contents.write_text(
        '{"campaign": "c-7", "content": {"kind": "network", "entity": "asn", "value": "210501",'
        ' "mine": 5, "others": 1}}\n'
    )
    run("exchange", "publish", "--home", one, "--contents", contents, "--approve", "Ada")
    run("exchange", "pull", "--home", other)
    document = json.loads(run("exchange", "export", "--home", other))
    (item,) = [o for o in document["objects"] if "210501" in o.get("pattern", "")]
    words = ("--home", other, "--grounds", "appeal", "--approve", "Ben")
    run("exchange", "contest", item["id"], *words)
    path = tmp_path / "bundle.json"
    run("exchange", "bundle", "make", path, "--home", one)
    said = json.loads(run("exchange", "bundle", "take", path, "--home", other, "--json"))
    assert said == {"objects": 0, "refused": 0}  # held already
    run("exchange", "recall", item["id"], "--home", one, "--reason", "appeal", "--approve", "Ada")
    assert json.loads(run("exchange", "pull", "--home", other, "--json"))["recalls"] == 1
    assert "210501" not in run("exchange", "export", "--home", other)
    status = json.loads(run("exchange", "status", "--home", one, "--online", "--json"))
    assert status["member"] == name
    assert status["precision"]["published"] >= 1
    with pytest.raises(InputFormatError):
        run("exchange", "recall", item["id"], "--home", other, "--reason", "error")


def test_watch_prints_a_line_for_what_it_takes(pair):
    _, (other, _) = pair
    run("exchange", "watch", "--home", other, "--seconds", 0.2)
