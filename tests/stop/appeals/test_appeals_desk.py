"""The desk: a token opens one decision, a person decides, and what follows is in the outbox."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

import httpx
import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.stop.appeals import Contested, TokenKey, desk
from stillwatch.stop.appeals.app import AppealsDesk
from stillwatch.stop.appeals.people import Reviewers, read_reviewers
from stillwatch.stop.interface import Rung
from stillwatch.stop.service.bodies import read_recall
from stillwatch.stop.service.updates import unpacked
from stillwatch.store import Database

NOW = 1_790_000_000_000_000
DAY = 86_400_000_000
KEY = TokenKey(bytes(range(32)))
CONTESTED = Contested(
    request_id="r-1", account="<b>7</b>", rung=int(Rung.REFUSE),
    codes=["member-of-campaign", "unheard-of"], measure_id="m-0123456789abcdef",
    campaign="c-secret", indicators=["indicator--1"], decided=NOW, expires=NOW + DAY,
    lifted_by="appeal", policy="f" * 64,
)  # fmt: skip
REVIEWER = {"authorization": "Bearer of-ada"}
BASIC = {"authorization": "Basic " + base64.b64encode(b"ada:of-ada").decode()}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def database(empty):
    empty.now(desk.prepare)
    return empty


def served(database, *requests, now=NOW + 1):
    """Send requests to a desk, one after the other; return the answers."""
    people = Reviewers({hashlib.sha256(b"of-ada").digest(): "Ada"})
    app = AppealsDesk(database, KEY, people, clock=lambda: now).app()

    async def run():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            answers = []
            for request in requests:
                made = request(answers) if callable(request) else request
                answers.append(await client.request(**made))
            return answers

    return asyncio.run(run())


def get(path, **headers):
    return {"method": "GET", "url": path, "headers": headers}


def post(path, body, **headers):
    return {"method": "POST", "url": path, "json": body, "headers": headers}


def filed(database, contested=CONTESTED, words="It was me, reviewing code."):
    token = KEY.seal(contested)
    (answer,) = served(database, post("/v1/appeals", {"token": token, "words": words}))
    assert answer.status_code == 201, answer.text
    return token, answer.json()["appeal_id"]


def test_a_token_is_opened_by_its_key_alone_and_hides_what_it_holds():
    token = KEY.seal(CONTESTED)
    assert KEY.open(token, now=NOW) == CONTESTED
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"secret" not in raw
    assert KEY.seal(CONTESTED) != token
    other = TokenKey(bytes(32))
    for broken in ("", "x", token[:-4], token[:10] + "A" + token[11:], "ä" * 40, "A" * 70_000):
        with pytest.raises(RefusedError, match="A-1"):
            KEY.open(broken, now=NOW)
    with pytest.raises(RefusedError, match="A-1"):
        other.open(token, now=NOW)
    with pytest.raises(RefusedError, match="A-2"):
        KEY.open(token, now=NOW + 181 * DAY)


def test_the_page_tells_the_reasons_and_neither_campaign_nor_indicator(database):
    token = KEY.seal(CONTESTED)
    page, queue = served(database, get(f"/appeal?token={token}"), get("/desk"))
    assert page.status_code == 200
    assert "The request was refused." in page.text
    assert "coordinated" in page.text
    for hidden in ("c-secret", "indicator--1", "unheard-of", "m-0123456789abcdef", "<b>7"):
        assert hidden not in page.text
    assert "&lt;b&gt;7&lt;/b&gt;" in page.text
    policy = page.headers["content-security-policy"]
    style = page.text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert page.headers["referrer-policy"] == "no-referrer"
    assert queue.status_code == 401
    assert "script" not in page.text


def test_an_appeal_is_filed_once_a_token_by_form_or_api(database):
    token = KEY.seal(CONTESTED)
    body = f"token={token}&words=It+was+%3Cme%3E"
    form = {"method": "POST", "url": "/appeal", "content": body, "headers": FORM}
    again = post("/v1/appeals", {"token": token, "words": "other words"})
    first, second, status = served(
        database, form, again, post("/v1/appeals/status", {"token": token})
    )
    assert first.status_code == 200
    assert "It was &lt;me&gt;" in first.text
    assert second.json()["appeal_id"] == status.json()["appeal_id"]
    assert status.json()["state"] == "waiting"
    assert database.now_reading(desk.listed)[0].words == "It was <me>"


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (404, post("/v1/appeals", {"token": "x", "words": "w"})),
        (400, post("/v1/appeals", {"token": KEY.seal(CONTESTED), "words": " "})),
        (400, post("/v1/appeals", {"token": KEY.seal(CONTESTED), "words": "w" * 4001})),
        (400, post("/v1/appeals", {"words": "w"})),
        (400, post("/v1/appeals", {"token": "x", "words": "w", "more": 1})),
        (413, post("/v1/appeals", {"token": "x" * 70_000, "words": "w"})),
        (415, {"method": "POST", "url": "/v1/appeals", "content": b"{}"}),
        (404, get("/appeal")),
        (401, get("/v1/desk/appeals")),
        (401, get("/desk", authorization="Basic !!!")),
        (401, post("/v1/desk/appeals/a-1", {"grant": True, "told": "x"}, authorization="Bearer x")),
        (404, post("/v1/desk/appeals/a-1", {"grant": True, "told": "x"}, **REVIEWER)),
        (400, get("/desk?state=none", **BASIC)),
    ],
)
def test_what_is_not_in_order_is_refused(database, status, request_):
    (answer,) = served(database, request_)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"


def test_one_account_cannot_fill_the_queue(database):
    for number in range(20):
        filed(database, Contested(**{**fields(), "request_id": f"r-{number}"}))
    token = KEY.seal(CONTESTED)
    (answer,) = served(database, post("/v1/appeals", {"token": token, "words": "w"}))
    assert answer.status_code == 429


def fields():
    return {name: getattr(CONTESTED, name) for name in CONTESTED.__struct_fields__}


def test_a_person_grants_and_all_that_follows_is_in_the_outbox(database):
    token, appeal_id = filed(database)
    decision = {"grant": True, "told": "We were wrong.", "note": "agents"}
    (answer,) = served(database, post(f"/v1/desk/appeals/{appeal_id}", decision, **REVIEWER))
    assert answer.json()["state"] == "granted"
    (waiting,) = database.now_reading(desk.undelivered, "update")
    recall = read_recall(unpacked(waiting.body).body)
    assert (recall.account, recall.campaign) == ("<b>7</b>", "c-secret")
    assert recall.measures == ("m-0123456789abcdef",)
    assert recall.indicators == ()  # a peer's indicator may be right of others
    (peer,) = database.now_reading(desk.undelivered, "exchange")
    assert json.loads(peer.body) == {"contest": "indicator--1", "grounds": "appeal"}
    found = database.now_reading(desk.find, appeal_id=appeal_id)
    assert (found.decided_by, found.note) == ("Ada", "agents")
    page, status = served(
        database, get(f"/appeal?token={token}"), post("/v1/appeals/status", {"token": token})
    )
    assert "taken back" in page.text
    assert "We were wrong." in page.text
    assert "agents" not in page.text + status.text
    assert "Ada" not in page.text + status.text


def test_a_campaign_that_was_wrong_is_recalled_as_a_whole(database):
    _, appeal_id = filed(database)
    decision = {"grant": True, "told": "We were wrong.", "scope": "campaign"}
    served(database, post(f"/v1/desk/appeals/{appeal_id}", decision, **REVIEWER))
    (waiting,) = database.now_reading(desk.undelivered, "update")
    recall = read_recall(unpacked(waiting.body).body)
    assert (recall.account, recall.indicators) == ("", ("indicator--1",))
    said = [json.loads(one.body) for one in database.now_reading(desk.undelivered, "exchange")]
    assert said[1] == {"recall_campaign": "c-secret", "reason": "appeal"}


def test_an_upheld_decision_says_nothing_and_no_appeal_is_decided_twice(database):
    _, appeal_id = filed(database)
    path = f"/v1/desk/appeals/{appeal_id}"
    body = {"grant": False, "told": "It stands."}
    first, second, unnamed = served(
        database,
        post(path, body, **REVIEWER),
        post(path, {**body, "grant": True}, **REVIEWER),
        post(path, {"grant": True, "told": " "}, **REVIEWER),
    )
    assert [one.status_code for one in (first, second, unnamed)] == [200, 409, 400]
    assert database.now_reading(desk.undelivered, "update") == []


def test_a_form_of_another_page_decides_nothing(database):
    _, appeal_id = filed(database)
    path = f"/desk/{appeal_id}"

    def ours(answers):
        key = answers[1].text.split('name="form" value="')[1].split('"')[0]
        return forged(key)

    def forged(key):
        return {
            "method": "POST", "url": path, "headers": {**FORM, **BASIC},
            "content": f"form={key}&outcome=grant&told=sorry",
        }  # fmt: skip

    foreign, review, decided = served(database, forged("0" * 64), get(path, **BASIC), ours)
    assert (foreign.status_code, review.status_code, decided.status_code) == (403, 200, 200)
    assert "c-secret" in review.text
    assert database.now_reading(desk.find, appeal_id=appeal_id).decided_by == "Ada"


def test_the_commands_do_what_the_pages_do(tmp_path):
    run = CliRunner()
    database = f"sqlite:///{tmp_path}/desk.sqlite"

    def call(*arguments):
        return run.invoke(cli, ["appeals", *arguments], catch_exceptions=False)

    assert call("key", str(tmp_path / "key")).exit_code == 0
    key = TokenKey.read(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert call("init", "--database", database).exit_code == 0
    opened = Database(database)
    token = key.seal(CONTESTED)
    appeal = opened.now(desk.file, token, CONTESTED, "Not me.", NOW)
    listing = call("list", "--database", database, "--json").stdout
    assert json.loads(listing)["appeal_id"] == appeal.appeal_id
    told = ("--by", "Ada", "--told", "Sorry.")
    assert call("decide", appeal.appeal_id, "grant", "--database", database, *told).exit_code == 0
    line = json.loads(call("outbox", "--database", database).stdout)
    assert line["contest"] == "indicator--1"
    call("outbox", "--database", database, "--done", str(line["number"]))
    assert call("outbox", "--database", database).stdout == ""
    opened.close()


def test_a_list_of_reviewers_is_closed(tmp_path):
    path = tmp_path / "reviewers.toml"
    digest = hashlib.sha256(b"t").hexdigest()
    path.write_text(f'[[reviewers]]\nname = "Ada"\ntoken_sha256 = "{digest}"\n')
    assert read_reviewers(path).name("Bearer t") == "Ada"
    for text in ("", "[", '[[reviewers]]\nname = "Ada"\ntoken_sha256 = "x"\n', "reviewers = 1"):
        path.write_text(text)
        with pytest.raises(ConfigurationError):
            read_reviewers(path)
    for raw in (b"", b"00", b"zz" * 32):
        (tmp_path / "key").write_bytes(raw)
        with pytest.raises(ConfigurationError):
            TokenKey.read(tmp_path / "key")
