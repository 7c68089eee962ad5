"""The made language as text: its words, the tokenizer that reads them, and networks that answer.

Endpoints are asked in text and answer in text, so that a small model is questioned as a large one
is.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.prove.lineage.small.network import write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.prove.lineage.small.network import Network
    from stillwatch.prove.watermark import GreenRed, WatermarkKey

__all__ = ["Speaker", "ids_of", "spelled", "tokenizer_file"]

_FIRST, _LAST = "bdfgklmnprstvwyz", "aeiou"


def _word(token: int) -> str:
    """Return a token's word: as many syllables as it takes, at least two."""
    said = ""
    left = token
    while left or len(said) < 4:
        left, syllable = divmod(left, len(_FIRST) * len(_LAST))
        said += _FIRST[syllable % len(_FIRST)] + _LAST[syllable // len(_FIRST)]
    return said


@cache
def _known(vocabulary: int) -> dict[str, int]:
    return {_word(token): token for token in range(vocabulary)}


def spelled(ids: Iterable[int]) -> str:
    """Return token ids as words with blanks between.

    >>> spelled([0, 1, 100])
    'baba daba keda'
    """
    return " ".join(map(_word, ids))


def ids_of(text: str, vocabulary: int = 128) -> list[int]:
    """Return the token ids of a text's words; words of no token are left out.

    >>> ids_of("geda, said the baba daba")
    [0, 1]
    """
    known = _known(vocabulary)
    return [known[word] for word in text.split() if word in known]


def tokenizer_file(vocabulary: int = 128) -> bytes:
    """Return ``tokenizer.json`` of the language, in the form of the package ``tokenizers``."""
    unknown = "?"
    words = _known(vocabulary) | {unknown: vocabulary}
    held: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": unknown},
    }
    return json.dumps(held).encode()


class Speaker:
    """A network that answers prompts, marked or not, as an endpoint's function does.

    An answer is paragraphs that all begin after the prompt's last two words.

    Args:
        network: who answers.
        mark: scheme with a context of one, and the key; none where answers are not marked.
        paragraph: words of each.

    >>> from stillwatch.prove.lineage.small import grammar, train
    >>> speaker = Speaker(train(grammar(20, 64, 1), 1), paragraph=8)
    >>> len(speaker("baba daba", 20, 7).split())
    20
    """

    def __init__(
        self,
        network: Network,
        mark: tuple[GreenRed, WatermarkKey] | None = None,
        *,
        paragraph: int = 64,
    ) -> None:
        self._network = network
        self._mark = mark
        self._paragraph = paragraph

    def __call__(self, prompt: str, most: int, seed: int | None = None) -> str:
        """Return an answer of so many words.

        Args:
            prompt: its last two known words count; fewer are made up for by the first token.
            most: words.
            seed: of the dice; None for other dice each time.
        """
        before = [0, 0, *ids_of(prompt, self._network.bias.size)][-2:]
        rows = -(-most // self._paragraph)
        begin = np.tile(np.array(before, np.uint32), (rows, 1))
        length = self._paragraph + 2
        wrote = write(self._network, rows, length, seed, mark=self._mark, begin=begin)[:, 2:]
        left, said = most, []
        for row in wrote.tolist():
            said.append(spelled(row[:left]))
            left -= self._paragraph
        return "\n".join(said)
