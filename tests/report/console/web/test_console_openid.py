"""Sign-in by OpenID Connect: with a provider of somebody else's, and with ones that break rules."""

from __future__ import annotations

import json
import time
import warnings
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from console_browser import ORIGIN, Site
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from stillwatch.errors import ConfigurationError, RefusedError, UnreachableError
from stillwatch.report.console.cases import Role
from stillwatch.report.console.web import people
from stillwatch.report.console.web.openid import Provider, ProviderSettings
from stillwatch.report.console.web.openid_file import read_provider

# the other provider's own
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ISSUER = "https://id.example"
REDIRECT = f"{ORIGIN}/sign-in/back"
ROLES = {"sec-analysts": Role.ANALYST, "lawyers": Role.COUNSEL}


@pytest.fixture(scope="module")
def other():
    """A provider that others wrote, on a socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mock = pytest.importorskip("oidc_provider_mock")
    users = [mock.User(sub="u1", claims={"name": "Ada", "groups": ["sec-analysts", "x"]})]
    with mock.run_server_in_thread(require_nonce=True, user_claims=users) as server:
        base = f"http://localhost:{server.server_port}"
        found = httpx.get(f"{base}/.well-known/openid-configuration").json()
        yield found["issuer"]


@pytest.fixture
def site(tmp_path, other):
    client = httpx.AsyncClient()
    provider = Provider(ProviderSettings(other, "console", "secret", roles=ROLES), client)
    made = Site(tmp_path / "console.sqlite", provider=provider)
    yield made
    made.loop.run_until_complete(client.aclose())
    made.close()


def sent_back(browser, onward="/help"):
    """Go to the provider, say who one is, and return where it sends the browser."""
    away = browser.get(f"/sign-in/provider?next={onward}")
    assert away.status_code == 303
    answer = httpx.post(away.headers["location"], data={"sub": "u1"})
    assert answer.status_code in {302, 303}
    back = urlsplit(answer.headers["location"])
    assert answer.headers["location"].startswith(REDIRECT)
    return f"{back.path}?{back.query}", parse_qs(urlsplit(away.headers["location"]).query)


def test_a_person_comes_back_with_the_roles_of_their_groups(site):
    browser = site.browser()
    back, asked = sent_back(browser)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    answer = browser.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/help")
    assert browser.get("/help").status_code == 200
    found = site.database.now_reading(people.listed)
    assert [(one.person.name, one.person.roles, one.password) for one in found] == [
        ("Ada", {Role.ANALYST}, None)
    ]
    assert browser.sign_in("Ada", "").status_code == 401  # no password opens this account


def test_an_answer_counts_once_and_only_in_its_browser(site):
    browser = site.browser()
    back, _ = sent_back(browser)
    assert site.browser().get(back).status_code == 401
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 401


def test_an_answer_with_another_state_is_refused(site):
    browser = site.browser()
    back, _ = sent_back(browser)
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = browser.get(back.replace(state, "guess"))
    assert answer.status_code == 401
    assert "another request" in answer.text


def test_an_answer_that_comes_late_is_refused(site):
    browser = site.browser()
    back, _ = sent_back(browser)
    site.clock.pass_minutes(11)
    assert browser.get(back).status_code == 401


def test_who_is_disabled_here_does_not_come_in(site):
    browser = site.browser()
    browser.get(sent_back(browser)[0])
    site.database.now(people.change, "Ada", site.clock(), "test", disabled=True)
    assert browser.get("/help").status_code == 303
    assert browser.get(sent_back(browser)[0]).status_code == 403


def test_nobody_takes_anothers_name(site):
    site.add("Ada", Role.APPROVER)
    browser = site.browser()
    browser.get(sent_back(browser)[0])
    assert {one.person.name for one in site.database.now_reading(people.listed)} == {
        "Ada",
        "Ada (2)",
    }


class Forger:
    """A provider under a test's control; what it says is changed before it is signed."""

    def __init__(self, **changes):
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"})
        self.changes, self.asked = changes, []

    def client(self):
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    def answer(self, request):
        self.asked.append(request)
        if "openid-configuration" in request.url.path:
            document = {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            }
            return httpx.Response(200, json=document | self.changes.get("document", {}))
        if request.url.path == "/keys":
            keys = KeySet([self.key]).as_dict(private=False)
            return self.changes.get("keys") or httpx.Response(200, json=keys)
        if request.url.path == "/token":
            token = self.changes.get("token", self.token)()
            return httpx.Response(200, json={"id_token": token, "token_type": "Bearer"})
        return httpx.Response(404)

    def token(self, key=None, algorithm="ES256"):
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "console",
            "sub": "u1",
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
            "groups": ["lawyers"],
            "name": "Grace",
        } | self.changes.get("claims", {})
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": algorithm, "kid": "k1"}
        return jwt.encode(header, claims, key or self.key, algorithms=[algorithm])

    async def finish(self, **answer):
        async with self.client() as client:
            provider = Provider(ProviderSettings(ISSUER, "console", roles=ROLES), client)
            place, pending = await provider.begin(REDIRECT, "/")
            assert place.startswith(f"{ISSUER}/authorize?")
            self.nonce = pending.nonce
            given = {"state": pending.state, "code": "c"} | answer
            return await provider.finish(given, pending, REDIRECT)


