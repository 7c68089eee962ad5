"""A neural language model in numpy: two tokens, one hidden layer, trained by Adam.

Source: Bengio et al., A neural probabilistic language model (JMLR 2003), with two tokens of
context.  Its hidden layer is narrower than its vocabulary, so that, like larger models, it cannot
learn every pair of tokens by heart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.prove.watermark import GreenRed, WatermarkKey

__all__ = ["Network", "train", "write"]


@dataclass(frozen=True, slots=True)
class Network:
    """Trained weights."""

    older: NDArray[np.float32]
    """(vocabulary, width) what the token before the last adds to the hidden layer."""
    newer: NDArray[np.float32]
    """(vocabulary, width) what the last token adds."""
    out: NDArray[np.float32]
    """(width, vocabulary)."""
    bias: NDArray[np.float32]
    """(vocabulary,)."""

    def logits(self, older: NDArray[np.uint32], newer: NDArray[np.uint32]) -> NDArray[np.float32]:
        """Return the next token's logits after two tokens, (n, vocabulary)."""
        hidden = np.tanh(self.older[older] + self.newer[newer])
        found: NDArray[np.float32] = hidden @ self.out + self.bias
        return found

    def loss(self, texts: NDArray[np.uint32]) -> float:
        """Return nats a token on (sequences, length) texts."""
        older, newer, after = _triples(texts)
        scores = self.logits(older, newer)
        scores -= scores.max(axis=1, keepdims=True)
        picked = scores[np.arange(after.size), after]
        return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - picked))


def train(
    texts: NDArray[np.uint32],
    seed: int,
    *,
    vocabulary: int = 128,
    width: int = 48,
    passes: int = 1,
    batch: int = 1024,
    rate: float = 0.02,
) -> Network:
    """Return a network trained on texts of (sequences, length) from its own random start.

    Args:
        texts: token ids.
        seed: of weights and order.
        vocabulary: tokens.
        width: of the hidden layer.
        passes: over the texts.
        batch: tokens a step.
        rate: Adam's, falling to 0 along a line.
    """
    rng = np.random.default_rng(seed)
    shapes = [(vocabulary, width), (vocabulary, width), (width, vocabulary), (vocabulary,)]
    parts = [rng.normal(0, 0.3, shape).astype(np.float32) for shape in shapes]
    parts[3][:] = 0
    first = [np.zeros_like(part) for part in parts]
    second = [np.zeros_like(part) for part in parts]
    older, newer, after = _triples(texts)
    steps, step = passes * (after.size // batch), 0
    for _ in range(passes):
        order = rng.permutation(after.size)
        for begin in range(0, after.size - batch + 1, batch):
            at = order[begin : begin + batch]
            step += 1
            slopes = _slopes(parts, older[at], newer[at], after[at])
            now = rate * (1 - (step - 1) / steps)
            for i, slope in enumerate(slopes):
                first[i] += 0.1 * (slope - first[i])
                second[i] += 0.01 * (slope * slope - second[i])
                spread = np.sqrt(second[i] / np.float32(1 - 0.99**step)) + np.float32(1e-8)
                parts[i] -= np.float32(now / (1 - 0.9**step)) * first[i] / spread
    return Network(*parts)


def write(
    network: Network,
    sequences: int,
    length: int,
    seed: int | None,
    *,
    mark: tuple[GreenRed, WatermarkKey] | None = None,
    begin: NDArray[np.uint32] | None = None,
) -> NDArray[np.uint32]:
    """Return texts that a network writes, marked or not, (sequences, length) token ids.

    The first two tokens of each text stand for its prompt.

    Args:
        network: who writes.
        sequences: texts.
        length: tokens of each.
        seed: of prompts and dice; None for others each time.
        mark: scheme with a context of one, and the key.
        begin: (sequences, 2) the first two tokens; drawn at random where they are not given.
    """
    rng = np.random.default_rng(seed)
    vocabulary = network.bias.size
    raised = None
    if mark is not None:
        scheme, key = mark
        rows = [scheme.row(key, [token], vocabulary) for token in range(vocabulary)]
        raised = np.float32(scheme.delta) * np.stack(rows).astype(np.float32)
    out = np.empty((sequences, length), np.uint32)
    out[:, :2] = rng.integers(0, vocabulary, (sequences, 2)) if begin is None else begin
    for at in range(2, length):
        scores = network.logits(out[:, at - 2], out[:, at - 1])
        if raised is not None:
            scores += raised[out[:, at - 1]]
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores, out=scores).cumsum(axis=1)
        drawn = rng.random(sequences, np.float32) * chances[:, -1]
        out[:, at] = np.minimum((chances <= drawn[:, None]).sum(axis=1), vocabulary - 1)
    return out


def _triples(
    texts: NDArray[np.uint32],
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    return texts[:, :-2].ravel(), texts[:, 1:-1].ravel(), texts[:, 2:].ravel()


def _slopes(
    parts: list[NDArray[np.float32]],
    older: NDArray[np.uint32],
    newer: NDArray[np.uint32],
    after: NDArray[np.uint32],
) -> list[NDArray[np.float32]]:
    """Return the gradient of the mean loss over a batch, a part of the network each."""
    hidden = np.tanh(parts[0][older] + parts[1][newer])
    scores = hidden @ parts[2] + parts[3]
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[np.arange(after.size), after] -= 1
    scores /= after.size
    back = (scores @ parts[2].T) * (1 - hidden * hidden)
    into = []
    for tokens in (older, newer):
        # One product a batch: summing rows by token in numpy would take longer than the network.
        single = np.zeros((parts[0].shape[0], tokens.size), np.float32)
        single[tokens, np.arange(tokens.size)] = 1
        into.append(single @ back)
    return [*into, hidden.T @ scores, scores.sum(axis=0)]
