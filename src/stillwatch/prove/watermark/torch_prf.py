"""The pseudorandom function in torch, for whatever device the logits are on.

torch has no unsigned 64-bit arithmetic on every device: sums of signed integers wrap to the same
bits, and what a right shift drags in from the sign is masked off.  On a CPU the compiled kernel
does the work, which needs no torch operation at all; on CUDA torch.compile fuses the operations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from stillwatch.prove.watermark.kernels import raise_green
from stillwatch.prove.watermark.prf import rounds, vocabulary_lanes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stillwatch.prove.watermark.green_red import GreenRed

__all__ = ["exponentials", "lanes_by_torch", "raised", "rows", "words_tensor"]

_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_WRAP = 1 << 64


def words_tensor(words: list[tuple[int, int]]) -> torch.Tensor:
    """Return keys of the function as (n, 2) int64 with the same bits."""
    return torch.tensor([[_signed(word) for word in pair] for pair in words], dtype=torch.int64)


def rows(words: torch.Tensor, contexts: torch.Tensor, vocabulary: int, shift: int) -> torch.Tensor:
    """Return the lanes of a whole vocabulary after each context.

    Args:
        words: (n, 2) int64, a key a row, on the device of the contexts.
        contexts: (n, h) int64 token ids, oldest first.
        vocabulary: token ids are 0 to vocabulary - 1.
        shift: log2 of the tokens that share a block.

    Returns:
        (n, vocabulary): uint8 on a CPU for narrow lanes, else int64.
    """
    if contexts.device.type != "cpu":
        fused = _fused() if contexts.device.type == "cuda" else lanes_by_torch
        return fused(words, contexts, vocabulary, shift)
    stack = _lanes_by_kernel(words, contexts, vocabulary, shift)
    return torch.from_numpy(stack if stack.dtype == np.uint8 else stack.astype(np.int64))


def raised(
    scores: torch.Tensor,
    words: torch.Tensor,
    contexts: torch.Tensor,
    delta: torch.Tensor,
    scheme: GreenRed,
) -> torch.Tensor:
    """Add each row's bias to its green tokens, in place.

    Args:
        scores: (n, vocabulary).
        words: (n, 2) int64, a key a row.
        contexts: (n, h) int64.
        delta: (n,) float32, 0 for rows that are not marked.
        scheme: context and gamma; its own delta is not used.
    """
    if scores.device.type == "cpu" and scores.dtype == torch.float32:
        held = scores.numpy()
        before = contexts.numpy().astype(np.uint32)
        for row, ((low, high), bias) in enumerate(zip(words.tolist(), delta.tolist(), strict=True)):
            if bias:
                raise_green(
                    np.uint64(low % _WRAP),
                    np.uint64(high % _WRAP),
                    before[row],
                    scheme.shift,
                    np.uint64(scheme.below),
                    np.float32(bias),
                    held[row],
                )
        return scores
    green = rows(words, contexts, scores.shape[1], scheme.shift) < scheme.below
    return scores.add_((green * delta[:, None]).to(scores.dtype))


def exponentials(
    words: torch.Tensor, contexts: torch.Tensor, vocabulary: int, shift: int
) -> torch.Tensor:
    """Return -log u of lanes of 32 bits as (n, vocabulary) float32; see `rows`.

    It is taken from 1 - u, which float32 holds well where u is near 1 and the winners are.
    """
    if contexts.device.type == "cpu":
        rest = torch.from_numpy(
            (~_lanes_by_kernel(words, contexts, vocabulary, shift)).astype("f4")
        )
    else:
        rest = ((1 << 32) - 1 - rows(words, contexts, vocabulary, shift)).float()
    return rest.mul_(2.0**-32).add_(2.0**-33).neg_().log1p_().neg_()


def lanes_by_torch(
    words: torch.Tensor, contexts: torch.Tensor, vocabulary: int, shift: int
) -> torch.Tensor:
    """Return what `rows` returns by torch operations alone, as int64."""
    n, h = contexts.shape
    block = torch.arange(-(-vocabulary >> shift), device=contexts.device).expand(n, -1)
    low, high = words[:, :1], words[:, 1:]
    state = [part ^ (high if i % 2 else low) for i, part in enumerate(_start(words))]
    length = ((4 * (h + 1)) & 0xFF) << 56
    parts = [contexts[:, i : i + 1] for i in range(h)] + [block]
    message = [parts[i] | (parts[i + 1] << 32) for i in range(0, h, 2)]
    message.append(parts[-1] | length if h % 2 == 0 else torch.full_like(block, length))
    for word in message:
        state[3] = state[3] ^ word
        state = rounds(state, 2, _rotated)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ 0xFF
    a, b, c, d = rounds(state, 4, _rotated)
    width = 64 >> shift
    lane = torch.arange(1 << shift, device=contexts.device) * width
    bits = ((a ^ b ^ c ^ d).unsqueeze(-1) >> lane) & ((1 << width) - 1)
    return bits.flatten(1)[:, :vocabulary]


def _lanes_by_kernel(
    words: torch.Tensor, contexts: torch.Tensor, vocabulary: int, shift: int
) -> NDArray[Any]:
    before = contexts.numpy().astype(np.uint32)
    found = [
        vocabulary_lanes((low % _WRAP, high % _WRAP), context, vocabulary, shift)
        for (low, high), context in zip(words.tolist(), before, strict=True)
    ]
    return found[0][None] if len(found) == 1 else np.stack(found)


def _start(words: torch.Tensor) -> list[torch.Tensor]:
    return [torch.full_like(words[:, :1], part) for part in _START]


def _rotated(x: torch.Tensor, by: int) -> torch.Tensor:
    return (x << by) | ((x >> (64 - by)) & ((1 << by) - 1))


def _signed(word: int) -> int:
    return word - _WRAP if word >> 63 else word


@lru_cache(maxsize=1)
def _fused() -> Callable[..., Any]:
    compiled: Callable[..., Any] = torch.compile(lanes_by_torch, dynamic=True)
    return compiled
