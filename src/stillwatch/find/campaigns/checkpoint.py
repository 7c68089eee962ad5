"""What a look carried, as bytes, and back in the codes of a log that has grown.

Accounts are held by id and facets by value, since both get other codes when a log grows; rows
keep their numbers, since what is added comes after the look.  The bytes are NumPy's own archive
of plain arrays; no object is ever unpickled.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.campaigns.carried import Carried, Declared, Part, Summed
from stillwatch.find.campaigns.judge import Judged
from stillwatch.find.campaigns.structure import Structure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from stillwatch.find.features.facets import FacetIndex
    from stillwatch.find.features.log import Log

__all__ = ["CHECKPOINT_VERSION", "decode", "encode"]

CHECKPOINT_VERSION = 2
"""Changes whenever what is carried means something else."""
_SCALARS = ("rows", "time", "learned", "learned_at", "pooled", "looks")
_MET = ("worded", "mannered", "screened")
_DICTS = ("log_e", "effect", "support", "enough", "families")
_JUDGED = ("accounts", "probability", "rows", "facets", "fit")
_DAMAGED = (
    KeyError,
    ValueError,
    IndexError,
    TypeError,
    OSError,
    EOFError,
    zipfile.BadZipFile,
    pa.ArrowInvalid,
)


def encode(carried: Carried, log: Log, index: FacetIndex) -> bytes:
    """Return what is carried as bytes.

    Args:
        carried: in the codes of the log.
        log: the log.
        index: its facets.
    """
    weighed = np.flatnonzero(carried.weighed)
    summed = np.flatnonzero(np.bincount(log.account[: carried.summed.rows], minlength=1))
    arrays: dict[str, NDArray[Any]] = {
        "ids": _bytes(log.accounts.ids),
        "weighed": index.value[weighed],
        "weighed_at": carried.weighed[weighed],
        "waiting": index.value[carried.waiting],
        "ever": np.array(sorted(carried.ever), np.uint64),
        "summed": summed,
        "subject": carried.summed.subject[summed],
        "form": carried.summed.form[summed],
        "turns": carried.summed.turns[summed],
    }
    for name in _MET:
        arrays |= _met(name, getattr(carried, name))
    judged = [campaign.judged for campaign in carried.campaigns]
    judged += [one for one, _ in carried.refused.values()]
    for name in _JUDGED:
        parts = [getattr(one, name) for one in judged]
        if name == "facets":
            parts = [index.value[part] for part in parts]
        dtype = np.uint64 if name == "facets" else getattr(judged[0], name).dtype if judged else int
        arrays |= _ragged(f"judged_{name}", parts, dtype)
    flags = [list(campaign.flagged_at.items()) for campaign in carried.campaigns]
    arrays |= _ragged("flagged", [[a for a, _ in pairs] for pairs in flags], np.int32)
    arrays |= _ragged("flagged_at", [[t for _, t in pairs] for pairs in flags], np.int64)
    chances = [list(campaign.probability.items()) for campaign in carried.campaigns]
    arrays |= _ragged("likely", [[a for a, _ in pairs] for pairs in chances], np.int32)
    arrays |= _ragged("chance", [[p for _, p in pairs] for pairs in chances], np.float64)
    arrays |= _ragged("rows", [sorted(c.rows) for c in carried.campaigns], np.int32)
    parts = [part for campaign in carried.campaigns for part in campaign.parts]
    arrays |= _ragged("part", [part.accounts for part in parts], np.int32)
    said = {
        "version": CHECKPOINT_VERSION,
        **{name: int(getattr(carried, name)) for name in _SCALARS},
        "summed_rows": int(carried.summed.rows),
        "judged": [_plain(one) for one in judged],
        "campaigns": [
            {
                "declared_at": int(c.declared_at),
                "parts": [{"name": p.name, "of": p.of, "took": p.took} for p in c.parts],
            }
            for c in carried.campaigns
        ],
        "rules": [rule for _, rule in carried.refused.values()],
    }
    arrays["said"] = np.frombuffer(json.dumps(said).encode(), np.uint8)
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def decode(data: bytes, log: Log, index: FacetIndex) -> Carried | None:
    """Return what was carried in the codes of a log that has grown, None where it does not fit.

    It does not fit where an account is gone, where it was written by another version, or where
    the bytes are damaged.

    Args:
        data: as from :func:`encode`, of a log whose rows before the look are this one's.
        log: the log now.
        index: its facets.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            return _decoded({name: held[name] for name in held.files}, log, index)
    except _DAMAGED:
        return None


def _decoded(held: Mapping[str, NDArray[Any]], log: Log, index: FacetIndex) -> Carried | None:
    said = json.loads(held["said"].tobytes())
    if said["version"] != CHECKPOINT_VERSION or said["rows"] > len(log):
        return None
    ids = pa.ipc.open_stream(pa.py_buffer(held["ids"].tobytes())).read_all().column(0)
    at = pc.index_in(ids.cast(log.accounts.ids.type), value_set=log.accounts.ids)
    if at.null_count:
        return None
    code = np.asarray(at.combine_chunks(), dtype=np.int32)

    def facets(values: NDArray[np.uint64]) -> NDArray[np.int32]:
        place, known = _places(values, index)
        return np.asarray(place[known], dtype=np.int32)

    place, known = _places(held["weighed"], index)
    weighed = np.zeros(len(index), np.int64)
    weighed[place[known]] = held["weighed_at"][known]
    judged = _judgements(held, said["judged"], code, facets)
    campaigns = _campaigns(held, said["campaigns"], judged, code)
    refused = {
        np.sort(one.members).tobytes(): (one, rule)
        for one, rule in zip(judged[len(campaigns) :], said["rules"], strict=True)
    }
    return Carried(
        weighed=weighed,
        summed=_sums(held, said["summed_rows"], code, len(log.accounts)),
        **{name: said[name] for name in _SCALARS},
        waiting=facets(held["waiting"]),
        ever=set(held["ever"].tolist()),
        worded=_remembered(held, "worded", code),
        mannered=_remembered(held, "mannered", code),
        screened=_remembered(held, "screened", code),
        campaigns=campaigns,
        refused=refused,
    )


