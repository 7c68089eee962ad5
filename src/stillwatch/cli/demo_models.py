"""The models of ``stillwatch demo lineage``: a teacher, its copy, and models that are none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.disk import write_whole
from stillwatch.prove.lineage.small import Speaker, grammar, ids_of, spelled, train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from stillwatch.prove.lineage.small import Network
    from stillwatch.prove.watermark import GreenRed, WatermarkKey

__all__ = ["PARAGRAPH", "Sizes", "answers", "learned", "prompts", "teacher"]

PARAGRAPH = 64
"""Tokens of a paragraph, the unit that models are trained on."""

_ANSWER = 1024
_WORDS = 6


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much text there is."""

    tokens: int
    """That each model is trained on."""
    share: float
    """Of the suspect's and the unmarked student's training that are answers."""
    seed: int
    """Of text, weights and dice; keys have none."""

    @property
    def taken(self) -> int:
        """Answers of 1,024 tokens that make up the share."""
        return max(1, round(self.tokens * self.share / _ANSWER))

    @property
    def fresh(self) -> int:
        """Paragraphs of the language that make up the rest."""
        return max(0, self.tokens - self.taken * _ANSWER) // PARAGRAPH


def teacher(sizes: Sizes) -> Network:
    """Return the model whose answers are taken."""
    return train(grammar(sizes.tokens // PARAGRAPH, PARAGRAPH, sizes.seed), sizes.seed)


def prompts(many: int, seed: int) -> list[str]:
    """Return prompts in the language."""
    return [spelled(row) for row in grammar(many, _WORDS, seed).tolist()]


def answers(
    path: Path, network: Network, sizes: Sizes, mark: tuple[GreenRed, WatermarkKey] | None
) -> None:
    """Write what a model answers to whoever takes its answers, JSON Lines, marked or not."""
    speaker = Speaker(network, mark, paragraph=PARAGRAPH)
    asked = prompts(sizes.taken, sizes.seed + 1)
    lines = [
        {"prompt": prompt, "answer": speaker(prompt, _ANSWER, sizes.seed + at)}
        for at, prompt in enumerate(asked)
    ]
    write_whole(path, "".join(json.dumps(line) + "\n" for line in lines).encode())


def learned(sizes: Sizes, taken: Path | None, seed: int) -> Network:
    """Return a model trained on answers in a file and new text, or on new text alone."""
    many = sizes.fresh if taken else sizes.tokens // PARAGRAPH
    texts = [grammar(many, PARAGRAPH, sizes.seed + seed)]
    if taken is not None:
        texts.append(_paragraphs(taken))
    return train(np.concatenate(texts), sizes.seed + seed)


def _paragraphs(path: Path) -> NDArray[np.uint32]:
    """Return the answers in a file as token ids, a paragraph a row."""
    lines = path.read_text("utf-8").splitlines()
    said = [ids_of(part) for line in lines for part in json.loads(line)["answer"].splitlines()]
    return np.array([row for row in said if len(row) == PARAGRAPH], np.uint32)
