from __future__ import annotations

import os
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputFormatError, NoUsableRowsError, SourceNotFoundError
from stillwatch.worlds.simulation.columns import ELICITATIONS, KINDS, LANGUAGES, ROLES
from stillwatch.worlds.simulation.text import source
from stillwatch.worlds.simulation.text.grammar import SLOTS
from stillwatch.worlds.simulation.text.language import WRITTEN, language
from stillwatch.worlds.simulation.text.wording import clauses

CORPUS = Path(
    os.environ.get("STILLWATCH_TEXT")
    or Path(__file__).parents[3].parent / "shared" / "data" / "dev"
)
needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"no folder of prompts at {CORPUS}; set STILLWATCH_TEXT"
)


def bodies(text, kind, lang, n, *, subject=None, turn=0, first=0):
    subjects = np.random.default_rng(1).integers(0, 2**31, n)
    if subject is not None:
        subjects[:] = subject
    return text.bodies(kind, lang, subjects, first + np.arange(n), np.full(n, turn))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_is_filled_and_hardly_recurs(lang):
    text = source(None, 3)
    for kind in KINDS:
        spread = bodies(text, kind, lang, 400)
        own = bodies(text, kind, lang, 400, subject=5)
        assert len(set(spread)) >= 396, kind
        assert len(set(own)) >= 388, kind
        assert all(body.strip() for body in spread)


@pytest.mark.parametrize("lang", WRITTEN)
def test_vocabulary_uses_known_slots_only(lang):
    tongue = language(lang)
    phrases = [p for group in (*tongue.parts.values(), *tongue.asks.values()) for p in group]
    used = {slot for phrase in phrases for _, slot in phrase if slot}
    assert used <= set(SLOTS)
    assert set(tongue.asks) == set(KINDS)
    assert len(tongue.domains) >= 10


@pytest.mark.parametrize("lang", WRITTEN)
def test_wordings_are_well_formed(lang):
    package = files("stillwatch.worlds.simulation.text")
    table = tomllib.loads(package.joinpath("wordings", f"{lang}.toml").read_text("utf-8"))
    assert set(table) == set(ELICITATIONS)
    for family, found in clauses(lang).items():
        assert len(found) >= 3, family
        for clause in found:
            assert not any(mark in piece for choice in clause for piece in choice for mark in "[]|")


def test_text_depends_on_the_row_alone():
    text, again = source(None, 3), source(None, 3)
    one = bodies(text, "chat", "es", 50)
    assert one == bodies(again, "chat", "es", 50)
    subjects = np.random.default_rng(1).integers(0, 2**31, 50)
    back = text.bodies("chat", "es", subjects[::-1], np.arange(50)[::-1], np.zeros(50, np.int64))
    assert back[::-1] == one
    assert bodies(source(None, 4), "chat", "es", 50) != one


def test_subjects_have_words_of_their_own():
    text = source(None, 3)

    def words(subject, first):
        found = bodies(text, "chat", "en", 300, subject=subject, first=first)
        return {word for body in found for word in body.split() if word[:1].isupper()}

    same = sum(len(words(s, 0) & words(s, 1000)) for s in range(5, 10))
    other = sum(len(words(s, 0) & words(s + 1, 0)) for s in range(5, 10))
    assert same > 1.4 * other


def test_follow_ups_are_shorter():
    text = source(None, 3)
    opened = bodies(text, "chat", "en", 200)
    followed = bodies(text, "chat", "en", 200, turn=2)
    assert np.mean([len(b) for b in followed]) < 0.6 * np.mean([len(b) for b in opened])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_elicitations_are_reworded_by_seed(lang):
    text = source(None, 3)
    for family in ELICITATIONS:
        made = [text.elicitation(family, lang, 9, seed) for seed in range(200)]
        assert made == [text.elicitation(family, lang, 9, seed) for seed in range(200)]
        joined = {m.prefix + m.suffix for m in made}
        assert len(joined) >= 150, family
        assert not any("{" in words or "[" in words for words in joined)


def test_styles_ask_for_different_things():
    text = source(None, 3)
    tags = set()
    for style in range(60):
        words = text.elicitation("instruct", "en", style, 1)
        tags.add(tuple(sorted(part for part in (words.prefix + words.suffix).split('"')[1::2])))
    assert len(tags) > 20


@pytest.mark.parametrize("role", ROLES)
def test_frames_are_literal_by_style(role):
    text = source(None, 3)
    frames = [text.frame(role, "fr", style) for style in range(40)]
    assert frames == [text.frame(role, "fr", style) for style in range(40)]
    assert len(set(frames)) >= 38
    assert all(frame.prefix or frame.suffix or frame.system for frame in frames)


def write(folder, name, **columns):
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def test_corpus_serves_by_use_and_never_repeats_within_its_size(tmp_path):
    legit = [f"Could you tell me about gardens number {i}, please?" for i in range(300)]
    distill = [f"Describe the process behind engine {i} at length." for i in range(300)]
    write(tmp_path, "a", prompt=legit, kind=["legit"] * 300, lang=["en"] * 300)
    write(tmp_path, "b", prompt=distill, kind=["distill"] * 300, lang=["en"] * 300)
    write(tmp_path, "c", other=[1, 2])
    text = source(tmp_path, 5)
    seeds = 9 * 300 + np.arange(300)
    subjects = np.random.default_rng(0).integers(0, 2**31, 300)
    assert sorted(text.harvest("instruct", "en", subjects, seeds)) == sorted(distill)
    longer = text.harvest("instruct", "en", np.tile(subjects, 3), 9 * 300 + np.arange(900))
    assert len(set(longer)) == 900
    mine = text.bodies("chat", "en", subjects, seeds, np.zeros(300, np.int64))
    assert all("gardens" in body for body in mine)
    later = text.bodies("chat", "en", subjects, seeds, np.ones(300, np.int64))
    assert not any("gardens number" in body for body in later)
    assert text.bodies("chat", "ja", subjects, seeds, np.zeros(300, np.int64))


def test_corpus_needs_prompts(tmp_path):
    with pytest.raises(SourceNotFoundError):
        source(tmp_path / "absent", 1)
    write(tmp_path, "c", other=[1, 2])
    with pytest.raises(NoUsableRowsError):
        source(tmp_path, 1)
    (tmp_path / "d.parquet").write_bytes(b"not parquet")
    with pytest.raises(InputFormatError):
        source(tmp_path, 1)


@needs_corpus
def test_a_real_corpus_serves_every_kind_and_language():
    text = source(CORPUS, 7)
    zero = np.zeros(500, np.int64)
    for kind in KINDS:
        for lang in ("en", "zh", "tr"):
            made = text.bodies(kind, lang, np.arange(500) * 7919, np.arange(500), zero)
            got = text.harvest(kind, lang, np.arange(500), np.arange(500))
            assert len(made) == len(got) == 500
            assert len(set(got)) > 450, (kind, lang)
