"""One case with everything in it, made by the commands that operators use."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path  # noqa: TC003 - a dataclass's field

import pyarrow as pa
import pyarrow.parquet as pq
from authority import TestAuthority, openssl
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.ledger import SigningKey
from stillwatch.prove.evidence import Authority, LocalSigner, Trust
from stillwatch.prove.watermark import Draw, GreenRed, KeyBook, verify_reveal

CASE = """
title = "Accounts of campaign c-1 <script>#eval(\\"x\\")"
declared_at = {declared}
campaigns = ["c-1"]
settings = {{ alpha = "0.05", stillwatch = "0.1.0" }}

[[documents]]
kind = "terms"
file = "terms.txt"
at = 2026-01-01T00:00:00Z
what = "terms of service in force since then"

[[documents]]
kind = "notices"
file = "notice.txt"
at = 2026-02-01T00:00:00Z
what = "sent to all accounts"

[[custody]]
at = 2026-03-01T00:00:00Z
who = "security"
did = "exported the log"

[[custody]]
at = 2026-03-02T00:00:00Z
who = "counsel"
did = "took it over"

[legal_hold]
at = 2026-03-01T00:00:00Z
by = "counsel"
covers = "logs, keys, plan"
"""


def run(*arguments, fails=None):
    done = CliRunner().invoke(cli, ["evidence", *map(str, arguments)])
    if fails is not None:
        assert isinstance(done.exception, fails), done.output + repr(done.exception)
        return done.exception
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def spelled(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class World:
    """A folder with keys, two authorities, inputs and a signed and stamped bundle."""

    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self):
        self.folder.mkdir(exist_ok=True)
        self.authorities = [TestAuthority(self.folder / f"tsa{n}", f"tsa{n}") for n in (1, 2)]
        SigningKey.generate("lab.example/evidence").write(self.folder / "sign.key")
        openssl(
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            self.folder / "expert.pem",
        )
        (self.folder / "expert.pem").chmod(0o600)
        self.keys = {}
        for name, file in (("lab", "sign.key"), ("expert", "expert.pem")):
            path = self.folder / f"{name}.pub"
            path.write_bytes(LocalSigner(self.folder / file).public.pem)
            self.keys[name] = path
        self.inputs()
        self.bundle = self.folder / "bundle"
        self.collect(self.bundle)
        self.sign(self.bundle)

    @property
    def day(self):
        return (self.now - timedelta(days=1)).date()

    def inputs(self):
        rows = [
            {
                "exchange_id": f"x{n}",
                "account_id": f"a{n % 4}",
                "time": datetime(self.day.year, self.day.month, self.day.day, n % 24, tzinfo=UTC),
                "model": "m",
                "prompt": f"prompt {n}",
                "response": f"answer {n}",
                "user_agent": "a column that no digest holds",
            }
            for n in range(40)
        ]
        pq.write_table(pa.Table.from_pylist(rows), self.folder / "log.parquet")
        scan = self.folder / "scan"
        scan.mkdir()
        verdicts = [
            {"account_id": f"a{n}", "campaign_id": "c-1" if n < 2 else None, "score": 0.9 - n / 10}
            for n in range(4)
        ]
        pq.write_table(pa.Table.from_pylist(verdicts), scan / "verdicts.parquet")
        (self.folder / "accepted.jsonl").write_text(
            "".join(
                json.dumps(
                    {
                        "account_id": f"a{n}",
                        "terms": "parts/terms/terms.txt",
                        "at": "2026-01-02T00:00:00Z",
                    }
                )
                + "\n"
                for n in range(2)
            )
        )
        (self.folder / "terms.txt").write_text("No training on answers.")
        (self.folder / "notice.txt").write_text("Stop.")
        (self.folder / "case.toml").write_text(CASE.format(declared=spelled(self.now)))
        with self.authorities[0].serving() as url:
            run(
                "daily-digest",
                self.folder / "log.parquet",
                "--state",
                self.folder / "days",
                "--name",
                "lab.example/days",
                "--day",
                self.day,
                "--authority",
                url,
                "--root",
                self.authorities[0].root,
            )
        self.marks()
        self.lineage()

    def marks(self):
        book = KeyBook.make(self.folder / "marks", "lab.example/marks")
        self.marks_key = book.signer.public.encode()
        seconds = int(self.now.timestamp())
        with KeyBook.writing(self.folder / "marks") as held:
            note = held.commit(
                "2026-11", ["c-1", "public"], GreenRed(), Draw("beacon", 1, seconds + 3600), seconds
            )
            self.note = self.folder / "commitment-1"
            self.note.write_bytes(note)
            (self.folder / "commitment-1.0.tsr").write_bytes(self.authorities[0].stamp(note))
            held.draw(1, bytes(range(32)), seconds + 3600)
            reveal = held.reveal(held.entry("2026-11", "c-1"), seconds + 3700)
        self.reveal = self.folder / "c-1.json"
        self.reveal.write_bytes(reveal.encode())
        self.key_id = verify_reveal(reveal, [book.signer.public])[0].id

    def lineage(self):
        folder = self.folder / "lineage"
        (folder / "transcripts").mkdir(parents=True)
        plan = {
            "tests": ["radioactivity", "canaries"],
            "suspects": ["suspect"],
            "controls": ["unmarked", "reference"],
            "keys": ["k1", "k2"],
            "key_ids": [self.key_id, "0" * 16],
            "queries": 10,
        }
        raw = json.dumps(plan).encode()
        (folder / "plan.json").write_bytes(raw)
        (folder / "plan.json.0.tsr").write_bytes(self.authorities[1].stamp(raw))
        digests = {}
        for who in ("suspect", "unmarked"):
            path = folder / "transcripts" / f"{who}.jsonl"
            path.write_text(
                "".join(
                    json.dumps(
                        {"sent": spelled(self.now + timedelta(hours=1, seconds=n)), "answer": "…"}
                    )
                    + "\n"
                    for n in range(3)
                )
            )
            digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        results = [
            {
                "test": "radioactivity",
                "subject": who,
                "key": key,
                "p": 1e-9 if who == "suspect" else 0.4,
            }
            for who in ("suspect", "unmarked", "reference")
            for key in ("k1", "k2")
        ] + [
            {"test": "canaries", "subject": who, "p": 0.2}
            for who in ("suspect", "unmarked", "reference")
        ]
        (folder / "results.json").write_text(
            json.dumps(
                {
                    "plan": hashlib.sha256(raw).hexdigest(),
                    "transcripts": digests,
                    "results": results,
                }
            )
        )

    def collect(self, out, *more):
        run(
            "collect",
            self.folder / "case.toml",
            "--out",
            out,
            "--signer",
            f"the lab={self.keys['lab']}",
            "--signer",
            f"an expert={self.keys['expert']}",
            "--scan",
            self.folder / "scan",
            "--accepted",
            self.folder / "accepted.jsonl",
            "--exchanges",
            self.folder / "log.parquet",
            "--days",
            self.folder / "days",
            "--mark",
            self.note,
            "--reveal",
            self.reveal,
            "--marks-key",
            self.marks_key,
            "--lineage",
            self.folder / "lineage",
            *more,
        )

    def sign(self, bundle):
        run("sign", bundle, "--key", self.folder / "sign.key")
        run(
            "countersign",
            bundle,
            "--key",
            self.folder / "expert.pem",
            "--signed-by",
            self.keys["lab"],
            *self.roots(),
        )
        self.timestamp(bundle)

    def timestamp(self, bundle):
        for authority in self.authorities:
            with authority.serving() as url:
                run("timestamp", bundle, "--authority", url, "--root", authority.root)

    def roots(self):
        return [part for one in self.authorities for part in ("--root", one.root)]

    def verify(self, bundle=None, fails=None):
        return run(
            "verify",
            bundle or self.bundle,
            "--signed-by",
            self.keys["lab"],
            *self.roots(),
            fails=fails,
        )

    @property
    def trust(self):
        return Trust(
            (LocalSigner(self.folder / "sign.key").public,),
            tuple(Authority.of(one.name, one.root.read_bytes()) for one in self.authorities),
        )
