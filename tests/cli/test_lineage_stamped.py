"""A plan that an authority stamped, and no key signed: asked, tested, bundled, verified."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger import SigningKey
from stillwatch.testing import ModelEndpoint, serving

sys.path.append(str(Path(__file__).parents[1] / "prove" / "evidence"))
from authority import TestAuthority

DRAFT = """
parts = ["equality.json"]
[asking]
max_tokens = 20
seed = 1
"""


def run(*arguments, fails=None):
    done = CliRunner().invoke(cli, list(map(str, arguments)))
    if fails is not None:
        assert isinstance(done.exception, fails), done.output + repr(done.exception)
        return done.exception
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


@pytest.fixture
def draft(tmp_path):
    part = {"test": "equality", "prompts": ["one"], "samples": 6, "permutations": 99}
    (tmp_path / "equality.json").write_text(json.dumps(part))
    app = ModelEndpoint(lambda prompt, _, seed: f"{prompt} {seed % 3}")
    with serving(app) as url:
        tables = [
            f'{table}\nname = "m{at}"\nprotocol = "ollama-chat"\nurl = "{url}"\nmodel = "m"\n'
            for at, table in enumerate(("[[suspect]]", "[[control]]", "[ours]"))
        ]
        (tmp_path / "draft.toml").write_text(DRAFT + "".join(tables))
        yield tmp_path / "draft.toml"


def test_a_stamped_plan_holds_from_the_first_query_to_the_bundle(draft, tmp_path):
    case, bundle = tmp_path / "case", tmp_path / "bundle"
    first, second = (TestAuthority(tmp_path / name, name) for name in ("a1", "a2"))
    with first.serving() as url:
        run("lineage", "plan", draft, "--out", case, "--authority", url, "--root", first.root)
    assert not (case / "plan.note").exists()
    assert run("lineage", "query", case, fails=RefusedError).rule == "T-2"
    stranger = run("lineage", "query", case, "--root", second.root, fails=RefusedError)
    assert stranger.rule == "T-2"
    run("lineage", "query", case, "--root", first.root)
    run("lineage", "test", case, "--draft", draft, "--root", first.root)
    SigningKey.generate("lab.example/evidence").write(tmp_path / "sign.key")
    signer = SigningKey.read(tmp_path / "sign.key").public.encode()
    (tmp_path / "case.toml").write_text(
        'title = "t"\ndeclared_at = 2026-11-01T00:00:00Z\ncampaigns = ["c-1"]\n'
    )
    collect = ("evidence", "collect", tmp_path / "case.toml", "--out", bundle)
    run(*collect, "--signer", f"lab={signer}", "--lineage", case)
    run("evidence", "sign", bundle, "--key", tmp_path / "sign.key")
    (bundle / "stamps").mkdir(exist_ok=True)
    verify = ("evidence", "verify", bundle, "--signed-by", signer, "--root", first.root)
    told = run(*verify, "--authorities", 0)
    assert "E-17  holds  planned by" in told
    assert "E-18  holds  2 results, 1 controls" in told


def test_an_authority_that_does_not_answer_leaves_no_plan(draft, tmp_path):
    authority = TestAuthority(tmp_path / "a", "a")
    with authority.serving() as url:
        pass
    gone = ("--authority", url, "--root", authority.root)
    run("lineage", "plan", draft, "--out", tmp_path / "case", *gone, fails=UnreachableError)
    assert not (tmp_path / "case").exists()
