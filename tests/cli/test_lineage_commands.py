"""``stillwatch lineage`` from a draft to a report, against models that are served over HTTP."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner
from tokenizers import Tokenizer, models, pre_tokenizers

from stillwatch.cli.entry import cli
from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    RefusedError,
    SourceNotFoundError,
    UnreachableError,
)
from stillwatch.prove.lineage.small import grammar, train, write
from stillwatch.prove.watermark import Draw, GreenRed, KeyBook
from stillwatch.testing import ModelEndpoint, serving

SEQUENCES, LENGTH = 300, 128
NOW = 1_795_000_000
HOSTILE = "<script>alert(1)</script> | `x` [a](javascript:b) \x1b[2J\u202eabc"


def run(*arguments, fails=None, env=None):
    done = CliRunner().invoke(cli, ["lineage", *map(str, arguments)], env=env)
    if fails is not None:
        assert isinstance(done.exception, fails), done.output + repr(done.exception)
        return done.exception
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def speaker(network):
    """Return what says words of a network after the two words of a prompt."""

    def say(prompt, most, seed):
        rng = np.random.default_rng(seed)
        older, newer = (int(word[1:]) for word in prompt.split())
        said = []
        for _ in range(most):
            scores = network.logits(np.array([older]), np.array([newer]))[0]
            chances = np.exp(scores - scores.max()).cumsum()
            drawn = int(np.searchsorted(chances, rng.random() * chances[-1]))
            older, newer = newer, min(drawn, chances.size - 1)
            said.append(f"t{newer}")
        return " ".join(said)

    return say


class World:
    """A key book, a marked student, a control that is not, and a draft of their test."""

    def __init__(self, folder, suspect, control):
        self.folder = folder
        self.suspect, self.control = suspect, control
        self.case = folder / "case"
        self.draft = folder / "draft.toml"

    def keep(self):
        book = KeyBook.make(self.folder / "marks", "lab.example/marks")
        draw = Draw.after("drand-quicknet", NOW)
        cohorts = ["campaign-7", "public", "other"]
        book.commit("2026-11", cohorts, GreenRed(), draw, NOW)
        book.draw(1, bytes(range(32)), draw.not_before)
        self.book = book
        words = Tokenizer(models.WordLevel({f"t{n}": n for n in range(128)}, unk_token="t0"))  # noqa: S106
        words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        words.save(str(self.folder / "tokenizer.json"))
        rng = np.random.default_rng(5)
        pairs = rng.integers(0, 128, (SEQUENCES, 2)).tolist()
        lines = [
            json.dumps({"id": f"p{at}", "prompt": f"t{a} t{b}"}) for at, (a, b) in enumerate(pairs)
        ]
        (self.folder / "prompts.jsonl").write_text("\n".join(lines) + "\n")
        texts = grammar(400, LENGTH, 2).tolist()
        (self.folder / "unmarked.jsonl").write_text(
            "".join(json.dumps({"ids": ids}) + "\n" for ids in texts)
        )

    def write_draft(self, **change):
        held = {
            "tests": '["clipped-residuals", "residuals", "distinct-pairs", "looks"]',
            "tokens": (LENGTH - 2) * SEQUENCES,
            "looks": 2,
            "prompts": '"prompts.jsonl"',
            "tokenizer": '"tokenizer.json"',
        } | change
        top = "\n".join(f"{name} = {value}" for name, value in held.items())
        self.draft.write_text(
            f"""{top}

[asking]
max_tokens = {LENGTH - 2}
temperature = 1.0
seed = 11

[keys]
book = "marks"
names = ["2026-11/campaign-7", "2026-11/public"]
public = ["2026-11/public"]

[baseline]
files = ["unmarked.jsonl"]
tokens = "ids"

[[suspect]]
name = "suspect"
protocol = "openai-chat"
url = "{self.suspect}/v1"
model = "suspect-1"
input_price = 1.0
output_price = 2.0

