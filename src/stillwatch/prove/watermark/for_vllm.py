"""A logits processor for vLLM 0.33, one cohort's key a request.

Written against the interface of its second model runner, ``vllm.v1.worker.gpu.sample
.logits_processor``, and named on the command line; no entry point is registered:

    vllm serve MODEL --logits-processors \
        stillwatch.prove.watermark.for_vllm:CohortProcessor

``STILLWATCH_WATERMARK_KEYS`` names a folder of issued keys, ``*.key``.  A request names its cohort
in ``extra_args`` (``vllm_xargs`` in the HTTP APIs), which the gateway sets and a client must not;
``STILLWATCH_WATERMARK_DEFAULT`` names the cohort of requests that name none, which else stay
unmarked.

With speculative decoding vLLM verifies drafts against the logits that come from here, row by row,
so the text is marked as without drafts; fewer drafts are accepted, since the draft model does not
mark.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor

from stillwatch.errors import ConfigurationError, StillwatchError
from stillwatch.prove.watermark.green_red import GreenRed
from stillwatch.prove.watermark.issued import IssuedKey, read_issued

if TYPE_CHECKING:
    import torch

__all__ = ["COHORT", "CohortProcessor"]

COHORT = "stillwatch_cohort"
"""The request's extra argument that names its cohort."""

_FOLDER = "STILLWATCH_WATERMARK_KEYS"
_DEFAULT = "STILLWATCH_WATERMARK_DEFAULT"


class CohortProcessor(LogitsProcessor):  # type: ignore[misc] # vLLM is not installed for checks
    """Adds δ to the green tokens of each request under its cohort's key.

    Raises:
        StillwatchError: the keys cannot be read, or do not share a scheme.
    """

    def __init__(self, vllm_config: Any, req_states: Any) -> None:  # noqa: ANN401 - vLLM's own
        import torch  # noqa: PLC0415 - vLLM's front end imports this module and wants no torch

        del vllm_config
        self._scheme = _scheme(_keys())
        self._states = req_states
        slots = req_states.max_num_reqs
        self._marked = np.zeros(slots, bool)
        self._words = np.zeros((slots, 2), np.uint64)
        self._staged = True
        self._device_words = torch.zeros(slots, 2, dtype=torch.int64, device=req_states.device)
        self._device_delta = torch.zeros(slots, dtype=torch.float32, device=req_states.device)

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:  # noqa: ANN401 - vLLM's own
        """Refuse a request of a cohort that has no key.

        Raises:
            ValueError: as vLLM wants it, so that the request fails and not the engine.
        """
        try:
            keys = _keys()
            _scheme(keys)
            _cohort(sampling_params, keys)
        except StillwatchError as error:
            raise ValueError(str(error)) from error

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:  # noqa: ANN401 - as above
        """Take a request's key into its slot; whoever had the slot before leaves nothing."""
        keys = _keys()
        cohort = _cohort(sampling_params, keys)
        self._marked[req_idx] = cohort is not None
        self._words[req_idx] = 0
        if cohort is not None:
            self._words[req_idx] = self._scheme.words(keys[cohort].key)
        self._staged = True
        return cohort is not None

    def apply_staged_writes(self) -> None:
        """Copy what changed to the device, once a step."""
        import torch  # noqa: PLC0415 - as in __init__

        if self._staged:
            self._device_words.copy_(torch.from_numpy(self._words.view(np.int64)))
            delta = self._marked * np.float32(self._scheme.delta)
            self._device_delta.copy_(torch.from_numpy(delta.astype(np.float32)))
            self._staged = False

    def apply(self, logits: torch.Tensor, ctx: Any) -> torch.Tensor:  # noqa: ANN401 - vLLM's own
        """Add δ in place to (rows, vocabulary); rows of unmarked requests get nothing."""
        if not self._marked[ctx.idx_mapping_np].any():
            return logits
        from stillwatch.prove.watermark.torch_prf import raised  # noqa: PLC0415 - as in __init__

        slots = ctx.expanded_idx_mapping.long()
        contexts = self._contexts(ctx, slots)
        whole = ctx.pos.long() + 1 >= self._scheme.context
        delta = self._device_delta[slots] * whole
        return raised(logits, self._device_words[slots], contexts, delta, self._scheme)

    def _contexts(self, ctx: Any, slots: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - as above
        """Return the (rows, h) tokens before the one that each row draws, oldest first.

        This step's own tokens, drafts among them, stand in the rows above of the same request; what
        came earlier is committed.
        """
        import torch  # noqa: PLC0415 - as in __init__

        row = torch.arange(slots.numel(), device=slots.device)
        back = torch.arange(self._scheme.context - 1, -1, -1, device=slots.device)
        in_step = back <= ctx.expanded_local_pos.long()[:, None]
        at_row = (row[:, None] - back).clamp_min(0)
        at_place = (ctx.pos.long()[:, None] - back).clamp_min(0)
        committed = self._states.all_token_ids.gpu[slots[:, None], at_place].long()
        return torch.where(in_step, ctx.input_ids.long()[at_row], committed)


def _keys() -> dict[str, IssuedKey]:
    folder = os.environ.get(_FOLDER)
    if not folder or not Path(folder).is_dir():
        raise ConfigurationError(
            f"{_FOLDER} names no folder",
            where=str(folder),
            todo="name the folder that `stillwatch watermark keys issue` wrote to",
        )
    return _read(folder, Path(folder).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(folder: str, changed: int) -> dict[str, IssuedKey]:
    """Return the keys, read again when one came or went: a campaign's key needs no restart."""
    del changed
    return read_issued(Path(folder))


def _scheme(keys: dict[str, IssuedKey]) -> GreenRed:
    schemes = {issued.scheme for issued in keys.values()}
    scheme = next(iter(schemes), None)
    if len(schemes) != 1 or not isinstance(scheme, GreenRed):
        raise ConfigurationError(
            "the keys of an engine are not all of one green-red scheme",
            where=os.environ.get(_FOLDER, ""),
            todo="commit them with one context, gamma and delta; gumbel needs a sampler of its own",
        )
    return scheme


def _cohort(sampling_params: Any, keys: dict[str, IssuedKey]) -> str | None:  # noqa: ANN401
    extra = sampling_params.extra_args or {}
    cohort = extra.get(COHORT, os.environ.get(_DEFAULT))
    if cohort is None:
        return None
    if not isinstance(cohort, str) or cohort not in keys:
        raise ConfigurationError(
            "no key was issued for this request's cohort", todo="issue it into the folder"
        )
    return cohort