def _places(
    values: NDArray[np.uint64], index: FacetIndex
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where values stand among the facets, and which of them do."""
    place = np.searchsorted(index.value, values)
    if len(index) == 0:
        return place, np.zeros(place.size, np.bool_)
    return place, index.value[np.minimum(place, len(index) - 1)] == values


def _judgements(
    held: Mapping[str, NDArray[Any]],
    said: Sequence[Mapping[str, Any]],
    code: NDArray[np.int32],
    facets: Callable[[NDArray[np.uint64]], NDArray[np.int32]],
) -> list[Judged]:
    columns: dict[str, list[Any]] = {name: _parts(held, f"judged_{name}") for name in _JUDGED}
    out = []
    for number, one in enumerate(said):
        own = {name: columns[name][number] for name in _JUDGED}
        own["accounts"], own["facets"] = code[own["accounts"]], facets(own["facets"])
        out.append(
            Judged(**own, **{n: one[n] for n in _DICTS}, structure=Structure(**one["built"]))
        )
    return out


def _campaigns(
    held: Mapping[str, NDArray[Any]],
    said: Sequence[Mapping[str, Any]],
    judged: list[Judged],
    code: NDArray[np.int32],
) -> list[Declared]:
    names = ("flagged", "flagged_at", "likely", "chance", "rows", "part")
    flagged, flagged_at, likely, chance, rows, part = (_parts(held, name) for name in names)
    out, used = [], 0
    for number, one in enumerate(said):
        parts = tuple(
            Part(p["name"], tuple(code[part[used + k]].tolist()), p["of"], tuple(p["took"]))
            for k, p in enumerate(one["parts"])
        )
        used += len(parts)
        at = zip(code[flagged[number]].tolist(), flagged_at[number].tolist(), strict=True)
        how = zip(code[likely[number]].tolist(), chance[number].tolist(), strict=True)
        own = set(rows[number].tolist())
        out.append(Declared(one["declared_at"], judged[number], dict(at), dict(how), own, parts))
    return out


def _sums(
    held: Mapping[str, NDArray[Any]], rows: int, code: NDArray[np.int32], accounts: int
) -> Summed:
    where = code[held["summed"]]
    out = []
    for name in ("subject", "form", "turns"):
        whole = np.zeros((accounts, *held[name].shape[1:]))
        whole[where] = held[name]
        out.append(whole)
    return Summed(rows, *out)


def _plain(judged: Judged) -> dict[str, Any]:
    """Return what a judgement says beside its arrays; floats keep every bit in JSON."""
    numbers = {"support": int, "enough": bool}
    said: dict[str, Any] = {
        name: {k: numbers.get(name, float)(v) for k, v in getattr(judged, name).items()}
        for name in _DICTS
    }
    built = {
        k: v if isinstance(v, str | int) else float(v) for k, v in asdict(judged.structure).items()
    }
    return said | {"built": built}


def _met(name: str, met: Mapping[bytes, int]) -> dict[str, NDArray[Any]]:
    """Return groups and what was met of them; what follows the accounts in a key is apart."""
    parts, tails = [], []
    for key in met:
        whole = len(key) // 4 * 4 if name != "screened" else _accounts_end(key)
        parts.append(np.frombuffer(key[:whole], np.int32))
        tails.append(key[whole:].decode())
    out = _ragged(name, parts, np.int32)
    out[f"{name}_met"] = np.fromiter(met.values(), np.int64, len(met))
    out[f"{name}_by"] = np.array(tails, np.str_) if tails else np.zeros(0, "U1")
    return out


def _accounts_end(key: bytes) -> int:
    """Return where the accounts of a key end: what proposed a group is in letters."""
    for by in (b"words", b"values", b"manner", b"peers"):
        if key.endswith(by) and (len(key) - len(by)) % 4 == 0:
            return len(key) - len(by)
    raise ValueError(key[-8:])


def _remembered(
    held: Mapping[str, NDArray[Any]], name: str, code: NDArray[np.int32]
) -> dict[bytes, int]:
    keys = zip(_parts(held, name), held[f"{name}_by"].tolist(), strict=True)
    sizes = held[f"{name}_met"].tolist()
    return {
        code[part].tobytes() + by.encode(): size
        for (part, by), size in zip(keys, sizes, strict=True)
    }


def _ragged(name: str, parts: Sequence[Iterable[Any]], dtype: Any) -> dict[str, NDArray[Any]]:  # noqa: ANN401 - a dtype
    arrays = [np.asarray(part, dtype) for part in parts]
    sizes = np.array([part.size for part in arrays], np.int64)
    return {
        name: np.concatenate(arrays) if arrays else np.zeros(0, dtype),
        f"{name}_ptr": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    }


def _parts(held: Mapping[str, NDArray[Any]], name: str) -> list[NDArray[Any]]:
    ptr = held[f"{name}_ptr"].tolist()
    return [held[name][a:b].copy() for a, b in pairwise(ptr)]


def _bytes(ids: pa.Array) -> NDArray[np.uint8]:
    """Return ids as an Arrow stream."""
    table = pa.table({"account_id": ids})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)
