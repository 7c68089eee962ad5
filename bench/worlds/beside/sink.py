"""From drafts to tables: network, client, model, answer; then files in order of time."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from accounts import Account, Draft, identifier_rows
from clocks import DAY, SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

TIME = pa.timestamp("us", tz="UTC")
_LONG = ("step", "explain", "essay", "write", "code", "implement", "every", "detail", "all")
_SHORT = ("yes/no", "label:", "one line", "shorten", "score", "short", "translate")
_TEXT = (
    "account_id",
    "conversation_id",
    "model",
    "prompt",
    "system_prompt",
    "ip",
    "user_agent",
    "tls_fingerprint",
    "channel",
    "end_user_id",
    "api_key_id",
    "finish_reason",
    "response",
)
_WHOLE = ("time", "asn", "input_tokens", "output_tokens", "max_tokens")


class Sink:
    """Collects rows of all accounts by column."""

    def __init__(self, world: World) -> None:
        """Start empty."""
        self.world = world
        names = (*_TEXT, *_WHOLE, "temperature", "harvest")
        self.columns: dict[str, list[Any]] = {name: [] for name in names}

    def add(self, a: Account, draft: Draft) -> None:
        """Add the requests of one account."""
        n, rng, columns = len(draft.times), self.world.rng, self.columns
        times = draft.times.tolist()
        columns["time"] += times
        columns["account_id"] += [a.account_id] * n
        columns["prompt"] += [p.strip() or "?" for p in draft.prompts]
        columns["harvest"] += draft.harvest or [False] * n
        system = draft.system if isinstance(draft.system, list) else [draft.system] * n
        columns["system_prompt"] += system
        columns["end_user_id"] += draft.end_users or [None] * n
        columns["temperature"] += [a.temperature] * n
        columns["max_tokens"] += [a.max_tokens] * n
        keys = [f"key_{a.account_id[-7:]}{k}" for k in range(a.keys)]
        columns["api_key_id"] += [keys[int(k)] for k in rng.integers(0, a.keys, size=n)]
        columns["model"] += self._models(a, draft.times, rng)
        self._conversations(a, draft)
        self._wire(a, draft)
        self._answers(a, draft, system)

    def _models(self, a: Account, times: np.ndarray, rng: np.random.Generator) -> list[str]:
        names = self.world.models
        new = np.zeros(len(times), dtype=bool)
        if a.moves_at is not None:
            since = max(a.moves_at, self.world.release)
            new = (times >= since) & (rng.random(len(times)) < a.move_share)
        small = rng.random(len(times)) < 0.06
        return [
            names[3] if x else names[2] if s else names[a.base_model]
            for x, s in zip(new, small, strict=True)
        ]

    def _conversations(self, a: Account, draft: Draft) -> None:
        known = {
            s: f"conv_{self.world.rnd.getrandbits(56):014x}" for s in set(draft.session.tolist())
        }
        self.columns["conversation_id"] += [known[s] for s in draft.session.tolist()]

    def _wire(self, a: Account, draft: Draft) -> None:
        """Choose endpoint and client: one a session, or as the account roams."""
        n, rng = len(draft.times), self.world.rng
        many = len(a.endpoints)
        salt = int(rng.integers(1 << 30))
        if a.roam == "request":
            which = rng.integers(0, many, size=n)
        elif a.roam == "day":
            which = ((draft.times // DAY) * 2654435761 + salt) % many
        else:
            mixed = ((draft.session * 2654435761 + salt) >> 8) % 1000
            which = mixed % many
            if a.roam == "home":
                which = np.where(mixed < 600, 0, which)
        chosen = [a.endpoints[i] for i in which.tolist()]
        clients = [a.clients[s % len(a.clients)] for s in draft.session.tolist()]
        self.columns["ip"] += [e.ip for e in chosen]
        self.columns["asn"] += [e.asn for e in chosen]
        self.columns["user_agent"] += [c.user_agent for c in clients]
        self.columns["tls_fingerprint"] += [c.tls for c in clients]
        self.columns["channel"] += [c.channel for c in clients]

    def _answers(self, a: Account, draft: Draft, system: list[str | None]) -> None:
        """Give answers a length that follows the prompt, and tokens of the whole conversation."""
        rng, world = self.world.rng, self.world
        noise = rng.lognormal(0, 0.45, size=len(draft.prompts)).tolist()
        history: dict[int, int] = {}
        for i, text in enumerate(draft.prompts):
            low = text[-400:].lower()
            tokens = len(text) // (4 if text.isascii() else 2) + 4
            expected = 90 + 22 * tokens**0.5
            expected *= 1.8 if any(w in low for w in _LONG) else 1.0
            expected *= 0.25 if any(w in low for w in _SHORT) else 1.0
            out = max(1, int(expected * draft.scale * noise[i]))
            cut = a.max_tokens is not None and out >= a.max_tokens
            out = a.max_tokens if cut and a.max_tokens else out
            session = int(draft.session[i])
            before = min(history.get(session, 0), 30_000)
            history[session] = before + tokens + out
            head = system[i]
            self.columns["input_tokens"].append(tokens + before + (len(head) // 4 if head else 0))
            self.columns["output_tokens"].append(out)
            self.columns["finish_reason"].append("length" if cut else "stop")
            answer = None
            if world.choices.responses and world.bank.outputs:
                answer = world.bank.vary(world.rnd.choice(world.bank.outputs), world.rnd, 0.6)[
                    : out * 4
                ]
            self.columns["response"].append(answer)

    def table(self) -> pa.Table:
        """Return all rows in order of time, harvest among the columns."""
        world, rng = self.world, self.world.rng
        whole = {k: pa.array(self.columns[k], pa.int64()) for k in _WHOLE if k != "time"}
        text = {k: pa.array(self.columns[k], pa.string()) for k in _TEXT}
        times = np.asarray(self.columns["time"], dtype=np.int64)
        times += rng.integers(0, SECOND, size=len(times))
        times = np.clip(times, world.start, world.end)
        table = pa.table(
            {
                "time": pa.array(times, TIME),
                **text,
                **whole,
                "temperature": pa.array(self.columns["temperature"], pa.float64()),
                "harvest": pa.array(self.columns["harvest"], pa.bool_()),
            }
        )
        table = table.take(pa.array(np.argsort(times, kind="stable")))
        ids = [f"{x:016x}" for x in rng.integers(0, 1 << 63, size=len(table)).tolist()]
        table = table.add_column(1, "exchange_id", pa.array(ids))
        for name in ("ip", "asn", "user_agent", "output_tokens", "conversation_id"):
            table = self._lose(table, name)
        return table

    def _lose(self, table: pa.Table, name: str) -> pa.Table:
        """Empty a few cells of a column."""
        loss = self.world.choices.cell_loss
        if not loss:
            return table
        gone = pa.array(self.world.rng.random(len(table)) < loss)
        values = table[name].combine_chunks()
        kept = pa.compute.if_else(gone, pa.scalar(None, values.type), values)
        return table.set_column(table.schema.get_field_index(name), name, kept)


def _typed(table: pa.Table, world: World) -> pa.Table:
    """Drop absent columns and give account ids the world's type."""
    table = table.drop_columns([c for c in table.column_names if c in world.choices.absent])
    if world.choices.integer_ids and "account_id" in table.column_names:
        i = table.schema.get_field_index("account_id")
        table = table.set_column(i, "account_id", table["account_id"].cast(pa.int64()))
    return table


