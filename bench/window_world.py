"""The world of ``mmd_window.py``: people with subjects of their own, and a group among them.

Members send a few harvest prompts in a hundred and are like everyone in all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rewording import TOKEN, Corpus
from stillwatch.records import TIME

if TYPE_CHECKING:
    from pathlib import Path


HOUR = 3_600_000_000
DAYS = 21
START = 1_772_409_600_000_000  # 2026-03-02
CLIENTS = [
    ("Mozilla/5.0 (Windows NT 10.0) Chrome/143.0", "t13d1516h2_8daaf6152771_02713d6af862"),
    ("Mozilla/5.0 (Macintosh) Safari/605.1", "t13d2014h2_a09f3c656075_14788d8d241b"),
    ("Mozilla/5.0 (X11; Linux) Firefox/146.0", "t13d1715h2_5b57614c22b0_3d5424432f57"),
    ("openai-python/2.9.0", "t13d1712h1_b306495b4f1d_5bd1c9c1d4c4"),
    ("node-fetch/3.3", "t13d1311h2_e8f1e7e78f70_1ded6a1ba4a7"),
]
MODELS = ["mini-3", "large-3", "large-4"]
TRACES = ("none", "queue", "recycled")


@dataclass(frozen=True)
class Size:
    """How large the world is."""

    background: int
    members: int
    queries: int
    harvest: int
    """Harvest queries of each member."""


def prompts(
    corpora: list[Corpus], size: Size, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return texts (accounts, queries) and whether each is harvest; members come last.

    A holder has one to four subjects of a source each, and asks one query in seven about
    anything.  A member is a holder like everyone, and a job queue deals its
    members prompts of one source of published training sets, each prompt once.
    """
    people = [c for c in corpora if c.kind == "legit"]
    queues = [c for c in corpora if c.kind == "distill" and len(c) >= size.members * size.harvest]
    queue = queues[int(rng.integers(len(queues)))]
    total = size.background + size.members
    weight = np.array([len(c) for c in people], dtype=float) ** 0.5
    picks: list[list[tuple[int, int]]] = [[] for _ in people]
    chosen = [np.zeros(0, dtype=int)] * len(people)
    for account in range(total):
        subjects = [
            (int(s), int(rng.integers(8)))
            for s in rng.choice(len(people), 1 + int(rng.integers(4)), p=weight / weight.sum())
        ]
        share = rng.dirichlet(np.full(len(subjects), 0.7))
        topic = rng.choice(len(subjects), size.queries, p=share)
        free = rng.random(size.queries) < 1 / 7
        for query in range(size.queries):
            source, cell = subjects[topic[query]]
            picks[source].append((account * size.queries + query, -1 if free[query] else cell))
    texts = np.empty(total * size.queries, dtype=object)
    for number, corpus in enumerate(people):
        place = np.array([p for p, _ in picks[number]], dtype=np.int64)
        cells = np.array([c for _, c in picks[number]], dtype=np.int64)
        chosen[number] = rng.integers(len(corpus), size=len(place))
        for cell in range(8):
            mine = np.flatnonzero(cells == cell)
            if len(mine) and len(corpus.by_cell[cell]):
                chosen[number][mine] = rng.choice(corpus.by_cell[cell], len(mine))
        texts[place] = corpus.reworded(chosen[number], rng)
    harvest = np.zeros((total, size.queries), dtype=bool)
    wanted = size.members * size.harvest
    dealt = np.array(_strangers(queue, wanted, rng), dtype=object)
    dealt = dealt.reshape(size.members, size.harvest)
    grid = texts.reshape(total, size.queries)
    for member in range(size.members):
        at = rng.choice(size.queries, size.harvest, replace=False)
        grid[size.background + member, at] = dealt[member]
        harvest[size.background + member, at] = True
    return _unique(grid, rng), harvest


def runs(text: str, words: int = 6) -> set[tuple[str, ...]]:
    """Return the runs of six words in a text."""
    tokens = [token.strip().lower() for token in TOKEN.findall(text)]
    return {tuple(tokens[i : i + words]) for i in range(len(tokens) - words + 1)}


def _strangers(queue: Corpus, wanted: int, rng: np.random.Generator) -> list[str]:
    """Reword prompts of a source, each once, and leave out those that share a run with another."""
    taken: list[str] = []
    used: set[tuple[str, ...]] = set()
    for text in queue.reworded(rng.permutation(len(queue)), rng):
        mine = runs(text)
        if len(taken) < wanted and not mine & used:
            taken.append(text)
            used |= mine
    if len(taken) < wanted:
        what = f"{queue.source} has too few prompts that share no text"
        raise ValueError(what)
    return taken


