"""``stillwatch report``: every form of every report, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import jsonschema
import pypdf
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
sys.path.insert(0, str(Path(__file__).parents[1] / "report" / "statements"))
from example_scan import empty_scan, example_scan, hostile_scan
from report_scans import REASONING, REVIEW, bare_folder, large_folder

from stillwatch.cli.entry import cli
from stillwatch.errors import (
    ConfigurationError,
    MissingExtraError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.records import utc
from stillwatch.report.documents import read_campaigns, write_scan
from stillwatch.report.papers import Templates
from stillwatch.report.statements.transparency import transparency_schema
from stillwatch.stop.appeals import Contested, TokenKey
from stillwatch.stop.interface import Rung

PAPERS = ("html", "pdf", "md")
PERIOD = ("--from", "2026-09-01", "--to", "2026-10-01")
ACCOUNT = "acct_7f3a00000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("reported")
    result, activity = example_scan()
    write_scan(result, out / "scan", activity)
    write_scan(hostile_scan(), out / "hostile")
    write_scan(empty_scan(), out / "empty")
    bare_folder(out / "bare")
    return out


def run(*words, code=0, env=None):
    done = CliRunner().invoke(cli, ["report", *map(str, words)], env=env)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.stderr
    return done


def pdf(raw):
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(raw)).pages)


@pytest.mark.parametrize("form", PAPERS)
@pytest.mark.parametrize("name", ["scan", "hostile", "bare"])
def test_every_paper_of_every_scan(folder, name, form):
    results = ("--results", folder / name)
    campaign = read_campaigns(folder / name).campaigns[0].campaign_id
    to = ("--to", form)
    wholes = [
        run("campaign", campaign, *results, *to),
        run("filing", campaign, *results, *to, "--with-accounts"),
        run("executive", *results, *to),
        run("transparency", *results, *PERIOD, "--format", form),
    ]
    for done in wholes:
        if form == "pdf":
            assert (
                "/StructTreeRoot" in pypdf.PdfReader(io.BytesIO(done.stdout_bytes)).trailer["/Root"]
            )
            assert not {"\x1b", "\u202e"} & set(pdf(done.stdout_bytes))
        else:
            assert "\x1b" not in done.stdout
            assert "\u202e" not in done.stdout
            assert not re.search(r"(?<!\\)<script", done.stdout)


def test_a_scan_without_campaigns_has_a_page_and_a_public_report(folder):
    results = ("--results", folder / "empty")
    assert "No money was reckoned" in run("executive", *results, "--to", "md").stdout
    assert "0 declared" in run("transparency", *results, *PERIOD, "--format", "md").stdout


def test_json_is_the_campaigns_own_record(folder):
    own = json.loads((folder / "scan" / "campaigns.json").read_text())["campaigns"][0]
    words = ("campaign", REASONING, "--results", folder / "scan", "--to", "json")
    assert json.loads(run(*words).stdout) == own


def test_ocsf_is_what_the_scan_wrote_of_the_campaign(folder):
    lines = (folder / "scan" / "findings.ocsf.ndjson").read_text().splitlines()
    mine = [line for line in lines if json.loads(line)["metadata"]["correlation_uid"] == REASONING]
    words = ("campaign", REASONING, "--results", folder / "scan", "--to", "ocsf")
    assert run(*words).stdout.splitlines() == mine
    assert len(mine) == 241


def test_members_are_listed_as_asked(folder):
    words = ("campaign", REASONING, "--results", folder / "scan", "--to", "md")
    assert run(*words).stdout.count("acct\\_") == 100
    assert run(*words, "--members", 0).stdout.count("acct\\_") == 0
    assert run(*words, "--members", 1000).stdout.count("acct\\_") == 240


def test_two_thousand_accounts_as_pdf(tmp_path):
    large_folder(tmp_path / "large", 2_000)
    out = tmp_path / "large.pdf"
    run("campaign", "c-b1gb1gb1", "--results", tmp_path / "large", "--to", "pdf", "--out", out,
        "--members", 2_000)  # fmt: skip
    assert pdf(out.read_bytes()).count("acct_") == 2_000


def test_a_pdf_is_the_same_each_time_and_dated_by_the_scan(folder):
    words = ("campaign", REASONING, "--results", folder / "scan", "--to", "pdf")
    first, second = run(*words).stdout_bytes, run(*words).stdout_bytes
    assert first == second
    dated = run(*words, env={"SOURCE_DATE_EPOCH": "1700000000"}).stdout_bytes
    made = pypdf.PdfReader(io.BytesIO(dated)).metadata.creation_date
    assert made.timestamp() == 1_700_000_000
    with pytest.raises(ConfigurationError, match="SOURCE_DATE_EPOCH"):
        run(*words, env={"SOURCE_DATE_EPOCH": "soon"})


def test_a_filing_names_what_is_to_be_filled_in(folder, tmp_path):
    words = ("filing", REASONING, "--results", folder / "scan")
    done = run(*words, "--to", "json")
    held = json.loads(done.stdout)
    opened = {one["field"] for one in held["fields"] if one["status"] == "to fill in"}
    assert done.stderr.strip() == "to be filled in: " + ", ".join(
        one["field"] for one in held["fields"] if one["status"] == "to fill in"
    )
    assert held["accounts"] == []
    assert "acct_" not in done.stdout
    answers = tmp_path / "answers.toml"
    answers.write_text("\n".join(f'{name} = "said of {name}"' for name in opened))
    done = run(*words, "--to", "json", "--answers", answers, "--with-accounts")
    assert done.stderr == ""
    assert len(json.loads(done.stdout)["accounts"]) == 240
    early = run(*words, "--to", "json", "--stage", "early-warning", "--form", "incident")
    assert len(json.loads(early.stdout)["fields"]) < len(held["fields"])


NOTICE = ("notice", ACCOUNT, "--measure", "limit")


@pytest.mark.parametrize("form", PAPERS)
@pytest.mark.parametrize(("language", "words"), [("en", "contest it"), ("de", "widersprechen")])
def test_a_notice_in_two_languages(folder, form, language, words):
    results = ("--results", folder / "scan")
    done = run(*NOTICE, *results, "--to", form, "--language", language)
    assert done.stderr.startswith("to be filled in before it is sent: contact, decided")
    text = pdf(done.stdout_bytes) if form == "pdf" else done.stdout
    assert words in text
    if form == "pdf":
        root = pypdf.PdfReader(io.BytesIO(done.stdout_bytes)).trailer["/Root"]
        assert root["/Lang"] == language


def test_a_notice_takes_links_from_the_policy(folder, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'version = 1\n[links]\nappeal = "https://a.example/appeal"\nterms = "https://a.example/terms"\n'
    )
    results = ("--results", folder / "scan", "--to", "json", "--policy", policy)
    found = json.loads(
        run(*NOTICE, *results, "--until", "2026-10-02", "--terms", "https://b.example/t",
            "--lifted-by", "verification").stdout
    )  # fmt: skip
    assert found["appeal"] == "https://a.example/appeal"
    assert found["terms"] == "https://b.example/t"
    assert found["expires"] == "2026-10-02T00:00:00+00:00"
    assert "duration" not in found["missing"]


def test_a_notice_of_the_very_decision_of_a_link(tmp_path):
    key = tmp_path / "appeal.key"
    key.write_text("11" * 32)
    now = 1_795_000_000_000_000
    contested = Contested("r", "<b>7</b>", int(Rung.REFUSE), ["approved-measure", "unheard-of"],
                          "m", "c-secret", ["indicator--1"], now, now + 86_400_000_000, "appeal",
                          "p")  # fmt: skip
    token = TokenKey.read(key).seal(contested)
    done = run("notice", "--token", token, "--token-key", key, "--to", "json")
    found = json.loads(done.stdout)
    assert (found["account"], found["automatic"]) == ("<b>7</b>", False)
    assert found["decided"] == utc(now).isoformat()
    assert len(found["reasons"]) == 1
    page = run("notice", "--token", token, "--token-key", key).stdout
    assert "<b>" not in page
    assert "c-secret" not in page
    with pytest.raises(ConfigurationError, match="sealed"):
        run("notice", "--token", token)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ((ACCOUNT,), "which decision is not said"),
        ((ACCOUNT, "--measure", "refuse"), "never automatic"),
        ((ACCOUNT, "--measure", "limit", "--reason", "none"), "no reason has the name"),
        ((ACCOUNT, "--measure", "limit", "--decided", "today"), "not a time"),
        ((ACCOUNT, "--measure", "limit", "--language", "xx"), "no words in 'xx'"),
        (("acct_p000001", "--measure", "limit"), "nothing to notify"),
        (("nobody", "--measure", "limit"), "no such account"),
    ],
)
def test_a_notice_that_would_be_wrong_is_refused(folder, words, match):
    with pytest.raises(ConfigurationError, match=match):
        run("notice", *words, "--results", folder / "scan")


def test_a_refusal_that_a_person_approved_says_so(folder):
    words = ("notice", ACCOUNT, "--measure", "refuse", "--approved", "--results", folder / "scan")
    text = run(*words, "--to", "md").stdout
    assert "The request was refused." in text
    assert "approved by a person" in text


def test_an_account_of_a_reviewed_campaign_waits_for_a_person(folder):
    member = next(
        str(account)
        for item in read_campaigns(folder / "scan").campaigns
        if item.campaign_id == REVIEW
        for account in item.flagged_at
    )
    results = ("--results", folder / "scan", "--to", "md")
    with pytest.raises(ConfigurationError, match="waits for a person"):
        run("notice", member, "--measure", "limit", *results)
    text = run("notice", member, "--measure", "observe", *results).stdout
    assert "No measure has been taken" in text
    assert "Nothing has been decided." in text


def test_transparency_as_json_and_csv(folder):
    words = ("transparency", *PERIOD, "--results", folder / "scan")
    facts = json.loads(run(*words, "--format", "json").stdout)
    jsonschema.validate(facts, transparency_schema())
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    flagged = next(row for row in rows if row["section"] == "accounts")
    assert int(flagged["value"]) == facts["accounts"]["flagged"]["count"]


@pytest.mark.parametrize(
    "period",
    [("2026-10-01", "2026-09-01"), ("x", "2026-09-01"), ("2026-09-01", "y"),
     ("2026-09-01", "2026-09-01")],
)  # fmt: skip
def test_a_period_that_is_none_is_refused(folder, period):
    with pytest.raises(ConfigurationError):
        run("transparency", "--from", period[0], "--to", period[1], "--results", folder / "scan")


def test_templates_are_written_out_and_used(folder, tmp_path):
    mine = tmp_path / "mine"
    names = run("templates", mine).stdout.split()
    assert set(names) == set(Templates().names())
    page = mine / "campaign.en.md"
    page.write_text(page.read_text() + "\n\nPrepared by the team.\n")
    (mine / "campaign.fr.md").write_text("# Campagne {{ campaign.campaign_id }}\n")
    words = ("campaign", REASONING, "--results", folder / "scan", "--templates", mine, "--to", "md")
    assert run(*words).stdout.endswith("Prepared by the team.\n")
    assert run(*words, "--language", "fr").stdout == f"# Campagne {REASONING}\n"
    assert run("templates", mine).stdout == ""


def test_what_cannot_be_read_or_written_is_named(folder, tmp_path):
    with pytest.raises(SourceNotFoundError):
        run("campaign", REASONING, "--results", tmp_path)
    with pytest.raises(ConfigurationError, match="no such campaign"):
        run("campaign", "c-none", "--results", folder / "scan")
    with pytest.raises(OutputError, match="cannot be written"):
        run("executive", "--results", folder / "scan", "--out", tmp_path / "none" / "a.html")
    with pytest.raises(ConfigurationError, match="no template of this paper"):
        run("executive", "--results", folder / "scan", "--language", "../x")


def test_a_missing_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtraError, match="typst") as missing:
        run("executive", "--results", folder / "scan", "--to", "pdf")
    assert "stillwatch[report]" in missing.value.todo
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    monkeypatch.setitem(sys.modules, "markdown_it.tree", None)
    with pytest.raises(MissingExtraError, match="reports need"):
        run("executive", "--results", folder / "scan", "--to", "md")