def write_exchanges(world: World, table: pa.Table, out: Path) -> None:
    """Write exchanges by day and their truth."""
    truth = table.select(["exchange_id", "harvest"])
    pq.write_table(truth, out / "truth_exchanges.parquet", compression="zstd")
    table = _typed(table.drop_columns(["harvest"]), world)
    times = np.asarray(table["time"].cast(pa.int64()))
    folder = out / "exchanges"
    shutil.rmtree(folder, ignore_errors=True)
    for low in range(world.start, world.end, DAY):
        first, last = np.searchsorted(times, [low, low + DAY])
        if first < last:
            day = str(np.datetime64(low, "us").astype("datetime64[D]"))
            (folder / f"day={day}").mkdir(parents=True)
            path = folder / f"day={day}" / "part-0.parquet"
            pq.write_table(table.slice(first, last - first), path, compression="zstd")


def write_accounts(world: World, out: Path) -> None:
    """Write the account table and its truth, in random order."""
    accounts = world.rnd.sample(world.accounts, len(world.accounts))
    step = DAY if world.choices.coarse_created else 1
    rows = {
        "account_id": [a.account_id for a in accounts],
        "created_at": pa.array([a.created_at // step * step for a in accounts], TIME),
        "organization_id": pa.array([a.organization_id for a in accounts], pa.string()),
        "email_domain": [a.email_domain for a in accounts],
        "payment_fingerprint": pa.array([a.payment for a in accounts], pa.string()),
        "phone_hash": pa.array([a.phone for a in accounts], pa.string()),
        "device_fingerprint": pa.array([a.device for a in accounts], pa.string()),
        "plan": [a.plan for a in accounts],
        "declared_purpose": pa.array([a.purpose for a in accounts], pa.string()),
        "verification_level": [a.verification for a in accounts],
        "licensed": [a.licensed for a in accounts],
    }
    pq.write_table(_typed(pa.table(rows), world), out / "accounts.parquet")
    truth = pa.table(
        {
            "account_id": rows["account_id"],
            "cohort": [a.cohort for a in accounts],
            "campaign": pa.array([a.campaign for a in accounts], pa.string()),
            "kind": [a.kind for a in accounts],
            "language": [a.language for a in accounts],
        }
    )
    pq.write_table(_typed(truth, world), out / "truth_accounts.parquet")
    _write_identifiers(world, accounts, out / "identifier_tokens.parquet")


def _write_identifiers(world: World, accounts: list[Account], path: Path) -> None:
    path.unlink(missing_ok=True)
    if "identifiers" not in world.choices.absent:
        rows = identifier_rows(accounts, world.rnd.randbytes(16))
        pq.write_table(_typed(pa.Table.from_pylist(rows), world), path)


def write_events(world: World, out: Path) -> None:
    """Write dated events of accounts and of the provider, where this world has them."""
    folder = out / "events"
    shutil.rmtree(folder, ignore_errors=True)
    if {"account_events", "provider_events"} <= world.choices.absent:
        return
    folder.mkdir(parents=True)
    if "account_events" not in world.choices.absent:
        rows = sorted(
            (at, a.account_id, kind)
            for a in world.accounts
            for at, kind in _history(world, a)
            if at <= world.end
        )
        ats, ids, kinds = zip(*rows, strict=True)
        table = pa.table({"time": pa.array(ats, TIME), "account_id": ids, "type": kinds})
        pq.write_table(_typed(table, world), folder / "account_events.parquet")
    if "provider_events" not in world.choices.absent:
        table = pa.table(
            {
                "time": pa.array([world.release], TIME),
                "type": ["model_release"],
                "model": [world.models[3]],
            }
        )
        pq.write_table(table, folder / "provider_events.parquet")


def _history(world: World, a: Account) -> list[tuple[int, str]]:
    """Return what happened to an account; misfortune happens to the innocent too."""
    rnd, found = world.rnd, [(a.created_at, "created")]
    attack = a.kind == "attack"
    if a.payment is not None:
        paid = a.created_at + rnd.randrange(60, 5 * 86400) * SECOND
        found.append((paid, "payment_added"))
        if rnd.random() < (0.08 if attack else 0.03):
            found.append((paid + rnd.randrange(3600) * SECOND, "declined"))
        if rnd.random() < (0.03 if attack else 0.004):
            found.append((paid + rnd.randrange(5, 30) * DAY, "chargeback"))
    if a.verification != "email":
        found.append((a.created_at + rnd.randrange(30, 7200) * SECOND, "verified"))
    if a.licensed:
        found.append((a.created_at + DAY, "licensed_from"))
    if a.blocked and a.until is not None:
        found.append((a.until, "blocked"))
    elif a.kind == "benign" and rnd.random() < 0.003:
        at = rnd.randrange(world.start, world.end)
        found += [(at, "blocked"), (at + rnd.randrange(1, 48) * 3600 * SECOND, "unblocked")]
    return found