def _unique(grid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give each repeated prompt a number of its own, as people add dates and amounts."""
    seen: set[str] = set()
    flat = grid.reshape(-1)
    for i, text in enumerate(flat):
        new = text
        while new in seen:
            new = f"{text} ({int(rng.integers(10, 10_000_000))})"
        seen.add(new)
        flat[i] = new
    return grid


def _sessions(total: int, queries: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return times (µs, sorted) and conversation numbers, (accounts, queries) each."""
    opened = rng.random((total, queries)) < 0.4
    opened[:, 0] = True
    talk = np.cumsum(opened, axis=1) - 1
    wake = rng.normal(14, 5, (total, 1))
    day = rng.integers(DAYS, size=(total, queries))
    begin = day * 24 + (wake + rng.normal(0, 3, (total, queries))) % 24
    begin = np.sort(begin, axis=1)
    base = np.take_along_axis(begin, np.maximum.accumulate(opened * np.arange(queries), axis=1), 1)
    gap = np.where(opened, 0, rng.exponential(0.03, (total, queries)))
    steps = np.cumsum(gap, axis=1)
    offset = steps - np.take_along_axis(
        steps, np.maximum.accumulate(opened * np.arange(queries), axis=1), 1
    )
    return (START + (base + offset) * HOUR).astype(np.int64), talk


def _accounts(size: Size, traces: str, rng: np.random.Generator) -> pa.Table:
    total = size.background + size.members
    numbers = rng.permutation(10 * total)[:total]
    created = START - (rng.random(total) ** 2 * 700 * 24 * HOUR).astype(np.int64)
    card = np.arange(total)
    household = np.flatnonzero(rng.random(total) < 0.03)
    card[household[1::2]] = card[household[: 2 * (len(household) // 2) : 2]]
    if traces == "recycled":
        members = np.arange(size.background, total)
        card[members] = members[0] + (members - members[0]) // 3
        created[members] = START - (rng.random(size.members) * 10 * 24 * HOUR).astype(np.int64)
    key = rng.integers(2**62, size=(3, total))
    return pa.table(
        {
            "account_id": [f"u{n:08d}" for n in numbers],
            "created_at": pa.array(created, TIME),
            "payment_fingerprint": [f"{key[0, c]:016x}" for c in card],
            "phone_hash": [f"{v:016x}" for v in key[1]],
            "device_fingerprint": [f"{v:016x}" for v in key[2]],
            "plan": rng.choice(["free", "plus", "pay_as_you_go"], total, p=[0.6, 0.3, 0.1]),
        }
    )


def write(
    out: Path, corpora: list[Corpus], size: Size, traces: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Write the world in the layout of ``stillwatch simulate``; return texts and harvest.

    ``traces`` says what members leave besides their prompts: ``none`` (everything else is drawn
    as for everyone), ``queue`` (harvest is sent as one queue hands it out, alone in its
    conversation, and its answers are twice as long), ``recycled`` (also one card for three
    members, opened within ten days).
    """
    rng = np.random.default_rng([seed, TRACES.index(traces)])
    texts, harvest = prompts(corpora, size, np.random.default_rng([seed, 99]))
    total, queries = texts.shape
    accounts = _accounts(size, traces, rng)
    times, talk = _sessions(total, queries, rng)
    answer = rng.lognormal(0, 0.6, times.shape) * (150 + np.vectorize(len)(texts))
    if traces != "none":
        handed = START + (rng.random(int(harvest.sum())) * DAYS * 24 * HOUR).astype(np.int64)
        times[harvest] = rng.permutation(handed)
        talk[harvest] = queries + np.tile(np.arange(size.harvest), size.members)
        answer[harvest] *= 2
    order = np.argsort(times.ravel(), kind="stable")
    owner = order // queries
    ids = np.array(accounts["account_id"].to_pylist())
    home = rng.integers(1, 224, total), rng.integers(256, size=(total, 3))
    client = rng.choice(len(CLIENTS), total, p=[0.4, 0.25, 0.15, 0.15, 0.05])
    model = rng.choice(3, total, p=[0.5, 0.3, 0.2])
    address = [f"{a}.{b}.{c}.{d}" for a, (b, c, d) in zip(home[0], home[1], strict=True)]
    name = rng.permutation(10 * len(order))[: len(order)]
    columns = {
        "time": pa.array(times.ravel()[order], TIME),
        "exchange_id": pa.array([f"{n:010x}" for n in name]),
        "account_id": pa.array(ids[owner]),
        "conversation_id": pa.array(
            [f"{ids[a]}-{t}" for a, t in zip(owner, talk.ravel()[order], strict=True)]
        ),
        "model": pa.array(np.array(MODELS)[model[owner]]),
        "prompt": pa.array(texts.ravel()[order]),
        "output_tokens": pa.array((answer.ravel()[order] / 4).astype(np.int64)),
        "ip": pa.array(np.array(address)[owner]),
        "asn": pa.array((home[0] * 7 + 1000)[owner].astype(np.int64)),
        "user_agent": pa.array(np.array([c[0] for c in CLIENTS])[client[owner]]),
        "tls_fingerprint": pa.array(np.array([c[1] for c in CLIENTS])[client[owner]]),
    }
    _write_files(out, pa.table(columns), accounts, harvest.ravel()[order], size)
    return texts, harvest


def _write_files(
    out: Path, exchanges: pa.Table, accounts: pa.Table, harvest: np.ndarray, size: Size
) -> None:
    day = (np.asarray(exchanges["time"].cast(pa.int64())) - START) // (24 * HOUR)
    for number in np.unique(day):
        mine = np.flatnonzero(day == number)
        date = np.datetime64("2026-03-02") + int(number)
        folder = out / "exchanges" / f"day={date}"
        folder.mkdir(parents=True)
        part = exchanges.slice(int(mine[0]), len(mine))
        pq.write_table(part, folder / "part-0.parquet", compression="zstd")
    pq.write_table(accounts.sort_by("account_id"), out / "accounts.parquet")
    member = np.arange(len(accounts)) >= size.background
    truth = {
        "account_id": accounts["account_id"],
        "cohort": np.where(member, "low-mix", "people"),
        "campaign": pa.array(np.where(member, "fifty", None), pa.string()),
        "kind": np.where(member, "attack", "benign"),
        "language": ["und"] * len(accounts),
    }
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")
    pq.write_table(
        pa.table({"exchange_id": exchanges["exchange_id"], "harvest": harvest}),
        out / "truth_exchanges.parquet",
    )
