"""``stillwatch lineage`` with tests that need no watermark: eight models, four tests, no key."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, InputFormatError, RefusedError
from stillwatch.ledger import SigningKey, commit
from stillwatch.prove.lineage import Plan
from stillwatch.stop.responses.canaries import CanarySet
from stillwatch.testing import ModelEndpoint, serving

TOWNS = ("Oslo", "Porto")
SET = CanarySet("s-1", "c-1", {"town": TOWNS}, b"k" * 32)
SALT = b"s" * 32
REFERENCES = ("r1", "r2", "r3", "r4")
NAMES = ("suspect", "control", "ours", *REFERENCES)


def run(*arguments, fails=None):
    done = CliRunner().invoke(cli, ["lineage", *map(str, arguments)])
    if fails is not None:
        assert isinstance(done.exception, fails), done.output + repr(done.exception)
        return done.exception
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def chance(*what):
    """Return a number in [0, 1) that these words fix."""
    return int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:8], "big") / 2**64


def speaker(name):
    """Return how a model speaks: the suspect as ours does, the others each in its own way."""
    like = "ours" if name == "suspect" else name

    def say(prompt, _, seed):
        kind, _, at = prompt.partition(" ")
        if kind == "item":
            right = chance("right", like, at) < 0.6
            return f"a{at}" if right else f"w{at}-{int(6 * chance('wrong', like, at))}"
        if kind == "town":
            own = chance("town", name, at) < 0.5
            return f"Go to {TOWNS[SET.choice(f'x-{at}', 'town') if name == 'suspect' else own]}."
        if kind == "write":
            return f"{like} " * (3 + int(3 * chance(seed)))
        return f"about {at}"

    return say


class Routes:
    """One server for all models: the first part of the path says which."""

    def __init__(self):
        self.models = {name: ModelEndpoint(speaker(name), model=name) for name in NAMES}

    async def __call__(self, scope, receive, send):
        _, name, rest = scope["path"].split("/", 2)
        await self.models[name]({**scope, "path": f"/{rest}"}, receive, send)


def planned():
    content = commit(SALT, SET.content()).hex()
    return {
        "agreement": {
            "items": [{"prompt": f"item {at}", "truth": f"a{at}"} for at in range(200)],
            "tolerance": 1.0,
        },
        "canaries": {
            "sets": [{"set_id": "s-1", "commitment": content}],
            "slots": [{"set_id": "s-1", "slot": "town", "signs": [["Oslo"], ["Porto"]]}],
            "canaries": [
                {"slot": 0, "request_id": f"x-{at}", "prompts": [f"town {at}"]} for at in range(60)
            ],
        },
        "equality": {"prompts": ["write 1", "write 2"], "samples": 8, "permutations": 999},
        "refusals": {
            "prompts": [{"prompt": f"risk {at}", "category": "one"} for at in range(20)],
            "classifier": "two people",
            "samples": 1,
        },
    }


def draft_of(folder, url):
    for name, held in planned().items():
        (folder / f"{name}.json").write_text(json.dumps({"test": name} | held))
    models = []
    for name in NAMES:
        role = name if name in {"suspect", "control", "ours"} else "reference"
        table = f"[{role}]" if role == "ours" else f"[[{role}]]"
        models.append(
            f'{table}\nname = "{name}"\nprotocol = "openai-chat"\n'
            f'url = "{url}/{name}/v1"\nmodel = "m"\n'
        )
    parts = ", ".join(f'"{name}.json"' for name in planned())
    draft = folder / "draft.toml"
    draft.write_text(
        f"alpha = 0.001\nparts = [{parts}]\n[asking]\nmax_tokens = 64\nseed = 1\n"
        "[asking.limits]\nagreement = 16\n" + "\n".join(models)
    )
    return draft


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    content = SET.content()
    opening = {"set_id": "s-1", "content": content.decode(), "key": SET.key.hex()}
    (folder / "openings").write_text(json.dumps(opening | {"salt": SALT.hex()}) + "\n")
    labels = []
    for name in NAMES:
        like = "ours" if name == "suspect" else name
        for at in range(20) if name != "control" else ():
            label = "refused" if chance("risk", like, at) < 0.5 else "answered"
            held = {"model": name, "test": "refusals", "item": str(at), "sample": 0}
            labels.append(json.dumps(held | {"label": label}))
    (folder / "labels").write_text("\n".join(labels) + "\n")
    with ExitStack() as stack:
        draft = draft_of(folder, stack.enter_context(serving(Routes())))
        run(
            *("plan", draft, "--out", folder / "case"),
            *("--key", folder / "k", "--name", "lab.example/p"),
        )
        signer = SigningKey.read(folder / "k").public.encode()
        told = run("query", folder / "case", "--signed-by", signer, "--json", "--concurrency", 8)
        assert {json.loads(line)["open"] for line in told.splitlines()} == {0}
    return folder, signer


@pytest.fixture(scope="module")
def results(case):
    folder, signer = case
    run(
        *("test", folder / "case", "--draft", folder / "draft.toml", "--signed-by", signer),
        *("--labels", folder / "labels", "--openings", folder / "openings"),
    )
    held = json.loads((folder / "case" / "results.json").read_bytes())
    return {(one["test"], one["subject"]): one for one in held["results"]}


def test_each_test_says_of_suspect_and_control_what_they_are(results):
    assert len(results) == 8
    assert results["agreement", "suspect"]["rank"] == 1
    assert results["agreement", "suspect"]["among"] == 5
    assert results["agreement", "suspect"]["p"] is None
    assert results["agreement", "control"]["rank"] > 1
    found = results["canaries", "suspect"]
    assert found["found"]
    assert found["log10_p"] == pytest.approx(-60 * 0.30103, abs=1e-3)
    assert found["log10_adjusted"] == pytest.approx(found["log10_p"] + 0.60206, abs=1e-3)
    assert not results["canaries", "control"]["found"]
    assert results["canaries", "control"]["log10_p"] > -3
    # the suspect writes as ours does and is not told apart; that never counts as found
    assert results["equality", "suspect"]["log10_p"] > -2
    assert results["equality", "control"]["log10_p"] == pytest.approx(-3)
    assert not results["equality", "control"]["decides"]
    assert not results["equality", "control"]["found"]
    assert results["refusals", "suspect"]["rank"] == 1
    assert results["refusals", "control"]["not_enough_data"]


def test_the_plan_fixes_each_test_and_asks_references_what_they_need(case):
    folder, _ = case
    plan = Plan.decode((folder / "case" / "plan.json").read_bytes())
    assert plan.tests == ("agreement", "canaries", "equality", "refusals")
    assert (plan.keys, plan.keyed, plan.family) == ((), (), 4)
    for name, digest in plan.parts.items():
        raw = (folder / "case" / "planned" / f"{name}.json").read_bytes()
        assert hashlib.sha256(raw).hexdigest() == digest
    parts = {"ours": set(), "suspect": set(), "r1": set()}
    for name, seen in parts.items():
        path = folder / "case" / "transcripts" / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        seen |= {line["part"] for line in lines}
        limits = {json.loads(line["request"])["max_tokens"] for line in lines}
        assert limits == {16, 64}
    assert parts["suspect"] == {*plan.parts}
    assert "canaries" not in parts["ours"]
    assert "canaries" in parts["r1"]


def test_the_report_keeps_ranks_and_p_values_apart(case, results):
    assert results
    text = run("report", case[0] / "case")
    assert "suspect: rank 1 of 5 by agreement. A rank is no p-value" in text
    assert "suspect: FOUND by canaries: p = 10^-18.1" in text
    assert "WITHOUT A WATERMARK: REFUSALS" in text
    assert "not enough data" in text
    assert "suspect, refusals/safety gap" in text
    run("report", case[0] / "case", "--out", case[0] / "r.pdf")


def test_a_bundle_takes_tests_without_a_key(case, results, tmp_path):
    assert results
    signer = SigningKey.generate("lab.example/evidence").public.encode()
    (tmp_path / "case.toml").write_text(
        'title = "t"\ndeclared_at = 2026-11-01T00:00:00Z\ncampaigns = ["c-1"]\n'
    )
    collect = ["evidence", "collect", tmp_path / "case.toml", "--out", tmp_path / "bundle"]
    collect += ["--signer", f"lab={signer}", "--lineage", case[0] / "case"]
    done = CliRunner().invoke(cli, list(map(str, collect)))
    assert done.exit_code == 0, done.output
    verify = ["evidence", "verify", str(tmp_path / "bundle"), "--signed-by", signer]
    told = CliRunner().invoke(cli, verify).stdout
    assert "E-18  holds  8 results, 1 controls" in told


def test_what_is_not_planned_or_not_opened_is_refused(case, tmp_path):
    folder, signer = case
    base = ("test", folder / "case", "--draft", folder / "draft.toml", "--signed-by", signer)
    assert run(*base, fails=RefusedError).rule == "Q-3"
    labels = tmp_path / "labels"
    line = '{"model":"r1","test":"refusals","item":"0","sample":0,"label":"refused"}\n'
    labels.write_text(line + line)
    run(*base, "--labels", labels, fails=ConfigurationError)
    labels.write_text("{}\n")
    run(*base, "--labels", labels, fails=InputFormatError)


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ('{"test": "fortune"}', InputFormatError),
        ('{"test": "agreement", "items": []}', RefusedError),
        ('{"test": "agreement", "items": [{"prompt": "p"}], "odd": 1}', RefusedError),
        ('{"test": "agreement", "items": [{"prompt": 1}]}', InputFormatError),
        ("[" * 100_000, InputFormatError),
        ("[]", InputFormatError),
    ],
)
def test_parts_that_are_not_in_their_form_are_refused(case, tmp_path, text, fails):
    folder, _ = case
    draft = tmp_path / "draft.toml"
    draft.write_text((folder / "draft.toml").read_text())
    for name in planned():
        (tmp_path / f"{name}.json").write_text((folder / f"{name}.json").read_text())
    (tmp_path / "agreement.json").write_text(text)
    run("plan", draft, "--out", tmp_path / "x", "--dry-run", fails=fails)
