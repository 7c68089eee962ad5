"""A policy is read whole or refused by name; two people have to stand for one that is enforced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, RefusedError, StillwatchError
from stillwatch.ledger import SigningKey
from stillwatch.stop.interface import FailMode, Mode, Rung
from stillwatch.stop.responses import (
    DEFAULT,
    Analysts,
    Lost,
    read_analysts,
    read_policy,
    sign_policy,
)
from stillwatch.stop.responses.differences import differences

sys.path.insert(0, str(Path(__file__).parent))
from made_decisions import ANALYSTS, KEYS

sys.path.pop(0)

FULL = """\
version = 1
mode = "enforce"
until = 2027-01-01T00:00:00Z
two_above = 10
lasts_hours = 48
licensed = "partner"

[[tiers]]
name = "new"
units_a_day = 864
burst = 100
beyond = "verify"

[[tiers]]
name = "known"
units_a_day = 8640
burst = 1000
levels = ["identity", "card"]

[[tiers]]
name = "partner"
units_a_day = 1e6
burst = 1e6

[limits]
campaign = { units_a_day = 86.4, burst = 10 }
unread = 2

[thresholds]
member = 0.95
peer_nats = 8

[weights]
reasoning = 3000

[rungs]
member = "mark"
grey = "limit"
peer = "verify"

[[campaigns]]
id = "c-1"
rung = "refuse"

[[campaigns]]
id = "c-2"
watermark_key = "key-7"

[measures.limit]
fail = { buckets = "closed" }

[measures.hold]
most_of_traffic = 0.001
longest_hours = 4

[links]
appeal = "https://lab.example/appeal"

[shaping]
max_tokens = 256
opt_outs = ["watermark", "extra_body.watermark"]
decoy_model = "decoy-1"
hold_phrases = ["for internal use"]
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "policy.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_policy_that_says_nothing_is_the_default_in_shadow_mode(written):
    policy = read_policy(written("version = 1\n"))
    assert policy.terms.mode is Mode.SHADOW
    assert differences(DEFAULT, policy) == []


def test_every_key_reaches_the_policy(written):
    policy = read_policy(written(FULL))
    terms = policy.terms
    assert policy.asked is Mode.ENFORCE
    assert terms.mode is Mode.SHADOW  # nobody looked at signatures
    assert policy.until == 1_798_761_600_000_000
    assert [(tier.name, tier.beyond) for tier in terms.tiers] == [
        ("new", Rung.VERIFY),
        ("known", Rung.LIMIT),
        ("partner", Rung.LIMIT),
    ]
    assert terms.tiers[0].allowance.rate == 10
    assert dict(terms.levels) == {"identity": "known", "card": "known"}
    assert terms.tier_of("", licensed=True).name == "partner"
    assert (terms.campaign.rate, terms.campaign.burst, terms.unread) == (1, 10_000, 2000)
    assert (terms.member, terms.peer_nats, terms.lasts) == (0.95, 8, 48 * 3600)
    assert terms.weights.reasoning == 3000
    assert (terms.member_rung, terms.grey_rung, terms.peer_rung) == (
        Rung.MARK,
        Rung.LIMIT,
        Rung.VERIFY,
    )
    assert dict(terms.campaign_rungs) == {"c-1": Rung.REFUSE}
    assert dict(policy.shaping.watermark_keys) == {"c-2": "key-7"}
    assert policy.rules[Rung.LIMIT].fail[Lost.BUCKETS] is FailMode.CLOSED
    assert policy.rules[Rung.HOLD].longest == 4 * 3600
    assert policy.shaping.opt_outs == ("watermark", "extra_body.watermark")
    assert policy.shaping.hold_phrases == ("for internal use",)
    assert terms.digest == policy.digest
    json.loads(policy.document)


def test_fail_modes_hold_only_where_a_policy_is_enforced(written):
    path = written(FULL)
    shadow = read_policy(path)
    assert {shadow.fail(lost) for lost in Lost} == {FailMode.OPEN}
    for name in ("ada", "grace"):
        sign_policy(path, KEYS[name], ANALYSTS)
    enforced = read_policy(path, ANALYSTS)
    assert enforced.fail(Lost.BUCKETS) is FailMode.CLOSED  # the strictest measure counts
    assert enforced.fail(Lost.BUCKETS, Rung.LIMIT) is FailMode.CLOSED
    assert enforced.fail(Lost.BUCKETS, Rung.HOLD) is FailMode.OPEN
    assert enforced.fail(Lost.CORE) is FailMode.OPEN
    assert enforced.fail(Lost.BUCKETS, Rung.OBSERVE) is FailMode.OPEN


