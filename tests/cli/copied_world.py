"""One case from the log to the bundle: a scan, a gateway, a teacher, its copy, and the evidence."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path  # noqa: TC003 - a dataclass's field

import httpx
import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.ledger import SigningKey
from stillwatch.prove.evidence import ask
from stillwatch.prove.lineage.small import (
    Speaker,
    grammar,
    ids_of,
    spelled,
    tokenizer_file,
    train,
    write,
)
from stillwatch.prove.watermark import IssuedKey, Sampler
from stillwatch.testing import ModelEndpoint, TimestampAuthority, serving

EPOCH = "2026-11"
MEMBER = 0.5
LENGTH, FRESH, ASKED, ANSWER = 128, 2_700, 120, 2048
POLICY = """
version = 1
mode = "enforce"
[links]
appeal = "https://desk.example/appeal"
[thresholds]
member = {member}
[measures.mark]
most_of_traffic = 1.0
most_of_accounts = 1.0
[shaping]
opt_outs = ["no_watermark"]
[limits]
campaign = {{ units_a_day = 1e7, burst = 1e7 }}
segment = {{ units_a_day = 1e7, burst = 1e7 }}
[[tiers]]
name = "licensed"
units_a_day = 1e7
burst = 1e7
[[campaigns]]
id = "{campaign}"
rung = "mark"
watermark_key = "{key}"
"""
SERVE = """
policy = "policy.toml"
analysts = "analysts.toml"
scan = "scan"
known_accounts = 16384
known_segments = 65536
[api]
address = "127.0.0.1:0"
[admin]
address = "127.0.0.1:0"
"""
DRAFT = """
tests = ["clipped-residuals", "residuals"]
alpha = 1e-6
tokens = {tokens}
prompts = "prompts.jsonl"
tokenizer = "tokenizer.json"
[asking]
max_tokens = {answer}
seed = 5
[keys]
book = "marks"
epochs = ["{epoch}"]
public = ["{epoch}/public"]
[baseline]
files = ["baseline.jsonl"]
tokens = "ids"
"""
CASE = """
title = "Campaign {campaign}"
declared_at = {declared}
campaigns = ["{campaign}"]
[[documents]]
kind = "terms"
file = "terms.txt"
at = 2025-01-01T00:00:00Z
what = "terms of service: no training on answers"
[[custody]]
at = {now}
who = "security"
did = "exported verdicts and exchanges"
"""


def run(*arguments, fails=None):
    done = CliRunner().invoke(cli, list(map(str, arguments)))
    if fails is not None:
        assert isinstance(done.exception, fails), done.output + repr(done.exception)
        return done.exception
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def spelled_time(time_):
    return time_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Copied:
    """The case; every step is a command or public function of the product."""

    folder: Path
    campaign: dict = field(default_factory=dict)
    accounts: set = field(default_factory=set)
    key_ids: dict = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self):
        self.authorities = [TimestampAuthority(f"authority {n}") for n in (1, 2)]
        self.urls = [self.stack.enter_context(serving(one)) for one in self.authorities]
        for at, one in enumerate(self.authorities):
            (self.folder / f"tsa{at}.pem").write_bytes(one.root)
        self.today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def name(self):
        return self.campaign["campaign_id"]

    def stamp(self, path):
        (path.parent / f"{path.name}.0.tsr").write_bytes(ask(self.urls[0], path.read_bytes()))

    def find(self):
        """Make a world that ended last night, and scan it."""
        world, scan = self.folder / "world", self.folder / "scan"
        start = self.today - timedelta(days=28)
        run(
            *("simulate", "--out", world, "--exchanges", 60_000, "--accounts", 1_500, "--seed", 2),
            *("--adversaries", "residential,lock-step,probing,heavy", "--prevalence", 0.12),
            *("--start", f"{start:%Y-%m-%d}"),
        )
        last = f"{self.today - timedelta(days=1):%Y-%m-%d}"
        self.last_day = world / "exchanges" / f"day={last}"
        run(
            *("evidence", "daily-digest", self.last_day, "--state", self.folder / "days"),
            *("--name", "lab.example/days", "--day", last),
            *("--authority", self.urls[0], "--root", self.folder / "tsa0.pem"),
        )
        exchanges = world / "exchanges"
        run("scan", exchanges, "--accounts", world / "accounts.parquet", "--out", scan)
        found = json.loads((scan / "campaigns.json").read_bytes())["campaigns"]
        declared = [one for one in found if one["declared_at"] and not one["review_only"]]
        self.campaign = max(declared, key=lambda one: one["exchanges"])
        rows = pq.ParquetFile(scan / "verdicts.parquet").read().to_pylist()
        self.accounts = {row["account_id"] for row in rows if row["campaign_id"] == self.name}
        self.sure = {
            row["account_id"]
            for row in rows
            if row["campaign_id"] == self.name and row["score"] >= MEMBER
        }
        self.innocents = {row["account_id"] for row in rows if row["campaign_id"] is None}
        log = ds.dataset(world / "exchanges").to_table(columns=["account_id", "prompt"])
        self.log = log.to_pylist()

    def commit(self):
        """Commit to a key of the campaign and one of public answers; issue the campaign's."""
        state, note = self.folder / "marks", self.folder / "commitment-1"
        self.marks_key = run(
            "watermark", "keys", "new", "lab.example/marks", "--state", state
        ).strip()
        drawn = datetime.now(UTC) + timedelta(seconds=4)
        note.write_text(
            run(
                *("watermark", "keys", "commit", "--state", state, "--epoch", EPOCH),
                *("--cohort", self.name, "--cohort", "public", "--beacon", "dice of a test"),
                *("--round", 1, "--round-time", spelled_time(drawn)),
            )
        )
        self.stamp(note)
        while datetime.now(UTC) < drawn:
            time.sleep(0.1)
        run("watermark", "keys", "draw", 1, "5a" * 32, "--state", state)
        (self.folder / "keys" / EPOCH).mkdir(parents=True)
        run(
            *("watermark", "keys", "issue", "--state", state, "--epoch", EPOCH),
            *("--cohort", self.name, "--out", self.folder / "keys" / EPOCH / f"{self.name}.key"),
        )
        listed = run("watermark", "keys", "list", "--state", state, "--json")
        rows = map(json.loads, listed.splitlines())
        self.key_ids = {f"{row['epoch']}/{row['cohort']}": row["key_id"] for row in rows}

    @contextmanager
    def gateway(self):
        """Serve the scan under a policy that two people signed; yields the address."""
        policy = POLICY.format(campaign=self.name, key=f"{EPOCH}/{self.name}", member=MEMBER)
        (self.folder / "policy.toml").write_text(policy)
        (self.folder / "serve.toml").write_text(SERVE)
        people = []
        for who in ("ada", "grace"):
            public = run("policy", "keygen", f"lab.example/{who}", self.folder / f"{who}.key")
            people.append(f'[[analysts]]\nname = "{who}"\nkey = "{public.strip()}"\n')
        analysts = self.folder / "analysts.toml"
        analysts.write_text("".join(people))
        for who in ("ada", "grace"):
            key = self.folder / f"{who}.key"
            run(
                *("policy", "sign", self.folder / "policy.toml", "--key", key),
                *("--analysts", analysts),
            )
        command = [sys.executable, "-m", "stillwatch", "serve", "--config"]
        with (self.folder / "serve.log").open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*command, str(self.folder / "serve.toml")],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            line = next(one for one in process.stdout if one.startswith("api "))
            yield line.split()[1]
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()

    def answer(self):
        """Train the teacher; answer each request as the gateway says, marked by the sampler."""
        rng = np.random.default_rng(3)
        self.teacher = train(grammar(4_000, LENGTH, 1), 1)
        asked = [row for row in self.log if row["account_id"] in self.accounts]
        benign = [row for row in self.log if row["account_id"] in self.innocents][:300]
        prompts = grammar(len(asked) + len(benign), 2, 4).tolist()
        self.answered, self.marked_for = [], set()
        with self.gateway() as url, httpx.Client(timeout=30) as client:
            for row, prompt in zip([*asked, *benign], prompts, strict=True):
                key = self.decided(client, url, row)
                if key is not None:
                    self.marked_for.add(row["account_id"])
                ids = self.sampled(prompt, key, rng) if key else self.plain(prompt, rng)
                self.answered.append((row["account_id"], spelled(ids)))

    def decided(self, client, url, row):
        """Return the key that the gateway names for a request; None for no mark."""
        body = {
            "model": "m",
            "messages": [{"role": "user", "content": row["prompt"]}],
            "no_watermark": True,
        }
        asked = {"account": row["account_id"], "shape": "openai-chat", "body": body}
        answer = client.post(f"{url}/v1/decisions", json=asked)
        answer.raise_for_status()
        effect = answer.json()["effect"]
        assert effect["status"] == 0, effect["body"]
        name = dict(effect["forward_headers"])["stillwatch-watermark-key"]
        if not name:
            return None
        assert "no_watermark" not in effect["forward"]
        return IssuedKey.read(self.folder / "keys" / f"{name}.key")

    def sampled(self, prompt, issued, rng):
        """Return an answer drawn token by token by the sampler under an issued key."""
        sampler, ids = Sampler(issued.scheme, issued.key, rng), list(prompt)
        for _ in range(LENGTH):
            older, newer = np.array(ids[-2:-1]), np.array(ids[-1:])
            ids.append(sampler.draw(ids, self.teacher.logits(older, newer)[0]))
        return ids[2:]

    def plain(self, prompt, rng):
        begin = np.array([prompt], np.uint32)
        seed = int(rng.integers(2**31))
        return write(self.teacher, 1, LENGTH + 2, seed, begin=begin)[0, 2:].tolist()

    def train_all(self):
        """Train the copy on the accounts' answers among other text, and those that are none."""
        taken = [ids_of(text) for account, text in self.answered if account in self.accounts]
        marked = np.array(taken, np.uint32)
        unmarked = write(self.teacher, len(marked), LENGTH, 8)
        fresh = grammar(FRESH, LENGTH, 9)
        other = grammar(FRESH + len(marked), LENGTH, 10, classes=16)
        self.share = marked.size / (marked.size + fresh.size)
        return {
            "suspect": train(np.concatenate([fresh, marked]), 11),
            "unmarked-student": train(np.concatenate([fresh, unmarked]), 11),
            "unrelated": train(other, 12),
        }

    def question(self, models):
        """Plan, commit, ask over HTTP, test."""
        lines = {
            "prompts": [
                {"id": str(at), "prompt": spelled(row)}
                for at, row in enumerate(grammar(ASKED, 4, 13).tolist())
            ],
            "baseline": [{"ids": row} for row in grammar(12_000, LENGTH, 14).tolist()],
        }
        for name, held in lines.items():
            raw = "".join(json.dumps(line) + "\n" for line in held)
            (self.folder / f"{name}.jsonl").write_text(raw)
        (self.folder / "tokenizer.json").write_bytes(tokenizer_file())
        draft, case = self.folder / "draft.toml", self.folder / "case"
        text = DRAFT.format(tokens=ASKED * ANSWER, answer=ANSWER, epoch=EPOCH)
        with ExitStack() as stack:
            for name, network in models.items():
                url = stack.enter_context(serving(ModelEndpoint(Speaker(network), name)))
                role = "suspect" if name == "suspect" else "control"
                text += f'[[{role}]]\nname = "{name}"\nprotocol = "openai-chat"\n'
                text += f'url = "{url}/v1"\nmodel = "{name}"\n'
            draft.write_text(text)
            run(
                *("lineage", "plan", draft, "--out", case, "--key", self.folder / "plans.key"),
                *("--name", "lab.example/plans"),
                *("--authority", self.urls[1], "--root", self.folder / "tsa1.pem"),
            )
            signer = SigningKey.read(self.folder / "plans.key").public.encode()
            trust = ("--signed-by", signer, "--root", self.folder / "tsa1.pem")
            run("lineage", "query", case, *trust)
        told = run("lineage", "test", case, "--draft", draft, *trust, "--json")
        self.results = json.loads(told)["results"]

    def prepare(self):
        """Reveal the campaign's key and write the case."""
        self.reveal = self.folder / "revealed.json"
        self.reveal.write_text(
            run(
                *("watermark", "keys", "reveal", "--state", self.folder / "marks"),
                *("--epoch", EPOCH, "--cohort", self.name),
            )
        )
        (self.folder / "terms.txt").write_text("No training on answers.")
        accepted = [
            {
                "account_id": account,
                "terms": "parts/terms/terms.txt",
                "at": "2025-06-01T00:00:00Z",
            }
            for account in sorted(self.accounts)
        ]
        (self.folder / "accepted.jsonl").write_text("".join(json.dumps(a) + "\n" for a in accepted))
        (self.folder / "case.toml").write_text(
            CASE.format(
                campaign=self.name,
                declared=self.campaign["declared_at"],
                now=spelled_time(datetime.now(UTC)),
            )
        )
        SigningKey.generate("lab.example/evidence").write(self.folder / "evidence.key")
        self.signer = SigningKey.read(self.folder / "evidence.key").public.encode()

    def bundle(self, name, lineage="case", note="commitment-1"):
        """Collect, sign and have stamped by two authorities; return the bundle."""
        bundle = self.folder / name
        run(
            *("evidence", "collect", self.folder / "case.toml", "--out", bundle),
            *("--signer", f"the lab={self.signer}", "--scan", self.folder / "scan"),
            *("--accepted", self.folder / "accepted.jsonl"),
            *("--exchanges", self.last_day, "--days", self.folder / "days"),
            *("--mark", self.folder / note, "--reveal", self.reveal),
            *("--marks-key", self.marks_key, "--lineage", self.folder / lineage),
        )
        run("evidence", "sign", bundle, "--key", self.folder / "evidence.key")
        for at, url in enumerate(self.urls):
            root = self.folder / f"tsa{at}.pem"
            run("evidence", "timestamp", bundle, "--authority", url, "--root", root)
        return bundle

    def verify(self, bundle, fails=None):
        roots = [part for at in (0, 1) for part in ("--root", self.folder / f"tsa{at}.pem")]
        return run("evidence", "verify", bundle, "--signed-by", self.signer, *roots, fails=fails)