[[control]]
name = "control"
protocol = "ollama-chat"
url = "{self.control}"
model = "control-1"
what = "trained on text that nobody marked"
"""
        )
        return self.draft

    def plan(self, out=None, *more):
        return run(
            *("plan", self.write_draft(), "--out", out or self.case),
            *("--key", self.folder / "plans.key", "--name", "lab.example/plans", *more),
        )

    @property
    def signer(self):
        from stillwatch.ledger import SigningKey  # noqa: PLC0415

        return SigningKey.read(self.folder / "plans.key").public.encode()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lineage")
    made = World(folder, "", "")
    made.keep()
    teacher = train(grammar(400, LENGTH, 1), 1)
    key = made.book.key(made.book.entry("2026-11", "campaign-7"))
    student = train(write(teacher, 400, LENGTH, 3, mark=(GreenRed(), key)), 4)
    control = train(grammar(400, LENGTH, 5), 4)
    with (
        serving(ModelEndpoint(speaker(student), model=f"suspect-1 {HOSTILE}")) as suspect,
        serving(ModelEndpoint(speaker(control))) as other,
    ):
        made.suspect, made.control = suspect, other
        yield made


@pytest.fixture(scope="module")
def done(world):
    """Plan, ask and test; return the results."""
    note = world.plan()
    digest = hashlib.sha256((world.case / "plan.json").read_bytes()).hexdigest()
    assert f"plan {digest}\n" in note
    told = run(
        *("query", world.case, "--signed-by", world.signer, "--json", "--concurrency", 2),
        env={"OLLAMA": "unused-key"},
    )
    held = [json.loads(line) for line in told.splitlines()]
    assert [(one["model"], one["open"]) for one in held] == [("suspect", 0), ("control", 0)]
    shown = run("test", world.case, "--draft", world.draft, "--signed-by", world.signer)
    assert shown.count("FOUND") == 1
    return json.loads((world.case / "results.json").read_bytes())


def test_a_marked_student_is_found_under_its_key_and_the_control_is_not(done):
    found = [(one["subject"], one["test"], one["key"]) for one in done["results"] if one["found"]]
    assert found == [("suspect", "clipped-residuals", "2026-11/campaign-7")]
    by_name = {(one["subject"], one["test"], one["key"]): one for one in done["results"]}
    first = by_name[found[0]]
    assert first["log10_adjusted"] < -6
    assert first["rank_among"] == [1, 10_001]
    assert by_name["suspect", "looks", "2026-11/campaign-7"]["log10_p"] < -4
    others = [one for name, one in by_name.items() if name[::2] != found[0][::2]]
    assert len(others) == 12
    assert all(one["log10_p"] > -5 for one in others)
    assert set(done["transcripts"]) == {"suspect.jsonl", "control.jsonl"}
    assert done["models"]["suspect"]["answered"] == SEQUENCES
    assert done["models"]["control"]["served"] == {"m-1": SEQUENCES}


def test_the_report_says_what_was_found_and_what_it_does_not_show(world, done):
    assert done
    text = run("report", world.case)
    assert "FOUND by clipped-residuals under the key 2026-11/campaign-7" in text
    assert "does not show who took" in text
    assert "keys of public answers are not" in text
    assert "None of 2 is at or below 0.01 / 2" in text
    assert "1 of 10,001" in text
    assert "\x1b" not in text
    assert "\\x1b" in text
    for ending in ("md", "html", "txt", "pdf"):
        run("report", world.case, "--out", world.folder / f"r.{ending}", "--examples", 2)
    html = (world.folder / "r.html").read_text("utf-8")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html
    markdown = (world.folder / "r.md").read_text("utf-8")
    assert "<script>" not in markdown
    assert "[a](javascript" not in markdown
    assert "\\<script\\>" in markdown
    assert (world.folder / "r.pdf").read_bytes().startswith(b"%PDF-")
    run("report", world.case, "--out", world.folder / "r.doc", fails=ConfigurationError)


def test_a_bundle_takes_the_folder_and_finds_results_controls_and_times(world, done, tmp_path):
    assert done
    from stillwatch.ledger import SigningKey  # noqa: PLC0415

    case = tmp_path / "case.toml"
    case.write_text(
        f'title = "t"\ndeclared_at = {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\ncampaigns = ["c-1"]\n'
    )
    signer = SigningKey.generate("lab.example/evidence").public.encode()
    bundle = tmp_path / "bundle"
    shown = CliRunner().invoke(
        cli,
        [
            *("evidence", "collect", str(case), "--out", str(bundle), "--signer", f"lab={signer}"),
            *("--lineage", str(world.case)),
        ],
    )
    assert shown.exit_code == 0, shown.output
    told = CliRunner().invoke(
        cli, ["evidence", "verify", str(bundle), "--signed-by", signer, "--json"]
    )
    steps = {
        one["step"]: one for one in map(json.loads, told.stdout.splitlines()[:-1] or ["{}"]) if one
    }
    assert steps["E-18"]["held"], steps["E-18"]
    assert "16 results, 1 controls" in steps["E-18"]["detail"]
    assert "stamp" in steps["E-17"]["detail"]  # all that is missing is an authority's timestamp


def test_a_dry_run_sends_nothing_and_says_what_it_would(world, tmp_path):
    told = run(
        *("plan", world.write_draft(), "--out", tmp_path / "x", "--dry-run", "--json"),
    )
    held = json.loads(told)
    assert not (tmp_path / "x").exists()
    assert [one["requests"] for one in held["models"]] == [SEQUENCES, SEQUENCES]
    most = SEQUENCES * (LENGTH - 2)
    assert held["models"][0]["output_tokens"] == most
    assert held["models"][0]["cost"] == pytest.approx(
        (held["models"][0]["input_tokens"] + 2 * most) / 1e6
    )
    assert held["models"][1]["cost"] is None
    world.plan(tmp_path / "case")
    told = run("query", tmp_path / "case", "--signed-by", world.signer, "--dry-run", "--json")
    first = json.loads(told.splitlines()[0])
    assert first["requests"] == SEQUENCES
    assert json.loads(first["next"])["seed"] == 11
    assert list((tmp_path / "case" / "transcripts").iterdir()) == []
    told = run("query", tmp_path / "case", "--signed-by", world.signer, "--dry-run")
    assert "300 of 300 requests" in told


def test_nobody_is_asked_without_a_commitment_to_this_very_plan(world, tmp_path):
    case = tmp_path / "case"
    world.plan(case)
    signed = ("--signed-by", world.signer)
    assert run("query", case, fails=RefusedError).rule == "T-2"
    stranger = KeyBook.make(tmp_path / "other", "lab.example/x").signer.public.encode()
    assert run("query", case, "--signed-by", stranger, fails=RefusedError).rule == "L-7"
    raw = (case / "plan.json").read_bytes()
    (case / "plan.json").write_bytes(raw.replace(b'"alpha":0.000001', b'"alpha":0.01'))
    assert run("query", case, *signed, fails=RefusedError).rule in {"T-1", "T-2"}
    (case / "plan.json").write_bytes(raw.replace(b"control-1", b"control-2"))
    assert run("query", case, *signed, fails=RefusedError).rule == "T-2"
    (case / "plan.json").write_bytes(raw)
    (case / "prompts.jsonl").write_bytes(b'{"id":"x","prompt":"t1 t1"}\n')
    assert run("query", case, *signed, fails=RefusedError).rule == "T-8"
    (case / "plan.note").unlink()
    assert run("query", case, *signed, fails=RefusedError).rule == "T-2"
    assert not list((case / "transcripts").iterdir())
    run("query", tmp_path / "nothing", *signed, fails=SourceNotFoundError)


def test_open_questions_end_with_an_error_and_the_next_run_goes_on(world, tmp_path):
    case = tmp_path / "case"
    world.plan(case)
    signed = ("--signed-by", world.signer)
    bounded = ("--model", "suspect", "--most-tokens", 1000)
    error = run("query", case, *signed, *bounded, fails=ConfigurationError)
    assert "suspect: " in error.where
    assert run("test", case, "--draft", world.draft, *signed, fails=RefusedError).rule == "T-9"
    priced = ("--model", "control", "--most-cost", 1)
    run("query", case, *signed, *priced, fails=ConfigurationError)
    run("query", case, *signed, "--model", "nobody", fails=ConfigurationError)


def test_looks_may_stop_before_all_is_asked(world, tmp_path):
    case = tmp_path / "case"
    draft = world.write_draft(tests='["looks"]', looks=4)
    key = ("--key", world.folder / "plans.key", "--name", "lab.example/plans")
    run("plan", draft, "--out", case, *key)
    kept = draft.read_text()
    (world.folder / "early.toml").write_text(kept)
    signed = ("--signed-by", world.signer)
    early = ("test", case, "--draft", world.folder / "early.toml", *signed)
    for model, first in (("suspect", 150), ("control", 149), ("control", 150)):
        run("query", case, *signed, "--model", model, "--first", first)
        if first == 149:
            assert run(*early, "--look", 2, fails=RefusedError).rule == "T-4"
    assert run(*early, fails=RefusedError).rule == "T-9"
    run(*early, "--look", 2)
    results = json.loads((case / "results.json").read_bytes())
    assert results["looked"] == 2
    found = [(one["subject"], one["key"]) for one in results["results"] if one["found"]]
    assert found == [("suspect", "2026-11/campaign-7")]
    assert "after look 2 of 4" in run("report", case)


def test_a_suspect_that_is_not_there_is_told(world, tmp_path):
    with serving(ModelEndpoint(lambda *_: "x")) as url:
        pass
    kept, world.suspect = world.suspect, url
    try:
        world.plan(tmp_path / "case")
    finally:
        world.suspect = kept
    once = ("--model", "suspect", "--attempts", 1, "--concurrency", 1)
    signed = ("--signed-by", world.signer)
    error = run("query", tmp_path / "case", *signed, *once, fails=UnreachableError)
    assert "10 questions in a row" in error.what


@pytest.mark.parametrize(
    "given",
    [
        ("--key-env", "suspect=NOT_SET_ANYWHERE"),
        ("--key-env", "suspect"),
        ("--key-env", "nobody=PATH"),
        ("--key-env", "suspect=PATH", "--key-env", "suspect=PATH"),
        ("--key-file", "suspect=/nowhere"),
    ],
)
def test_keys_come_from_the_environment_or_a_file(world, tmp_path, given):
    world.plan(tmp_path / "case")
    signed = ("--signed-by", world.signer)
    fails = (ConfigurationError, SourceNotFoundError)
    run("query", tmp_path / "case", *signed, *given, fails=fails)


def changed(path, change):
    lines = path.read_bytes().splitlines(keepends=True)
    held = json.loads(lines[0])
    change(held)
    path.write_bytes(json.dumps(held).encode() + b"\n" + b"".join(lines[1:]))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("T-3", lambda line: line.update(sent="2020-01-01T00:00:00Z")),
        ("T-6", lambda line: line.update(sent="yesterday")),
        ("T-6", lambda line: line.update(sent="2030-01-01T00:00:00")),
        ("T-6", lambda line: line.update(raw="{}")),
        ("T-7", lambda line: line.update(plan="0" * 64)),
        ("T-9", lambda line: line.update(outcome="failed")),
        ("T-9", lambda line: line.update(request="{}")),
        ("T-9", lambda line: line.update(url="https://elsewhere.example")),
        ("T-9", lambda line: line.update(item="p299")),
        ("T-9", lambda line: line.update(question=-1)),
        ("T-9", lambda line: line.update(question=10**9)),
    ],
)
def test_transcripts_that_are_not_of_the_plan_are_refused(world, done, tmp_path, rule, change):
    assert done
    import shutil  # noqa: PLC0415

    shutil.copytree(world.case, tmp_path / "case")
    changed(tmp_path / "case" / "transcripts" / "suspect.jsonl", change)
    signed = ("--signed-by", world.signer)
    error = run("test", tmp_path / "case", "--draft", world.draft, *signed, fails=RefusedError)
    assert error.rule == rule
    assert run("report", tmp_path / "case", fails=RefusedError).rule == "T-10"


def test_another_tokenizer_or_baseline_or_key_is_refused(world, done, tmp_path):
    assert done
    signed = ("--signed-by", world.signer)
    for name in ("marks", "prompts.jsonl", "tokenizer.json", "unmarked.jsonl"):
        (tmp_path / name).symlink_to(world.folder / name)
    draft = tmp_path / "draft.toml"
    text = world.write_draft().read_text()
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "tokenizer.json").write_text((world.folder / "tokenizer.json").read_text() + "\n")
    draft.write_text(text)
    assert run("test", world.case, "--draft", draft, *signed, fails=RefusedError).rule == "T-8"
    draft.write_text(text.replace('"tokenizer.json"', f'"{world.folder}/tokenizer.json"'))
    (tmp_path / "unmarked.jsonl").unlink()
    (tmp_path / "unmarked.jsonl").write_text('{"ids": [1, 2, 3]}\n')
    assert run("test", world.case, "--draft", draft, *signed, fails=RefusedError).rule == "T-5"


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        ({"wrong_keys": 100}, ConfigurationError),
        ({"tokens": 10**9}, ConfigurationError),
        ({"alpha": 2}, RefusedError),
        ({"tests": '["fortune-telling"]'}, RefusedError),
        ({"unheard_of": 1}, ConfigurationError),
        ({"prompts": '"tokenizer.json"'}, InputFormatError),
        ({"prompts": '"nowhere.jsonl"'}, SourceNotFoundError),
        ({"parts": '["tokenizer.json"]'}, InputFormatError),
    ],
)
def test_drafts_that_cannot_be_a_plan_are_refused(world, tmp_path, change, fails):
    draft = world.write_draft(**change)
    run("plan", draft, "--out", tmp_path / "x", "--dry-run", fails=fails)


def test_a_plan_needs_a_commitment_and_a_new_folder(world, tmp_path):
    draft = world.write_draft()
    run("plan", draft, "--out", tmp_path / "x", fails=ConfigurationError)
    world.plan(tmp_path / "case")
    key = ("--key", world.folder / "plans.key")
    run("plan", draft, "--out", tmp_path / "case", *key, fails=OutputError)
    lone = ("--authority", "https://tsa.example")
    run("plan", draft, "--out", tmp_path / "y", *lone, fails=ConfigurationError)