def test_two_people_have_to_sign_what_is_enforced(written):
    path = written(FULL)
    with pytest.raises(RefusedError, match=r"G-2.* 0 of the 2"):
        read_policy(path, ANALYSTS)
    for _ in range(2):
        assert sign_policy(path, KEYS["ada"], ANALYSTS)[1] == ("ada",)
    with pytest.raises(RefusedError, match=r"G-2.* 1 of the 2"):
        read_policy(path, ANALYSTS)
    second_key = SigningKey.generate("lab.example/ada-2")
    twice = Analysts(ANALYSTS.by_key | {second_key.public: "ada"})
    assert sign_policy(path, second_key, twice)[1] == ("ada",)
    with pytest.raises(RefusedError, match="G-2"):
        read_policy(path, twice)
    assert sign_policy(path, KEYS["grace"], twice)[1] == ("ada", "grace")
    policy = read_policy(path, ANALYSTS)
    assert policy.terms.mode is Mode.ENFORCE
    assert policy.signed_by == ("ada", "grace")


def test_signatures_are_of_what_a_policy_means(written):
    path = written(FULL)
    for name in ("ada", "grace"):
        sign_policy(path, KEYS[name], ANALYSTS)
    written("# a comment\n" + FULL.replace("two_above = 10", "two_above   =  10"))
    assert read_policy(path, ANALYSTS).terms.mode is Mode.ENFORCE
    written(FULL.replace("two_above = 10", "two_above = 11"))
    with pytest.raises(RefusedError, match=r"G-2.* 0 of the 2"):
        read_policy(path, ANALYSTS)
    assert sign_policy(path, KEYS["ada"], ANALYSTS)[1] == ("ada",)


def test_only_analysts_sign(written):
    path = written(FULL)
    stranger = SigningKey.generate("lab.example/mallory")
    with pytest.raises(RefusedError, match="G-12"):
        sign_policy(path, stranger, ANALYSTS)
    wide = Analysts(ANALYSTS.by_key | {stranger.public: "mallory"})
    sign_policy(path, stranger, wide)
    sign_policy(path, KEYS["ada"], wide)
    with pytest.raises(RefusedError, match=r"G-2.* 1 of the 2"):
        read_policy(path, ANALYSTS)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'{"payload":"","payloadType":"x","signatures":[]}', b"\xff", b"[" * 9999],
)
def test_a_damaged_envelope_is_refused(written, raw):
    path = written(FULL)
    path.with_name("policy.toml.dsse").write_bytes(raw)
    with pytest.raises(RefusedError, match="L-18" if raw else "G-2"):
        read_policy(path, ANALYSTS)


