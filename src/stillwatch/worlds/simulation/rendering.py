"""Rows without text → exchanges with text, tokens and identifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.records import EXCHANGE, TIME
from stillwatch.worlds.simulation.columns import KINDS, LANGUAGES, Floats, Ints
from stillwatch.worlds.simulation.identifiers import addresses, hexadecimal
from stillwatch.worlds.simulation.lengthening import NOISE, lengthening
from stillwatch.worlds.simulation.network import mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.worlds.simulation.context import Context
    from stillwatch.worlds.simulation.register import Register
    from stillwatch.worlds.simulation.spill import Rows

__all__ = ["EXCHANGE_SCHEMA", "Renderer"]

EXCHANGE_SCHEMA = pa.schema(
    [pa.field(f.name, f.type) for f in EXCHANGE if f.name not in ("response", "messages")],
)
"""Columns of a simulated exchange log."""

_ANSWERS = {
    "chat": 260, "code": 420, "support": 130, "translation": 60, "eval": 190, "tools": 90,
    "creative": 560, "reasoning": 480, "assignment": 330, "instruct": 300, "review": 620,
    "testdata": 700, "redteam": 210, "document": 300, "topic": 520,
}  # fmt: skip
"""Usual length of an answer, tokens."""
_BASE = np.array([_ANSWERS[kind] for kind in KINDS], dtype=float)
_DENSE = ("zh", "ja", "ko", "th")


@dataclass(slots=True)
class _Tokens:
    """Token counts of some rows."""

    asked: Ints
    answered: Ints
    capped: NDArray[np.bool_]


class Renderer:
    """Renders rows of one world.

    Args:
        context: the world, whose wrappers, system prompts and clients the rows refer to.
        register: knows the accounts.
        key: secret of the world, under which ids are random.
    """

    def __init__(self, context: Context, register: Register, key: int) -> None:
        self._context = context
        self._register = register
        self._key = key
        clients = context.clients.clients
        self._agents = pa.array([c.agent for c in clients], pa.string())
        self._tls = pa.array([c.tls for c in clients], pa.string())
        self._app = np.array([c.channel == "app" for c in clients])
        self._access = register.access()
        self._systems = pa.array([*context.systems, None], pa.string())
        self._longer = np.ones(len(context.systems) + 1)
        for number, (name, style) in context.system_asks.items():
            self._longer[number] = lengthening(name, np.array([style]))[0]
        self._models = pa.array(context.models, pa.string())

    def exchanges(self, rows: Rows, first: int) -> pa.Table:
        """Return the exchanges of rows, in their order.

        Args:
            rows: rows of one world.
            first: running number of the first row.
        """
        rng = np.random.default_rng([self._key, first])
        prompt = pa.array(self._prompts(rows), pa.string())
        system = self._systems.take(pa.array(rows["system"] % len(self._systems)))
        tokens = _tokens(rng, rows, prompt, system, self._lengths(rng, rows))
        access = self._access[rows["account"]]
        market = (access & 2) > 0
        hidden = market & (mixed(rows["account"], self._key ^ 3) % np.uint64(2) == 0)
        by_hand = self._app[rows["client"]]
        absent = rng.random(len(rows)) < 0.004
        columns = {
            "time": pa.array(rows["time"], TIME),
            "exchange_id": self.exchange_ids(first, len(rows)),
            "account_id": self._register.account_ids(rows["account"]),
            "conversation_id": self._within(rows, "conversation", "conv_", (access & 4) == 0),
            "model": self._models.take(pa.array(rows["model"])),
            "prompt": prompt,
            "system_prompt": system,
            "input_tokens": pa.array(tokens.asked),
            "output_tokens": pa.array(tokens.answered),
            "max_tokens": _number(rows["max_tokens"].astype(np.int64), rows["max_tokens"] < 0),
            "temperature": _number(
                np.round(rows["temperature"].astype(float), 3),
                np.isnan(rows["temperature"]),
            ),
            "ip": addresses(rows["ip"], hidden | absent),
            "asn": _number(rows["asn"].astype(np.int64), hidden | absent),
            "user_agent": _text(self._agents.take(pa.array(rows["client"])), hidden | absent),
            "tls_fingerprint": _text(self._tls.take(pa.array(rows["client"])), market | absent),
            "end_user_id": self._within(rows, "end_user", "eu_", None),
            "api_key_id": self._within(rows, "key", "key_", by_hand),
            "channel": _channel(by_hand, market),
            "finish_reason": _endings(rng, rows, tokens),
        }
        ordered = [columns[name] for name in EXCHANGE_SCHEMA.names]
        return pa.Table.from_arrays(ordered, schema=EXCHANGE_SCHEMA)

    def _lengths(self, rng: np.random.Generator, rows: Rows) -> Floats:
        """Return how much longer each answer is for the form that is asked for."""
        factor = self._longer[rows["system"]]
        wrapped = np.flatnonzero(rows["wrapper"] >= 0)
        for part in _groups(rows["wrapper"][wrapped]):
            at = wrapped[part]
            asked = self._context.asks.get(int(rows["wrapper"][at[0]]))
            if asked is not None:
                style = rows["wrap_seed"][at] if asked[1] is None else np.full(len(at), asked[1])
                factor[at] = np.maximum(factor[at], lengthening(asked[0], style))
        noise = np.exp(NOISE * rng.standard_normal(len(rows)))
        return np.asarray(np.where(factor > 1, factor * noise, 1.0))

    def exchange_ids(self, first: int, n: int) -> pa.Array:
        """Return the ids of exchanges by running number."""
        return hexadecimal("ex_", mixed(np.arange(first, first + n), self._key ^ 1))

    def _within(
        self,
        rows: Rows,
        name: str,
        prefix: str,
        absent: NDArray[np.bool_] | None,
    ) -> pa.Array:
        """Return ids of something that an account numbers for itself."""
        number = rows[name].astype(np.int64)
        both = (rows["account"].astype(np.uint64) << np.uint64(32)) | number.astype(np.uint64)
        missing = number < 0 if absent is None else (number < 0) | absent
        salt = self._key ^ int.from_bytes(prefix.encode()[:4], "little")
        return hexadecimal(prefix, mixed(both, salt), missing)

    def _prompts(self, rows: Rows) -> list[str]:
        """Return the text of each row: its body, then its wrapper around it."""
        prompts = np.empty(len(rows), dtype=object)
        source = self._context.text
        harvest = (rows["pool"] == 1) & (rows["turn"] == 0)
        for at in _groups(harvest.astype(np.int64), rows["kind"], rows["lang"]):
            one = rows[at[0]]
            kind, lang = KINDS[one["kind"]], LANGUAGES[one["lang"]]
            subject = rows["subject"][at].astype(np.int64)
            seed = rows["seed"][at]
            if harvest[at[0]]:
                prompts[at] = source.harvest(kind, lang, subject, seed)
            else:
                turn = rows["turn"][at].astype(np.int64)
                prompts[at] = source.bodies(kind, lang, subject, seed, turn)
        wrapped = np.flatnonzero(rows["wrapper"] >= 0)
        for part in _groups(rows["wrapper"][wrapped], rows["lang"][wrapped]):
            at = wrapped[part]
            wrap = self._context.wrappers[rows["wrapper"][at[0]]]
            lang = LANGUAGES[rows["lang"][at[0]]]
            prompts[at] = wrap(list(prompts[at]), rows["wrap_seed"][at], lang)
        return list(prompts)


def _groups(*keys: NDArray[np.generic]) -> list[Ints]:
    """Return the positions of each combination of keys that occurs."""
    if not len(keys[0]):
        return []
    joined = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        joined = joined * 65536 + key.astype(np.int64)
    order = np.argsort(joined, kind="stable")
    cuts = np.flatnonzero(np.diff(joined[order])) + 1
    return np.split(order, cuts)


def _tokens(
    rng: np.random.Generator, rows: Rows, prompt: pa.Array, system: pa.Array, longer: Floats
) -> _Tokens:
    """Return token counts: an answer's length follows the prompt's kind and length."""
    n = len(rows)
    letters = pc.utf8_length(prompt).to_numpy(zero_copy_only=False).astype(float)
    before = pc.fill_null(pc.utf8_length(system), 0).to_numpy(zero_copy_only=False)
    dense = np.isin(rows["lang"], [LANGUAGES.index(code) for code in _DENSE])
    per = np.where(dense, 1.3, 3.9) * rng.normal(1, 0.06, n).clip(0.7, 1.3)
    own = letters / per
    turn = np.minimum(rows["turn"], 30)
    asked = own + before / 3.9 + turn * rng.uniform(120, 420, n) + 7
    usual: Floats = _BASE[rows["kind"]] * (np.maximum(own, 4) / 60) ** 0.28
    translates = rows["kind"] == KINDS.index("translation")
    usual = np.where(translates, own * 1.1, usual)
    usual *= np.where(rows["turn"] > 0, 0.75, 1.0) * np.where(rows["model"] == 2, 1.12, 1.0)
    wanted = usual * longer * rows["answer"] * np.exp(0.55 * rng.standard_normal(n))
    answered = np.clip(np.rint(wanted), 1, 32_000).astype(np.int64)
    cap = rows["max_tokens"]
    capped = (cap > 0) & (answered >= cap)
    return _Tokens(
        np.maximum(1, np.rint(asked)).astype(np.int64),
        np.where(capped, cap, answered),
        capped,
    )


def _endings(rng: np.random.Generator, rows: Rows, tokens: _Tokens) -> pa.Array:
    """Return why each answer ended."""
    tools = (rows["kind"] == KINDS.index("tools")) & (rng.random(len(rows)) < 0.7)
    number = np.where(tokens.capped, 1, np.where(tools, 2, 0))
    number = np.where(rng.random(len(rows)) < 0.003, 3, number)
    words = pa.array(["stop", "length", "tool_calls", "content_filter"], pa.string())
    return words.take(pa.array(number))


def _channel(by_hand: NDArray[np.bool_], market: NDArray[np.bool_]) -> pa.Array:
    words = pa.array(["direct", "cloud_marketplace", "app"], pa.string())
    return words.take(pa.array(np.where(by_hand, 2, np.where(market, 1, 0))))


def _text(values: pa.Array, absent: NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(absent), pa.scalar(None, pa.string()), values)


def _number(values: NDArray[np.generic], absent: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=absent)
