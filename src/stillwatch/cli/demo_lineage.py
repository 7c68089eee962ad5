"""``stillwatch demo lineage``: a copy is made, asked, found and proven, by the commands for it."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import shlex
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli.extras import extra
from stillwatch.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.cli.demo_models import Sizes
    from stillwatch.prove.lineage.small import Network
    from stillwatch.testing import TimestampAuthority

__all__ = ["lineage"]

_COHORT = "campaign-demo"
_WAIT = 5
_ASKED = 2048
_TESTS = ("clipped-residuals", "residuals", "distinct-pairs")
_WHAT = {
    "suspect": "learned from marked answers",
    "unmarked-student": "learned from as many answers, unmarked",
    "other-model": "learned from none",
}
_DRAFT = """\
tests = {tests}
alpha = 1e-6
tokens = {tokens}
prompts = "prompts.jsonl"
tokenizer = "tokenizer.json"

[asking]
max_tokens = {asked}
seed = {seed}

[keys]
book = "marks"
names = ["{epoch}/{cohort}", "{epoch}/public"]
public = ["{epoch}/public"]

[baseline]
files = ["baseline.jsonl"]
tokens = "ids"
"""
_MODEL = """
[[{role}]]
name = "{name}"
protocol = "openai-chat"
url = "{url}/v1"
model = "{name}"
what = "{what}"
"""
_CASE = """\
title = "A demo: is the model `suspect` trained on marked answers?"
declared_at = {now}
campaigns = ["{cohort}"]
settings = {{ alpha = "1e-6" }}