def finish(forger, loop, **answer):
    return loop.run_until_complete(forger.finish(**answer))


@pytest.fixture
def loop():
    import asyncio  # noqa: PLC0415

    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_what_is_right_is_taken(loop):
    forger = Forger()
    known = finish(forger, loop)
    assert (known.subject, known.name, known.roles) == ("u1", "Grace", {Role.COUNSEL})
    sent = parse_qs(next(r for r in forger.asked if r.url.path == "/token").content.decode())
    assert len(sent["code_verifier"][0]) == 43
    assert sent["redirect_uri"] == [REDIRECT]


NOW = int(time.time())


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("O-4", {"claims": {"iss": "https://evil.example"}}),
        ("O-4", {"claims": {"aud": "another"}}),
        ("O-4", {"claims": {"aud": ["console", "another"]}}),
        ("O-4", {"claims": {"azp": "another"}}),
        ("O-5", {"claims": {"exp": NOW - 3600}}),
        ("O-5", {"claims": {"iat": NOW + 3600}}),
        ("O-5", {"claims": {"exp": None}}),
        ("O-5", {"claims": {"exp": True}}),
        ("O-6", {"claims": {"nonce": "old"}}),
        ("O-6", {"claims": {"nonce": None}}),
        ("O-7", {"claims": {"sub": ""}}),
        ("O-7", {"claims": {"sub": 5}}),
        ("O-7", {"claims": {"sub": None}}),
        ("O-8", {"document": {"issuer": "https://evil.example"}}),
        ("O-8", {"document": {"jwks_uri": None}}),
        ("O-8", {"keys": httpx.Response(200, content=b"[" * 100_000)}),
        ("O-8", {"keys": httpx.Response(200, content=b"x" * ((1 << 20) + 1))}),
        ("O-8", {"keys": httpx.Response(500, json={})}),
        ("O-8", {"token": lambda: None}),
        ("O-3", {"token": lambda: "no.token.here"}),
        ("O-3", {"token": lambda: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9."}),
    ],
)
def test_rule(loop, rule, changes):
    with pytest.raises(RefusedError) as refused:
        finish(Forger(**changes), loop)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("O-1", {"state": "guess"}),
        ("O-1", {"state": "ä"}),
        ("O-2", {"iss": "https://evil.example"}),
    ],
)
def test_rule_of_the_answer(loop, rule, answer):
    with pytest.raises(RefusedError) as refused:
        finish(Forger(), loop, **answer)
    assert refused.value.rule == rule


def test_o3_another_key_and_the_public_key_as_a_secret_are_refused(loop):
    forger = Forger()
    forger.changes["token"] = lambda: forger.token(ECKey.generate_key("P-256"))
    with pytest.raises(RefusedError, match="O-3"):
        finish(forger, loop)
    public = json.dumps(forger.key.as_dict(private=False))
    forger.changes["token"] = lambda: forger.token(OctKey.import_key(public), "HS256")
    with pytest.raises(RefusedError, match="O-3"):
        finish(forger, loop)


def test_a_provider_that_is_away_is_told(loop):
    def away(_):
        raise httpx.ConnectError("away")

    async def begin():
        async with httpx.AsyncClient(transport=httpx.MockTransport(away)) as client:
            await Provider(ProviderSettings(ISSUER, "console"), client).begin(REDIRECT, "/")

    with pytest.raises(UnreachableError):
        loop.run_until_complete(begin())


@pytest.mark.parametrize(
    "issuer", ["http://id.example", "ftp://id.example", "id.example", "http://["]
)
def test_only_https_names_a_provider(issuer):
    with pytest.raises(ConfigurationError, match="no HTTPS"):
        Provider(ProviderSettings(issuer, "console"), None)


def test_the_file_that_names_the_provider(tmp_path):
    (tmp_path / "secret").write_text("s3\n")
    file = tmp_path / "openid.toml"
    file.write_text(
        'issuer = "https://id.example"\nclient_id = "c"\nclient_secret_file = "secret"\n'
        '[roles]\n"sec-analysts" = "analyst"\n'
    )
    found = read_provider(file)
    assert (found.client_secret, found.roles) == ("s3", {"sec-analysts": Role.ANALYST})
    for text in ('issuer = "x"', 'issuer = "x"\nclient_id = "c"\nrolls = {}', "= 1"):
        file.write_text(text)
        with pytest.raises(ConfigurationError, match="cannot be used"):
            read_provider(file)
