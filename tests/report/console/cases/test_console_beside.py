"""What others keep: the exchange, attributions, measures, appeals, and how it all is doing."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest
from console_clock import NOW

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.ledger import SigningKey
from stillwatch.report.console.cases.interface import Person, Query, Role, Sources
from stillwatch.report.console.cases.loading import refresh
from stillwatch.report.console.cases.peers import take_attribution, take_exchange
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.share.exchange.membership import Home, Membership
from stillwatch.share.exchange.records import Taken
from stillwatch.share.exchange.store import Store
from stillwatch.share.objects import campaign_ref, canonical, examples, new_indicator, new_sighting
from stillwatch.share.objects.examples import KEYS
from stillwatch.stop.appeals import Contested, TokenKey, desk
from stillwatch.stop.interface import Rung
from stillwatch.stop.responses import DEFAULT, Analysts, Measure
from stillwatch.stop.responses import registry as measures
from stillwatch.store import Database

ANN = Person("ann", frozenset(Role))
CAMPAIGN, ACCOUNT = "c-7f3a91d2", "acct_7f3a00000"
OURS, THEIRS = KEYS
SECONDS = NOW / 1e6
HOUR = 3_600_000_000


def taken(item, index, rule=""):
    return Taken(
        index=index, id=item.id, type=item.type, version=item.modified,
        publisher=item.created_by_ref, made_by="key", collection="c", body=canonical(item),
        item=None if rule else item, rule=rule,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path):
    """A member that published one indicator and took in what another said of it and others."""
    folder = Home(tmp_path / "member")
    folder.prepare("member-a")
    folder.join(
        Membership(
            hub="https://hub.example", member=OURS, name="Member A", collection="c",
            origin="hub.example/log", log_key=SigningKey.generate("hub").public.encode(),
        )
    )  # fmt: skip
    others = [i for i in examples() if i.type == "indicator" and i.revoked is not True]
    content = others[0].content
    seen = {"now": SECONDS - 3_600, "first_seen": SECONDS - 9_000, "last_seen": SECONDS - 8_000}
    own = new_indicator(
        content, author=OURS, campaign=campaign_ref(folder.secret(), CAMPAIGN), number=b"o" * 16,
        **seen,
    )  # fmt: skip
    made = [
        new_indicator(
            content, author=THEIRS, campaign="campaign-" + "0" * 32, number=bytes([n]) * 16, **seen
        )
        for n in range(3)
    ]
    words = [
        new_sighting(own, "confirmed", author=THEIRS, now=SECONDS - 60, number=b"s" * 16),
        new_sighting(
            made[0], "false-positive", author=OURS, now=SECONDS - 60, number=b"t" * 16,
            grounds="review",
        ),
    ]  # fmt: skip
    store = Store(folder.database)
    store.take([taken(i, n) for n, i in enumerate((own, *made, *words))], cursor=6)
    store.take([taken(made[2], 7, rule="X-9")], cursor=7)
    store.hold_back(made[1].id, share=0.1, hit=3, now=SECONDS)
    store.remember("pulled", str(time.time() - 60))
    store.close()
    return folder.folder


def test_the_exchange_is_taken_once_and_shown(loaded, home):
    assert loaded.database.now(take_exchange, home, now=NOW)
    assert not loaded.database.now(take_exchange, home, now=NOW)
    view = asyncio.run(loaded.exchange(ANN, Query()))
    assert view.counts == {"live": 3, "held back": 1, "refused": 1}
    own, *_ = view.publishers
    assert (own.own, own.publisher, own.right, own.wrong) == (True, OURS, 1, 0)
    other = next(one for one in view.publishers if one.publisher == THEIRS)
    assert (other.right, other.wrong) == (0, 1)
    assert other.precision == pytest.approx(4 / 6)
    (shared,) = asyncio.run(loaded.campaign(ANN, CAMPAIGN)).shared
    assert (shared.direction, shared.confirmed, shared.campaign_id) == ("out", 1, CAMPAIGN)
    refused = asyncio.run(loaded.exchange(ANN, Query(filters={"state": "refused"}))).items
    assert [one.words for one in refused.rows] == ["X-9"]
    out = asyncio.run(loaded.exchange(ANN, Query(filters={"direction": "out"}))).items
    assert out.total == 1
    with pytest.raises(ConfigurationError):
        asyncio.run(loaded.exchange(ANN, Query(filters={"body": "x"})))


def test_what_ends_expires(loaded, home):
    loaded.database.now(take_exchange, home, now=NOW + 400 * 86_400_000_000)
    counts = asyncio.run(loaded.exchange(ANN, Query())).counts
    assert counts == {"expired": 4, "refused": 1}


def test_a_folder_that_is_no_member_is_named(loaded, tmp_path):
    with pytest.raises(ConfigurationError, match="no member of an exchange"):
        loaded.database.now(take_exchange, tmp_path, now=NOW)


def test_attribution_has_its_alternatives(loaded, tmp_path):
    path = tmp_path / "attribution.json"
    said = {
        "campaign": CAMPAIGN, "confidence": 0.7, "unknown": 0.2,
        "candidates": [
            {"campaign": "old-1", "probability": 0.7}, {"campaign": "old-2", "probability": 0.1},
        ],
    }  # fmt: skip
    path.write_text(json.dumps([said]))
    assert loaded.database.now(take_attribution, path)
    assert not loaded.database.now(take_attribution, path)
    found = asyncio.run(loaded.campaign(ANN, CAMPAIGN)).attribution
    assert [(name, p) for name, p, _ in found] == [
        ("old-1", 0.7), ("nobody known", 0.2), ("old-2", 0.1),
    ]  # fmt: skip
    for bad in ("", "{}", "[3]", '[{"campaign": "x"}]'):
        path.write_text(bad)
        if bad == "{}":
            assert loaded.database.now(take_attribution, path), "no campaign, no attribution"
            continue
        with pytest.raises(InputFormatError, match="not an attribution"):
            loaded.database.now(take_attribution, path)


def test_all_is_taken_in_or_nothing(lite, publish, home, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("nonsense")
    sources = Sources(database="", results=publish(), exchange=home, attribution=bad)
    with pytest.raises(InputFormatError):
        lite.now(refresh, sources, now=NOW, who="operator")
    cases = StoredCases(lite, Sources(database=""))
    assert asyncio.run(cases.campaigns(ANN, Query())).total == 0
    good = dataclasses.replace(sources, attribution=None)
    assert lite.now(refresh, good, now=NOW, who="operator").changed
    assert lite.now(refresh, Sources(database=""), now=NOW, who="operator") is None
    assert len(asyncio.run(cases.campaign(ANN, CAMPAIGN)).shared) == 1


@pytest.fixture
def beside(loaded, tmp_path, home):
    """Cases with measures, an appeal, a state and an exchange beside them."""
    keys = {name: SigningKey.generate(name) for name in ("ada", "grace")}
    analysts = Analysts({key.public: name for name, key in keys.items()})
    listed = tmp_path / "analysts.toml"
    listed.write_text(
        "".join(
            f'[[analysts]]\nname = "{n}"\nkey = "{k.public.encode()}"\n' for n, k in keys.items()
        )
    )
    store = Database(f"sqlite:///{tmp_path}/measures.sqlite")
    store.now(measures.prepare)
    at = time.time_ns() // 1_000
    for n, where in enumerate(
        ({"campaign": CAMPAIGN, "account": ""}, {"campaign": "", "account": ACCOUNT})
    ):
        one = Measure(
            measure_id=f"m-{n:016x}", rung=Rung.HOLD if n else Rung.LIMIT, proposed=at,
            expires=at + HOUR, why="many", grounds=("rhythm",), accounts=1,
            most_of_traffic=0.001, most_of_accounts=0.001, **where,
        )  # fmt: skip
        store.now(
            lambda c, m=one: measures.Acting(c, keys["ada"], analysts, at).propose(m, DEFAULT)
        )
    store.close()
    appeals = Database(f"sqlite:///{tmp_path}/appeals.sqlite")
    appeals.now(desk.prepare)
    contested = Contested(
        request_id="r-1", account=ACCOUNT, rung=1, codes=["member-of-campaign"], measure_id="",
        campaign=CAMPAIGN, indicators=[], decided=at, expires=0, lifted_by="", policy="",
    )  # fmt: skip
    token = TokenKey(bytes(32)).seal(contested)
    appeals.now(desk.file, token, contested, "<b>It was me</b>", at)
    appeals.close()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.json").write_text("{}")
    sources = Sources(
        database=loaded.database.url,
        state=tmp_path / "state",
        measures=f"sqlite:///{tmp_path}/measures.sqlite",
        analysts=listed,
        appeals=f"sqlite:///{tmp_path}/appeals.sqlite",
        exchange=home,
    )
    cases = StoredCases(loaded.database, sources)
    yield cases
    cases.close()


def test_measures_and_appeals_are_on_their_pages_and_in_the_queue(beside):
    (force,) = asyncio.run(beside.campaign(ANN, CAMPAIGN)).measures
    assert (force.rung, force.state, force.people) == ("limit", "in force", ("ada",))
    view = asyncio.run(beside.account(ANN, ACCOUNT))
    assert {(m.rung, m.state) for m in view.measures} == {
        ("limit", "in force"),
        ("hold", "waiting"),
    }
    assert [(a.state, a.words) for a in view.appeals] == [("waiting", "<b>It was me</b>")]
    (item,) = asyncio.run(beside.queue(ANN, Query(filters={"kind": "appeal"}))).rows
    assert (item.account_id, item.campaign_id) == (ACCOUNT, CAMPAIGN)
    assert asyncio.run(beside.now(ANN)).waiting["appeal"] == 1


def test_health_says_how_each_stands(beside):
    found = {one.kind: one for one in asyncio.run(beside.health())}
    assert set(found) == {"scan", "state", "measures", "appeals", "exchange"}
    assert found["scan"].state == "late"  # the example's last look is old
    assert {found[k].state for k in ("state", "measures", "appeals", "exchange")} == {"ok"}
    assert found["measures"].words == "1 in force, 1 waiting"
    assert found["exchange"].name == "https://hub.example"


def test_what_is_away_is_told_and_breaks_no_page(loaded, tmp_path):
    sources = Sources(
        database=loaded.database.url,
        state=tmp_path / "nowhere",
        measures=f"sqlite:///{tmp_path}/empty.sqlite",
        analysts=tmp_path / "nobody.toml",
        appeals=f"sqlite:///{tmp_path}/empty.sqlite",
        exchange=tmp_path / "nowhere",
        gateways={"eu-1": "http://127.0.0.1:9/readyz", "bad": "no address"},
    )
    cases = StoredCases(loaded.database, sources)
    health = asyncio.run(cases.health())
    assert [(one.kind, one.state) for one in health if one.kind != "scan"] == [
        ("state", "down"), ("measures", "down"), ("appeals", "down"), ("exchange", "down"),
        ("gateway", "down"), ("gateway", "down"),
    ]  # fmt: skip
    assert asyncio.run(cases.campaign(ANN, CAMPAIGN)).measures == ()
    assert asyncio.run(cases.account(ANN, ACCOUNT)).appeals == ()
    cases.close()


def test_a_gateway_is_asked_whether_it_is_ready(loaded):
    answers = [200, 503]

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/readyz"
    said = []
    for _ in range(2):
        sources = Sources(database=loaded.database.url, gateways={"eu-1": address})
        cases = StoredCases(loaded.database, sources)
        said += [one for one in asyncio.run(cases.health()) if one.kind == "gateway"]
        assert asyncio.run(cases.health()) == asyncio.run(cases.health()), "remembered"
        cases.close()
    server.shutdown()
    server.server_close()
    thread.join()
    assert [(one.state, one.words) for one in said] == [
        ("ok", "is ready"), ("down", "is not ready: 503"),
    ]  # fmt: skip


def test_the_example_world_of_the_exchange_is_whole(home):
    assert msgspec.json.decode((home / "membership.json").read_bytes())["member"] == OURS
