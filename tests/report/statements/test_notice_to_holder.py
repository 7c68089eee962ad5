"""A notice is a whole statement of reasons, and holds nothing of a signature."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest
from report_scans import REASONING, REVIEW

from stillwatch.errors import ConfigurationError
from stillwatch.records import Verdict
from stillwatch.report.papers import Templates, printed
from stillwatch.report.statements.campaign import campaign_of
from stillwatch.report.statements.notice import Notice, codes_of, notice_facts
from stillwatch.stop.interface import Rung
from stillwatch.stop.responses.reasons import DONE, LIFTED, WORDS

WHEN = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
WHOLE = Notice(
    account="acct_1", rung=Rung.LIMIT, codes=("member-of-campaign",), automatic=True,
    decided=WHEN, expires=WHEN.replace(day=9), lifted_by="time", service="the API",
    territory="everywhere", terms="https://p.example/terms", clause="clause 4: no training",
    appeal="https://p.example/appeal", dispute="Body, Street 1", contact="Provider, Street 2",
)  # fmt: skip


def text_of(notice, language):
    templates = Templates()
    facts = notice_facts(notice, language, templates)
    paper = templates.paper("notice", language, facts, WHEN)
    return facts, printed(paper, "md", templates)[0].decode()


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_whole_notice_has_every_part_and_nothing_missing(language):
    facts, text = text_of(WHOLE, language)
    assert facts["missing"] == []
    assert "\\[" not in text.replace("\\[https", "").replace("](", "")
    for part in (
        "acct\\_1", "2026-09-07 08:30", "2026-09-09 08:30", "the API", "everywhere", "clause 4",
        "https\\://p.example/terms", "https\\://p.example/appeal", "Body, Street 1", "Street 2",
    ):  # fmt: skip
        assert part in text, part
    programs = {"en": "by a program as well", "de": "Auch entschieden hat ein Programm"}
    assert programs[language] in text


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("rung", list(Rung))
@pytest.mark.parametrize("code", list(WORDS))
def test_every_measure_and_reason_has_words(language, rung, code):
    notice = Notice("a", rung, ("approved-measure", code), automatic=False, decided=None,
                    expires=None, lifted_by="appeal")  # fmt: skip
    facts = notice_facts(notice, language, Templates())
    assert all([facts["done"], facts["lifted"], *facts["reasons"]])


def test_the_german_words_are_of_the_same_codes():
    words = tomllib.loads(Templates().read("words.de.toml").decode())
    assert set(words["reasons"]) == set(WORDS)
    assert set(words["done"]) == {rung.name.lower() for rung in DONE}
    assert set(words["lifted"]) == set(LIFTED) - {""}


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_missing_is_marked_and_not_made_up(language):
    bare = Notice("a", Rung.LIMIT, ("member-of-campaign",), automatic=True, decided=None,
                  expires=None)  # fmt: skip
    facts, text = text_of(bare, language)
    assert set(facts["missing"]) == {
        "contact", "decided", "service", "territory", "terms", "clause", "appeal", "dispute",
        "duration",
    }  # fmt: skip
    marks = {"en": "to be filled in before this is sent", "de": "vor dem Versand auszufüllen"}
    assert text.count(marks[language]) == len(facts["missing"])


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_of_a_signature_is_told(scan, language):
    campaign = campaign_of(scan, REASONING)
    account = "acct_7f3a00000"
    verdict = Verdict(account, REASONING, WHEN, 0.99, ("starts in lock step",), "withhold")
    notice = Notice(account, Rung.LIMIT, codes_of(scan, verdict), automatic=True, decided=WHEN,
                    expires=None)  # fmt: skip
    _, text = text_of(notice, language)
    secrets = [
        campaign.campaign_id, campaign.kind, "lock step", "0.99", *campaign.explanations,
        *(f.detector for f in campaign.findings), *(f.explanation for f in campaign.findings),
        *(e.name for e in campaign.entities), *(str(a) for a in campaign.members if a != account),
        *(u.model for u in campaign.usage), str(campaign.exchanges), f"{campaign.exchanges:,}",
    ]  # fmt: skip
    assert [secret for secret in secrets if secret in text] == []


def test_reasons_follow_the_verdict(scan):
    flagged = Verdict("acct_7f3a00000", REASONING, WHEN, 0.9, (), "limit")
    assert codes_of(scan, flagged) == ("member-of-campaign",)
    review = next(iter(campaign_of(scan, REVIEW).members))
    assert codes_of(scan, Verdict(review, REVIEW, WHEN, 0.9, (), "x")) == ("under-review",)
    grey = Verdict("acct_7f3a00000", None, None, 0.3, (), "review")
    assert codes_of(scan, grey) == ("under-review",)
    with pytest.raises(ConfigurationError, match="nothing to notify"):
        codes_of(scan, Verdict("acct_p000001", None, None, 0.0, (), "observe"))


@pytest.mark.parametrize("rung", [rung for rung in Rung if rung >= Rung.HOLD])
def test_what_only_people_may_decide_is_never_called_automatic(rung):
    notice = Notice("a", rung, ("member-of-campaign",), automatic=True, decided=None, expires=None)
    with pytest.raises(ConfigurationError, match="is never automatic"):
        notice_facts(notice, "en", Templates())


def test_nothing_automatic_applies_to_an_account_under_review():
    notice = Notice("a", Rung.LIMIT, ("under-review",), automatic=True, decided=None, expires=None)
    with pytest.raises(ConfigurationError, match="waits for a person"):
        notice_facts(notice, "en", Templates())


@pytest.mark.parametrize("codes", [(), ("made-up",), ("<b>",)])
def test_a_reason_without_words_is_refused(codes):
    notice = Notice("a", Rung.LIMIT, codes, automatic=True, decided=None, expires=None)
    with pytest.raises(ConfigurationError, match="reason"):
        notice_facts(notice, "en", Templates())


def test_a_language_of_the_operator_needs_words_and_template(tmp_path):
    with pytest.raises(ConfigurationError, match="no words in 'fr'"):
        notice_facts(WHOLE, "fr", Templates())
    words = Templates().read("words.de.toml").decode().replace("[done]", "[fait]")
    (tmp_path / "words.fr.toml").write_text(words)
    with pytest.raises(ConfigurationError, match="no words for this"):
        notice_facts(WHOLE, "fr", Templates(tmp_path))


def test_a_peers_word_is_told_and_not_called_ours():
    told = Notice("a", Rung.LIMIT, ("member-of-campaign", "peer-indicator"), automatic=True,
                  decided=None, expires=None)  # fmt: skip
    _, text = text_of(told, "en")
    assert "Another provider has reported" in text
    assert "are our own" not in text
    assert "are our own" in text_of(WHOLE, "en")[1]