[[custody]]
at = {now}
who = "stillwatch demo lineage"
did = "made everything in this folder"
"""
_SMALL = """\
What is small here: networks of one hidden layer of 48 units, 128 words, a made language, one key.
The beacon and both timestamp authorities are this process, and nobody else has to believe them. No
account is named: a bundle of a case takes them from a scan. A p-value says that the suspect learned
from text under the key, not who took it."""


@click.command("lineage")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-lineage"),
    show_default=True,
    help="New folder for keys, models' answers, plan, transcripts and bundle.",
)
@click.option(
    "--tokens",
    type=click.IntRange(50_000, 10_000_000),
    default=512_000,
    show_default=True,
    help="That each model is trained on; half as many are asked for.",
)
@click.option(
    "--share",
    type=click.FloatRange(0.01, 1),
    default=0.2,
    show_default=True,
    help="Of the suspect's training that are marked answers.",
)
@click.option("--seed", default=1, show_default=True, help="Of texts and models; keys are new.")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as one JSON object.")
def lineage(*, out: Path, tokens: int, share: float, seed: int, as_json: bool) -> None:
    """Train a model, a marked copy and controls; test them, bundle the evidence, verify it.

    Everything runs on this machine, by the commands that a real case takes; they are shown as they
    run. Needs the extras `prove` and `serve`.
    """
    with extra("prove,serve", "the demo of lineage needs"):
        import httpx  # noqa: F401, PLC0415
        import rfc3161_client  # noqa: F401, PLC0415
        import tokenizers  # noqa: F401, PLC0415
        import uvicorn  # noqa: F401, PLC0415
    from stillwatch.cli.demo_models import Sizes  # noqa: PLC0415
    from stillwatch.testing import TimestampAuthority, serving  # noqa: PLC0415

    _folder(out)
    sizes = Sizes(tokens, share, seed)
    with ExitStack() as stack:
        made = [TimestampAuthority(f"demo authority {n}") for n in (1, 2)]
        demo = _Demo(
            out, sizes, {one.name: (stack.enter_context(serving(one)), one) for one in made}
        )
        marks_key = demo.commit()
        models = demo.models()
        plans_key = demo.question(models)
        steps = demo.bundle(marks_key)
    results = json.loads((out / "case" / "results.json").read_bytes())
    if as_json:
        found = {"results": results["results"], "steps": steps, "bundle": str(out / "bundle")}
        click.echo(json.dumps(found | {"plans_key": plans_key, "marks_key": marks_key}))
        return
    click.echo(_told(out, sizes, results, steps))


@dataclass(frozen=True, slots=True)
class _Demo:
    """What the steps have in common."""

    out: Path
    sizes: Sizes
    authorities: Mapping[str, tuple[str, TimestampAuthority]]

    @property
    def epoch(self) -> str:
        return "demo"

    def commit(self) -> str:
        """Commit to the keys before there are any, and return who signs the commitment."""
        from stillwatch.disk import write_whole  # noqa: PLC0415
        from stillwatch.prove.evidence import ask  # noqa: PLC0415

        state = self.out / "marks"
        signer = _run("watermark", "keys", "new", "demo.example/marks", "--state", state).strip()
        drawn = int(time.time()) + _WAIT
        note = _run(
            *("watermark", "keys", "commit", "--state", state, "--epoch", self.epoch),
            *("--cohort", _COHORT, "--cohort", "public"),
            *("--beacon", "dice of this demo, no public beacon", "--round", 1),
            *("--round-time", _spelled(drawn)),
        )
        write_whole(self.out / "commitment-1", note.encode())
        url, _ = next(iter(self.authorities.values()))
        write_whole(self.out / "commitment-1.0.tsr", ask(url, note.encode()))
        _say("the commitment is stamped, its keys wait for the beacon")
        for at, (_, authority) in enumerate(self.authorities.values(), 1):
            write_whole(self._root(at), authority.root)
        return signer

    def models(self) -> dict[str, Network]:
        """Train the teacher, draw its keys, have it answer; return the models to be tested."""
        from stillwatch.cli import demo_models as make  # noqa: PLC0415
        from stillwatch.prove.watermark import GreenRed, IssuedKey  # noqa: PLC0415

        state, key = self.out / "marks", self.out / "keys" / f"{_COHORT}.key"
        key.parent.mkdir()
        _say(f"training the teacher on {self.sizes.tokens:,} tokens")
        teacher = make.teacher(self.sizes)
        self._wait()
        _run("watermark", "keys", "draw", 1, secrets.token_hex(32), "--state", state)
        _run(
            *("watermark", "keys", "issue", "--state", state, "--epoch", self.epoch),
            *("--cohort", _COHORT, "--out", key),
        )
        issued = IssuedKey.read(key)
        assert isinstance(issued.scheme, GreenRed)  # noqa: S101 - what `keys commit` does by default
        taken = {mark: self.out / f"answers-{mark}.jsonl" for mark in ("marked", "unmarked")}
        _say(f"the teacher answers {self.sizes.taken:,} prompts, marked and once more unmarked")
        make.answers(taken["marked"], teacher, self.sizes, (issued.scheme, issued.key))
        make.answers(taken["unmarked"], teacher, self.sizes, None)
        found = {}
        for at, (name, path) in enumerate(zip(_WHAT, (*taken.values(), None), strict=True)):
            _say(f"training {name}: {_WHAT[name]}")
            found[name] = make.learned(self.sizes, path, 10 + at)
        return found

    def question(self, models: Mapping[str, Network]) -> str:
        """Plan, ask, test, report; return who signs plans."""
        from stillwatch.cli import demo_models as make  # noqa: PLC0415
        from stillwatch.ledger import SigningKey  # noqa: PLC0415
        from stillwatch.prove.lineage.small import Speaker  # noqa: PLC0415
        from stillwatch.testing import ModelEndpoint, serving  # noqa: PLC0415

        case, draft = self.out / "case", self.out / "draft.toml"
        url, _ = next(iter(self.authorities.values()))
        with ExitStack() as stack:
            urls = {
                name: stack.enter_context(
                    serving(ModelEndpoint(Speaker(network, paragraph=make.PARAGRAPH), name))
                )
                for name, network in models.items()
            }
            self._write_draft(draft, urls)
            _run(
                *("lineage", "plan", draft, "--out", case, "--key", self.out / "plans.key"),
                *("--name", "demo.example/plans", "--authority", url, "--root", self._root(1)),
            )
            signer = SigningKey.read(self.out / "plans.key").public.encode()
            _run("lineage", "query", case, "--signed-by", signer, "--root", self._root(1))
        _run(
            *("lineage", "test", case, "--draft", draft, "--signed-by", signer),
            *("--root", self._root(1)),
        )
        _run("lineage", "report", case, "--out", self.out / "report.html")
        return signer

    def bundle(self, marks_key: str) -> dict[str, bool | None]:
        """Collect, sign, stamp twice and verify; return the steps with what came of them."""
        from stillwatch.ledger import SigningKey  # noqa: PLC0415

        out, reveal, bundle = self.out, self.out / f"{_COHORT}.json", self.out / "bundle"
        SigningKey.generate("demo.example/evidence").write(out / "evidence.key")
        signer = out / "evidence.pub"
        signer.write_text(SigningKey.read(out / "evidence.key").public.encode(), "utf-8")
        reveal.write_text(
            _run(
                *("watermark", "keys", "reveal", "--state", out / "marks"),
                *("--epoch", self.epoch, "--cohort", _COHORT),
            ),
            "utf-8",
        )
        (out / "case.toml").write_text(
            _CASE.format(now=_spelled(int(time.time())), cohort=_COHORT), "utf-8"
        )
        _run(
            *("evidence", "collect", out / "case.toml", "--out", bundle),
            *("--signer", f"the demo={signer}", "--mark", out / "commitment-1"),
            *("--reveal", reveal, "--marks-key", marks_key, "--lineage", out / "case"),
        )
        _run("evidence", "sign", bundle, "--key", out / "evidence.key")
        for at, (url, _) in enumerate(self.authorities.values(), 1):
            stamp = ("evidence", "timestamp", bundle, "--authority", url)
            _run(*stamp, "--root", self._root(at))
        roots = [part for at in (1, 2) for part in ("--root", self._root(at))]
        told = _run("evidence", "verify", bundle, "--signed-by", signer, *roots, "--json")
        return {one["step"]: one["held"] for one in map(json.loads, told.splitlines())}

    def _root(self, at: int) -> Path:
        return self.out / f"tsa{at}.pem"

    def _wait(self) -> None:
        """Wait until the beacon's round has come."""
        from stillwatch.prove.watermark import KeyBook  # noqa: PLC0415

        ((_, made, _),) = KeyBook.open(self.out / "marks").commitments
        while time.time() < made.draw.not_before:
            time.sleep(0.1)

    def _write_draft(self, path: Path, urls: Mapping[str, str]) -> None:
        """Write the draft of a plan and the files that it names."""
        from stillwatch.cli import demo_models as make  # noqa: PLC0415
        from stillwatch.prove.lineage.small import grammar, tokenizer_file  # noqa: PLC0415

        many = max(1, self.sizes.tokens // 2 // _ASKED)
        asked = [
            {"id": str(at), "prompt": prompt}
            for at, prompt in enumerate(make.prompts(many, self.sizes.seed + 2))
        ]
        texts = grammar(
            4 * self.sizes.tokens // make.PARAGRAPH, make.PARAGRAPH, self.sizes.seed + 3
        )
        lines = {"prompts": asked, "baseline": [{"ids": row} for row in texts.tolist()]}
        for name, held in lines.items():
            raw = "".join(json.dumps(line) + "\n" for line in held)
            (path.parent / f"{name}.jsonl").write_text(raw, "utf-8")
        (path.parent / "tokenizer.json").write_bytes(tokenizer_file())
        draft = _DRAFT.format(
            tests=json.dumps(_TESTS),
            tokens=many * _ASKED,
            asked=_ASKED,
            seed=self.sizes.seed,
            epoch=self.epoch,
            cohort=_COHORT,
        )
        for name, url in urls.items():
            role = "suspect" if name == "suspect" else "control"
            draft += _MODEL.format(role=role, name=name, url=url, what=_WHAT[name])
        path.write_text(draft, "utf-8")


def _folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        used = any(out.iterdir())
    except OSError as error:
        raise OutputError(f"the folder cannot be made: {error.strerror}", where=str(out)) from error
    if used:
        raise OutputError("the folder is not empty", where=str(out), todo="name a new folder")


def _run(*words: object) -> str:
    """Run a command as an operator would, and return what it prints."""
    from stillwatch.cli.entry import cli  # noqa: PLC0415 - which has this command

    said = [str(word) for word in words]
    _say("$ stillwatch " + shlex.join(said))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        cli.main(said, prog_name="stillwatch", standalone_mode=False)
    return printed.getvalue()


def _say(what: str) -> None:
    click.echo(what, err=True)


def _spelled(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(
    out: Path, sizes: Sizes, results: Mapping[str, Any], steps: Mapping[str, bool | None]
) -> str:
    """Return the figures as a person reads them."""
    from stillwatch.prove.lineage.reporting.document import power  # noqa: PLC0415
    from stillwatch.worlds.evaluation import Table, text  # noqa: PLC0415

    held = {(row["subject"], row["key"], row["test"]): row for row in results["results"]}
    keys = list(dict.fromkeys(key for _, key, _ in held))
    rows = []
    for name in _WHAT:
        for key in keys:
            found = [held[name, key, test] for test in _TESTS]
            place, among = found[0]["rank_among"]
            rows.append(
                (
                    name,
                    key,
                    *(power(row["log10_p"]) for row in found),
                    f"{place:,} of {among:,}",
                    "FOUND" if found[0]["found"] else "-",
                )
            )
    header = ("model", "key", *(test.replace("-", " ") for test in _TESTS), "rank", "at 10^-6")
    trained = (
        f"A teacher, trained on {sizes.tokens:,} tokens. Of a suspect's and an unmarked student's "
        f"{100 * sizes.share:.0f} % are its answers."
    )
    holding = [step for step, one in steps.items() if one]
    empty = ", ".join(step for step, one in steps.items() if one is None)
    parts = [
        trained,
        text(Table("p-values of each model under each key", header, tuple(rows))),
        f"The bundle verifies: {len(holding)} steps hold; it has nothing for {empty}.",
        _SMALL,
        f"Report: {out / 'report.html'}\nBundle: {out / 'bundle'}",
    ]
    return "\n\n".join(parts)
