"""What people do on the pages, on the cases of a scan: acts, roles, requests, undo, the log."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from console_browser import Site
from example_scan import HOSTILE, example_scan, hostile_scan

from stillwatch.report.console.cases import Role, Sources
from stillwatch.report.console.cases.loading import refresh
from stillwatch.report.console.cases.log import lines, verify
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.report.documents import write_scan


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    result, activity = example_scan()
    write_scan(result, out / "example", activity)
    write_scan(hostile_scan(), out / "hostile")
    return out


@pytest.fixture
def stand(results, tmp_path, request):
    folder = results / getattr(request, "param", "example")
    site = Site(tmp_path / "console.sqlite")
    sources = Sources("", results=folder)
    site.database.now(refresh, sources, now=site.clock(), who="test")
    cases = StoredCases(site.database, sources, now=site.clock)
    object.__setattr__(site.desk, "cases", cases)
    for role in Role:
        site.add(str(role), role)
    yield site
    cases.close()
    site.close()


def campaigns(browser):
    return re.findall(
        r'<th scope="row"><a href="/campaign\?id=([^"&]+)"', browser.get("/campaigns").text
    )


def test_every_verdict_changes_the_state_and_is_undone(stand):
    browser = stand.browser("analyst")
    first, second, third = campaigns(browser)
    for path, fields, state in (
        (f"/act/confirm?campaign={first}", {}, "confirmed"),
        (f"/act/reject?campaign={second}", {}, "rejected"),
        (f"/act/benign?campaign={third}", {"name": "a class at school"}, "benign"),
    ):
        done = browser.act(path, why="looked at it", onward="/campaigns", **fields)
        assert done.status_code == 303, done.text
        assert done.headers["location"].startswith("/campaigns?done=")
        assert (
            f"/campaign?id={path.partition('=')[2]}"
            in browser.get(f"/campaigns?state={state}").text
        )
    assert "a class at school" in browser.get(f"/campaign?id={third}").text
    assert "Nothing waits" in browser.get("/queue").text
    for number in (2, 3, 4):  # the first line is the import
        assert browser.act(f"/act/undo?number={number}", why="by mistake").status_code == 303
    assert len(campaigns(browser)) == browser.get("/queue").text.count('<a href="/campaign?id=')
    with stand.database.engine.connect() as connection:
        assert verify(lines(connection))[0] == 7


def test_members_are_split_off_moved_and_campaigns_merged(stand):
    browser = stand.browser("analyst")
    first, second, _ = campaigns(browser)
    page = browser.get(f"/campaign?id={first}").text
    members = re.findall(r'name="account" value="([^"]+)"', page)
    assert len(members) >= 10
    split = browser.act(f"/act/split?campaign={first}", why="other cards", account=members[:6])
    assert split.status_code == 303, split.text
    assert len(campaigns(browser)) == 4
    moved = browser.act(
        f"/act/move?campaign={first}", why="another client", account=members[6], to=second
    )
    assert moved.status_code == 303, moved.text
    assert "by hand" in browser.get(f"/campaign/members?id={second}&text={members[6]}").text
    merged = browser.act(f"/act/merge?campaign={second}", why="one hand", into=first)
    assert merged.status_code == 303, merged.text
    assert "goes on as" in browser.get(f"/campaign?id={second}").text


def test_what_a_form_lacks_is_told(stand):
    browser = stand.browser("analyst")
    name = campaigns(browser)[0]
    for path, fields, status in (
        (f"/act/confirm?campaign={name}", {"why": ""}, 400),
        (f"/act/confirm?campaign={name}", {"why": "x" * 2001}, 400),
        ("/act/confirm", {"why": "x"}, 400),
        ("/act/confirm?campaign=nothing", {"why": "x"}, 404),
        (f"/act/split?campaign={name}", {"why": "x"}, 400),
        (f"/act/move?campaign={name}", {"why": "x"}, 400),
        (f"/act/benign?campaign={name}", {"why": "x", "name": ""}, 409),
        (f"/act/merge?campaign={name}", {"why": "x", "into": "nothing"}, 404),
        ("/act/undo?number=99", {"why": "x"}, 404),
        ("/act/undo?number=x", {"why": "x"}, 400),
        (f"/act/request?campaign={name}", {"why": "x", "rung": "sudo"}, 409),
        (f"/act/request?campaign={name}", {"why": "x", "rung": "limit", "hours": "soon"}, 400),
        ("/act/approve?request=nothing", {"why": "x"}, 403),
    ):
        answer = browser.act(path, **fields)
        assert answer.status_code == status, (path, fields, answer.status_code, answer.text[-400:])
    assert "waiting" in browser.get("/campaigns").text


def test_a_refusal_of_many_needs_two_people(stand):
    ann = stand.browser("analyst")
    stand.add("both", Role.ANALYST, Role.APPROVER)
    name = max(campaigns(ann), key=lambda one: int(members_of(ann, one)))
    both = stand.browser("both")
    asked = both.act(f"/act/request?campaign={name}", why="stop it", rung="refuse", hours="24")
    assert asked.status_code == 303, asked.text
    page = both.get("/queue").text
    request = re.search(r"/act/withdraw\?request=(q-[0-9a-f]+)", page)[1]
    assert "/act/approve" not in page  # not one's own
    assert both.act(f"/act/approve?request={request}", why="yes").status_code == 409
    assert ann.act(f"/act/approve?request={request}", why="yes").status_code == 403
    second = stand.browser("approver")
    assert f"/act/approve?request={request}" in second.get("/queue").text
    assert second.act(f"/act/approve?request={request}", why="agreed").status_code == 303
    shown = ann.get(f"/campaign?id={name}").text
    assert "approved" in shown
    assert "2 of 2 people have agreed" in shown


def members_of(browser, name):
    found = re.search(r"<dt>members</dt><dd>([\d,]+)", browser.get(f"/campaign?id={name}").text)
    return found[1].replace(",", "")


def test_support_sees_one_account_and_nothing_of_the_network(stand):
    everything, support = stand.browser("counsel"), stand.browser("support")
    listed = everything.get("/accounts?flagged=yes").text
    account = re.search(r"/account\?id=([^\"&]+)", listed)[1]
    page = support.get(f"/account?id={account}").text
    assert account in page
    assert "/campaign" not in page
    assert "Peers in the network" not in page
    assert "Peers in the network" in everything.get(f"/account?id={account}").text
    assert account not in support.get("/accounts").text
    assert account not in support.get(f"/accounts?text={account[:6]}").text
    assert account in support.get(f"/accounts?text={account}").text
    for path in ("/campaigns", "/queue", "/log", "/exchange", "/export/campaigns.csv"):
        assert support.get(path).status_code == 403
    now = support.get("/").text
    assert "/campaign" not in now


def test_another_person_undoes_only_with_the_role_for_it(stand):
    stand.add("bob", Role.ANALYST)
    ann, bob = stand.browser("analyst"), stand.browser("bob")
    name = campaigns(ann)[0]
    ann.act(f"/act/confirm?campaign={name}", why="same cards")
    assert bob.act("/act/undo?number=2", why="no").status_code == 403
    assert "/act/undo" not in bob.get("/log").text
    approver = stand.browser("approver")
    assert approver.act("/act/undo?number=2", why="second look").status_code == 303


@pytest.mark.parametrize("stand", ["hostile"], indirect=True)
def test_ids_of_any_kind_are_reached_and_decided(stand):
    browser = stand.browser("analyst")
    found = campaigns(browser)
    assert found
    for name in found:
        assert browser.get(f"/campaign?id={name}").status_code == 200
        assert browser.get(f"/campaign/network?id={name}").status_code == 200
        assert browser.get(f"/campaign/members?id={name}").status_code == 200
        done = browser.act(f"/act/confirm?campaign={name}", why=HOSTILE[0], onward="queue")
        assert done.status_code == 303
        assert done.headers["location"].startswith(("/campaign?", "/account?", "/queue?"))
    listed = browser.get("/accounts").text
    for account in set(re.findall(r"/account\?id=([^\"&]+)", listed)):
        assert browser.get(f"/account?id={account}").status_code == 200
    text = browser.get("/log").text
    assert HOSTILE[0] not in text or "<" not in HOSTILE[0]
    assert browser.get(f"/campaign?id={quote('../../etc/passwd')}").status_code == 404


def test_what_changed_since_a_time(stand):
    browser = stand.browser("analyst")
    assert "declared" in browser.get("/?hours=1").text
    stand.clock.pass_minutes(1)
    assert browser.get("/live?version=0&hours=1").status_code == 200
    version = re.search(r"version=([^\"&]+)", browser.get("/").text)[1]
    assert browser.get(f"/live?version={version}").status_code == 204
    browser.act(f"/act/confirm?campaign={campaigns(browser)[0]}", why="same cards")
    assert browser.get(f"/live?version={version}").status_code == 200


def test_decisions_leave_as_the_file_that_scan_reads(stand):
    browser = stand.browser("counsel")
    answer = browser.get("/export/decisions.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="decisions.json"'
    assert answer.json()
