"""A ceremony's record goes into the hub's log by itself, and members find there what they use."""

from __future__ import annotations

import base64
import json
import signal
import sys
import time
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from operators import Pair, command, hold

from stillwatch.cli.vault import command as vault
from stillwatch.errors import RefusedError
from stillwatch.ledger import SigningKey
from stillwatch.share.exchange.member import Member, join
from stillwatch.share.oprf import terms_of_new, terms_of_refresh

sys.path.insert(0, str(Path(__file__).parents[1] / "exchange"))
from hub_process import Hub

POST = "/exchange/v1/oprf/epochs"


class World:
    """Two operators whose folders name a hub, and a member."""

    def __init__(self, root):
        self.pair = Pair.make(root / "operators")
        (root / "hub").mkdir()
        keys = [home.key.public.encode() for home in (self.pair.a, self.pair.b)]
        options = [word for key in keys for word in ("--oprf-operator", key)]
        self.hub = Hub(root / "hub", *options)
        for home in (self.pair.a, self.pair.b):
            settings = home.path / "operator.toml"
            settings.write_text(f'hub = "{self.hub.url}"\n' + settings.read_text())
        self.home = root / "member"
        join(self.home, self.hub.url, self.hub.invite("Lab"), "Lab", clock=time.time)

    def post(self, raw):
        headers = {"Content-Type": "application/json"}
        return httpx.post(self.hub.url + POST, content=raw, headers=headers, timeout=30)

    def logged(self):
        with Member(self.home, clock=time.time) as member:
            member.pull()
            return [json.loads(raw) for raw in member.store.ceremonies()]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("logged"))
    made.certificate = hold(
        made.pair.a, made.pair.b, terms_of_new(made.pair.a, int(time.time()), ()), int(time.time())
    )
    with made.pair.stack:
        made.pair.serve()
        yield made
    made.hub.kill(signal.SIGTERM)


@pytest.fixture
def asked(world, tmp_path):
    key, table = tmp_path / "member.key", tmp_path / "identifiers.parquet"
    world.pair.key.write(key)
    pq.write_table(
        pa.Table.from_pylist([{"account_id": 1, "type": "par", "value": "V" * 29}]), table
    )
    operators = world.pair.operators_file(tmp_path)
    shared = ["--operators", operators, "--key", key, "--out", tmp_path / "out" / "p.parquet"]
    words = ["pseudonyms", table, *shared, "--type", "par", "--purpose", "sign-up"]
    return [str(word) for word in [*words, "--log", world.home]]


def test_p_11_an_epoch_that_is_not_in_the_log_is_not_used_and_one_that_is_is(world, asked):
    """The hub was away at the ceremony: publish mends it, by either operator and once."""
    assert world.logged() == []
    with pytest.raises(RefusedError, match="P-11"):
        CliRunner().invoke(vault, asked, catch_exceptions=False)
    for home in (world.pair.a, world.pair.b):
        done = command("ceremony", "publish", "--state", home.path)
        assert done.returncode == 0, done.stderr
        assert "epoch 1.0 is entry 1\n" in done.stderr
    assert world.logged() == [json.loads(world.certificate.envelope)]
    done = CliRunner().invoke(vault, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_a_ceremony_held_by_the_command_puts_its_record_into_the_log(world):
    before = len(world.logged())
    done = command(
        "ceremony", "meet", world.pair.services[1].url, "--state", world.pair.a.path,
        "--refresh", 1,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "epoch 1.1 is entry " in done.stderr
    assert len(world.logged()) == before + 1


def test_h_16_another_record_of_one_epoch_is_refused(world, tmp_path):
    """Two operators who make a second key for one epoch are caught by the log."""
    other = Pair.make(tmp_path / "again")
    homes = []
    for home, twin in ((world.pair.a, other.a), (world.pair.b, other.b)):
        (twin.path / "operator.key").unlink()
        home.key.write(twin.path / "operator.key")
        homes.append(twin)
    for twin, peer in zip(homes, (world.pair.b, world.pair.a), strict=True):
        (twin.path / "peer.vkey").write_text(peer.key.public.encode())
    homes = [type(home).read(home.path) for home in homes]
    now = int(time.time())
    forged = hold(*homes, terms_of_new(homes[0], now, ()), now)
    answer = world.post(forged.envelope)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "H-16")
    refreshed = hold(*homes, terms_of_refresh(homes[0], 1), now)
    answer = world.post(refreshed.envelope)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "H-16")


def test_what_both_operators_did_not_sign_is_refused_and_soon_not_looked_at(world):
    whole = json.loads(world.certificate.envelope)
    alone = {**whole, "signatures": whole["signatures"][:1]}
    changed = {**whole, "payload": base64.b64encode(b"{}").decode()}
    stranger = SigningKey.generate("stranger")
    for bad in (alone, changed, {}, {"payload": stranger.public.encode()}):
        answer = world.post(json.dumps(bad).encode())
        assert answer.status_code == 422, answer.text
        assert answer.json()["error_code"] in {"L-18", "P-1"}
    answers = [world.post(b"{}").status_code for _ in range(10)]
    assert answers[-1] == 429


def test_a_hub_that_knows_no_operators_takes_no_record(world, tmp_path):
    plain = Hub(tmp_path / "plain")
    try:
        headers = {"Content-Type": "application/json"}
        raw = world.certificate.envelope
        assert httpx.post(plain.url + POST, content=raw, headers=headers).status_code == 404
    finally:
        plain.kill(signal.SIGTERM)