LICENSED = 'version = 1\n[[tiers]]\nname = "licensed"\n'
HOSTILE = {
    "version = 2\n": "version",
    "": "the file",
    "version = true\n": "version",
    'version = 1\nmode = "on"\n': "mode",
    "version = 1\ncolour = 3\n": "colour",
    'version = 1\n[rungs]\nmember = "refuse"\n': "line 3: rungs.member",
    'version = 1\n[rungs]\nmember = "decoy"\n': "rungs.member",
    'version = 1\n[rungs]\npeer = "refuse"\n': "rungs.peer",
    'version = 1\n[rungs]\ngrey = "verify"\n': "rungs.grey",
    'version = 1\n[[campaigns]]\nid = "c"\nrung = "hold"\n': "line 4: campaigns[0].rung",
    'version = 1\n[[campaigns]]\nid = "c"\n[[campaigns]]\nid = "c"\n': "campaigns",
    "version = 1\n[measures.hold]\nmost_of_traffic = 1.5\n": "line 3: measures.hold.most",
    "version = 1\n[measures.hold]\nmost_of_traffic = nan\n": "measures.hold",
    "version = 1\n[measures.hold]\nmost_of_traffic = inf\n": "measures.hold",
    "version = 1\n[measures.observe]\n": "measures.observe",
    'version = 1\n[measures.limit]\nfail = { redis = "open" }\n': "measures.limit.fail.redis",
    "version = 1\n[thresholds]\nmember = 0.1\n": "thresholds.member",
    "version = 1\n[weights]\necho = -1\n": "weights",
    "version = 1\n[weights]\nlanguage = 1\n": "weights",
    'version = 1\n[links]\nappeal = "javascript:alert(1)"\n': "links.appeal",
    'version = 1\n[links]\nappeal = "https://user@lab.example/"\n': "links.appeal",
    'version = 1\n[links]\nappeal = "https://a/\\r\\nX: 1"\n': "links.appeal",
    'version = 1\n[shaping]\nopt_outs = ["a..b"]\n': "shaping.opt_outs",
    'version = 1\n[shaping]\ndecoy_model = "a b"\n': "shaping.decoy_model",
    "version = 1\n[shaping]\nhold = 1000000\n": "shaping.hold",
    'version = 1\n[shaping]\nhold = 64\nhold_phrases = ["' + "x" * 65 + '"]\n': "shaping",
    'version = 1\n[shaping]\nhold_phrases = ["short"]\n': "shaping.hold_phrases",
    'version = 1\nmode = "enforce"\n': "links",
    "version = 1\nuntil = 2027-01-01T00:00:00\n": "until",
    'version = 1\nlicensed = "nobody"\n': "licensed",
    "version = 1\ntiers = []\n": "tiers",
    LICENSED + "units_a_day = 0\nburst = 1\n": "tiers[0]",
    LICENSED + 'units_a_day = 1\nburst = 1\nbeyond = "verify"\n': "tiers",
    'version = 1\n[[tiers]]\nname = "A B"\nunits_a_day = 1\nburst = 1\n': "tiers[0].name",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_policy_is_refused_with_its_place(written, text):
    with pytest.raises(ConfigurationError) as caught:
        read_policy(written(text))
    assert HOSTILE[text] in caught.value.where
    assert "policy.toml, line " in caught.value.where
    assert caught.value.todo


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a = ", b"a = " + b"[" * 50_000, b"a=1\na=2\n", b"x" * 300_000])  # fmt: skip  # noqa: E501
def test_what_is_no_toml_is_refused(tmp_path, raw):
    path = tmp_path / "policy.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigurationError):
        read_policy(path)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_policy_is_read_or_refused(tmp_path_factory, data):
    text = FULL
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        put = data.draw(st.text(max_size=6))
        text = text[:at] + put + text[at + data.draw(st.integers(0, 12)) :]
    path = tmp_path_factory.mktemp("p") / "policy.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        mode = read_policy(path).terms.mode
    except StillwatchError:
        mode = Mode.SHADOW
    assert mode is Mode.SHADOW


ANALYST = '[[analysts]]\nname = "{}"\nkey = "{}"\n'


def test_the_list_of_analysts_is_checked(tmp_path):
    path = tmp_path / "analysts.toml"
    ada, grace = (KEYS[name].public.encode() for name in ("ada", "grace"))
    path.write_text(ANALYST.format("Ada", ada) + ANALYST.format("Grace", grace))
    assert sorted(read_analysts(path).by_key.values()) == ["Ada", "Grace"]
    for text in (
        "",
        "[[analysts]]\n",
        ANALYST.format("Ada", "x"),
        ANALYST.format("Ada", ada) + ANALYST.format("Grace", ada),
        ANALYST.format("Ada", ada) + ANALYST.format("ada", grace),
        ANALYST.format("", ada),
        ANALYST.format("Ada", ada) + "age = 3\n",
    ):
        path.write_text(text)
        with pytest.raises(ConfigurationError):
            read_analysts(path)


def run(*arguments, code=0):
    command = [sys.executable, "-m", "stillwatch", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_the_commands_check_compare_and_sign(written, tmp_path):
    path = written(FULL)
    analysts = tmp_path / "analysts.toml"
    made = [run("policy", "keygen", f"lab.example/{n}", tmp_path / f"{n}.key") for n in "ab"]
    analysts.write_text(
        "".join(ANALYST.format(n, k.strip()) for n, k in zip("AB", made, strict=True))
    )
    told = json.loads(run("policy", "check", path, "--json"))
    assert (told["asks for"], told["is in"]) == ("enforce", "shadow")
    assert "G-2" in run("policy", "check", path, "--analysts", analysts, code=12)
    for name, people in (("a", ["A"]), ("b", ["A", "B"])):
        key = tmp_path / f"{name}.key"
        signed = json.loads(
            run("policy", "sign", path, "--key", key, "--analysts", analysts, "--json")
        )
        assert signed == {"digest": told["digest"], "signed_by": people}
    assert "is in: enforce" in run("policy", "check", path, "--analysts", analysts)
    other = tmp_path / "other.toml"
    other.write_text(FULL.replace("two_above = 10", "two_above = 11"))
    assert "two_above: 10 -> 11" in run("policy", "diff", path, other)
    other.write_text("version = 1\ncolour = 1\n")
    assert "line 2: colour" in run("policy", "diff", path, other, code=3)
