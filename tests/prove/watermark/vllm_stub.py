"""A stub of the part of vLLM 0.33 that drives a logits processor; vLLM itself cannot run here.

It has the names, fields and call order of ``vllm/v1/worker/gpu/sample/logits_processor`` and of the
sampler and rejection sampler that call it: parameters are validated at admission, a request gets a
slot that another had before, staged writes are flushed, then ``apply`` gets one row a request, or
one a draft token and one more, in an order that changes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import numpy as np
import torch

PACKAGE = "vllm.v1.worker.gpu.sample.logits_processor"


class LogitsProcessor:
    """The base class."""

    def __init__(self, vllm_config, req_states):
        pass


@dataclass(frozen=True)
class LogitsProcRequestState:
    device: torch.device
    max_num_reqs: int
    vocab_size: int
    all_token_ids: object
    prompt_len: object
    prefill_len: object
    total_len: object


@dataclass(frozen=True)
class LogitsContext:
    expanded_idx_mapping: torch.Tensor
    idx_mapping: torch.Tensor
    idx_mapping_np: np.ndarray
    expanded_local_pos: torch.Tensor
    input_ids: torch.Tensor
    pos: torch.Tensor
    seq_lens_upper_bound_np: np.ndarray


def install(monkeypatch):
    """Make ``import vllm…logits_processor`` find the stub."""
    parts = PACKAGE.split(".")
    for at in range(1, len(parts) + 1):
        module = ModuleType(".".join(parts[:at]))
        module.__path__ = []
        monkeypatch.setitem(sys.modules, module.__name__, module)
    sys.modules[PACKAGE].LogitsProcessor = LogitsProcessor


class Engine:
    """A runner of a model whose logits are a table by the last token."""

    def __init__(self, processor, table, slots=4, longest=400):
        self.table = table
        self.rng = np.random.default_rng(6)
        self.all_token_ids = torch.zeros(slots, longest, dtype=torch.int32)
        self.total = np.zeros(slots, np.int64)
        held = SimpleNamespace(gpu=self.all_token_ids)
        self.processor_type = processor
        self.processor = processor(
            SimpleNamespace(),
            LogitsProcRequestState(
                torch.device("cpu"), slots, table.shape[1], held, None, None, None
            ),
        )
        self.declined = {}

    def admit(self, slot, prompt, extra):
        params = SimpleNamespace(extra_args=extra)
        self.processor_type.validate_params(params)
        self.all_token_ids[slot] = -1  # what the slot held before is no token
        self.all_token_ids[slot, : len(prompt)] = torch.tensor(prompt, dtype=torch.int32)
        self.total[slot] = len(prompt)
        self.declined[slot] = not self.processor.add_request(slot, params)

    def step(self, slots, drafts=0):
        """Draw for requests in the given order, each with so many draft tokens to verify."""
        self.processor.apply_staged_writes()
        rows, tokens, pos, local, drafted = [], [], [], [], {}
        for slot in slots:
            last = int(self.total[slot]) - 1
            fed = [int(self.all_token_ids[slot, last])]
            for _ in range(drafts):
                fed.append(self._drawn(self.table[fed[-1]]))
            drafted[slot] = fed[1:]
            for at, token in enumerate(fed):
                rows.append(slot)
                tokens.append(token)
                pos.append(last + at)
                local.append(at)
        logits = self.table[torch.tensor(tokens)].clone()
        order = torch.tensor(slots, dtype=torch.int32)
        context = LogitsContext(
            torch.tensor(rows, dtype=torch.int32),
            order,
            order.numpy(),
            torch.tensor(local, dtype=torch.int32),
            torch.tensor(tokens, dtype=torch.int32),
            torch.tensor(pos, dtype=torch.int64),
            self.total[list(slots)],
        )
        applied = self.processor.apply(logits, context)
        for at, slot in enumerate(slots):
            first = at * (drafts + 1)
            self._verify(slot, applied[first : first + drafts + 1], drafted[slot])
        return applied

    def _verify(self, slot, logits, drafts):
        """Accept drafts by rejection sampling against the processed logits, then draw one more."""
        for row, draft in enumerate(drafts):
            p = torch.softmax(logits[row], -1)
            before = int(self.all_token_ids[slot, self.total[slot] - 1])
            q = torch.softmax(self.table[before], -1)
            if self.rng.random() * float(q[draft]) > float(p[draft]):
                rest = (p - q).clamp_min(0)
                self._commit(slot, self._chosen(rest / rest.sum()))
                return
            self._commit(slot, draft)
        self._commit(slot, self._chosen(torch.softmax(logits[len(drafts)], -1)))

    def _commit(self, slot, token):
        self.all_token_ids[slot, self.total[slot]] = token
        self.total[slot] += 1

    def _drawn(self, logits):
        return self._chosen(torch.softmax(logits, -1))

    def _chosen(self, p):
        p = p.double().numpy()
        return int(self.rng.choice(p.size, p=p / p.sum()))

    def text(self, slot):
        return self.all_token_ids[slot, : self.total[slot]].tolist()
