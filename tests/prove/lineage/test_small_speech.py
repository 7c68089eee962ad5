"""What the small models say is read back as the tokens that they wrote."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.prove.lineage.small import (
    Speaker,
    grammar,
    ids_of,
    spelled,
    tokenizer_file,
    train,
    write,
)
from stillwatch.prove.watermark import GreenRed, WatermarkKey
from stillwatch.prove.watermark.reading import tokenizer_in

MARK = (GreenRed(), WatermarkKey.random(7))


@pytest.fixture(scope="module")
def network():
    return train(grammar(200, 64, 1), 1)


@pytest.mark.parametrize("vocabulary", [128, 512, 7000])
def test_every_token_has_a_word_of_its_own_and_the_tokenizer_reads_it(vocabulary, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes(tokenizer_file(vocabulary))
    encode = tokenizer_in(tmp_path / "tokenizer.json")
    ids = list(range(vocabulary))
    text = spelled(ids)
    assert ids_of(text, vocabulary) == ids
    assert encode([text, text.replace(" ", "\n")]) == [ids, ids]


def test_a_speaker_says_what_the_network_writes_after_the_prompt(network):
    begin = np.tile(np.array([3, 5], np.uint32), (2, 1))
    wrote = write(network, 2, 10, 9, mark=MARK, begin=begin)[:, 2:]
    said = Speaker(network, MARK, paragraph=8)(f"unknown {spelled([3, 5])}", 12, 9)
    assert said == f"{spelled(wrote[0])}\n{spelled(wrote[1, :4])}"
    assert said != Speaker(network, MARK, paragraph=8)(spelled([3, 6]), 12, 9)


def test_what_a_marked_speaker_says_bears_its_key(network):
    ids = ids_of(Speaker(network, MARK)("baba", 4000, 1))
    plain = ids_of(Speaker(network)("baba", 4000, 1))
    assert MARK[0].score(ids, MARK[1]).log10_p < -6
    assert MARK[0].score(plain, MARK[1]).log10_p > -4
