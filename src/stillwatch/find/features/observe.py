"""One exchange to one observation: a pure map over record batches, Arrow in and Arrow out.

An observation holds keyed hashes, counts and a projection, never a prompt; everything after
this step works from observations alone, so that a provider who keeps no prompts loses nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress

import numba as nb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.features.hashing import hash_strings
from stillwatch.find.features.text import DIMENSIONS, FORM, sketch_texts

__all__ = ["OBSERVATION_VERSION", "observation_schema", "observe"]

OBSERVATION_VERSION = "3"
"""Changes whenever an observation of the same exchange would differ."""

_U64 = pa.uint64()
_HASHED = ("conversation_id", "ip", "user_agent", "tls_fingerprint", "end_user_id")
_COUNTS = ("input_tokens", "output_tokens", "max_tokens")


def observation_schema(account_type: pa.DataType) -> pa.Schema:
    """Return the Arrow schema of observations.

    Args:
        account_type: Arrow type of account_id, kept as in the input.
    """
    hashed = [pa.field(name, _U64) for name in (*_HASHED, "block", "system", "body")]
    counts = [pa.field(name, pa.int32()) for name in _COUNTS]
    return pa.schema(
        [
            pa.field("time", pa.int64()),
            pa.field("exchange_id", pa.string()),
            pa.field("account_id", account_type),
            pa.field("model", pa.string()),
            *hashed,
            *counts,
            pa.field("temperature", pa.int32()),
            pa.field("asn", pa.int64()),
            pa.field("facets", pa.list_(_U64)),
            pa.field("kinds", pa.list_(pa.uint8())),
            pa.field("projection", pa.binary(DIMENSIONS)),
            pa.field("form", pa.binary(2 * FORM)),
        ],
        metadata={"stillwatch_observation": OBSERVATION_VERSION},
    )


def observe(batch: pa.RecordBatch, *, key: int = 0) -> pa.RecordBatch:
    """Observe each exchange of a batch.

    Args:
        batch: columns as in ``records.EXCHANGE``, those present; time as timestamp[us, UTC].
        key: 64-bit key of all hashes; the same key makes observations comparable.

    Returns:
        A batch of the same length with the columns of :func:`observation_schema`.  Hashes are
        0, counts -1 and strings empty where the input is missing.
    """
    n = batch.num_rows
    present = set(batch.schema.names)
    account = batch.column("account_id")
    schema = observation_schema(account.type)
    columns: dict[str, pa.Array] = {
        "time": batch.column("time").cast(pa.int64()),
        "exchange_id": batch.column("exchange_id").cast(pa.string()),
        "account_id": account,
        "model": pc.fill_null(batch.column("model").cast(pa.string()), ""),
    }
    for name in _HASHED:
        values = (
            _hashes(batch.column(name), key) if name in present else np.zeros(n, dtype=np.uint64)
        )
        columns[name] = pa.array(values)
    block, wider = _blocks(batch, key)
    columns["block"] = pa.array(block)
    for name in _COUNTS:
        columns[name] = _integers(batch, name)
    if "output_tokens" not in present and "response" in present:
        length = pc.utf8_length(batch.column("response"))
        columns["output_tokens"] = pc.fill_null(pc.divide(pc.add(length, 3), 4), -1).cast(
            pa.int32()
        )
    columns["temperature"] = _temperature(batch)
    columns["asn"] = pa.array(_systems(batch, wider))
    columns.update(_texts(batch, key))
    return pa.RecordBatch.from_arrays([columns[f.name] for f in schema], schema=schema)


def string_buffers(column: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return value buffer (uint8), offsets (int64) and validity of a string array."""
    array = column.cast(pa.large_string()) if column.type != pa.large_string() else column
    buffers = array.buffers()
    start, n = array.offset, len(array)
    offsets = np.frombuffer(buffers[1], np.int64)[start : start + n + 1]
    data = np.frombuffer(buffers[2], np.uint8) if buffers[2] else np.zeros(0, np.uint8)
    valid = None
    if array.null_count:
        valid = np.asarray(array.is_valid())
    return data, offsets, valid


def _hashes(column: pa.Array, key: int) -> np.ndarray:
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    data, offsets, valid = string_buffers(column)
    hashed = hash_strings(data, offsets, valid, key)
    hashed[offsets[1:] == offsets[:-1]] = 0  # an empty string is a missing value
    return hashed


def _integers(batch: pa.RecordBatch, name: str) -> pa.Array:
    if name not in batch.schema.names:
        return pa.array(np.full(batch.num_rows, -1, np.int32))
    column = pc.fill_null(batch.column(name).cast(pa.int64()), -1)
    return pc.max_element_wise(pc.min_element_wise(column, 2**31 - 1), -1).cast(pa.int32())


def _temperature(batch: pa.RecordBatch) -> pa.Array:
    """Thousandths of a degree, -1 where not given."""
    if "temperature" not in batch.schema.names:
        return pa.array(np.full(batch.num_rows, -1, np.int32))
    values = batch.column("temperature").cast(pa.float64())
    array = np.asarray(pc.fill_null(values, -0.001), dtype=np.float64)
    array = np.where(np.isfinite(array), array, -0.001)
    return pa.array(np.rint(np.clip(array, -0.001, 1000.0) * 1000).astype(np.int32))


def _block(address: str) -> tuple[str, str]:
    """Return the network that one subscriber line usually gets, and the wider one around it.

    IPv4 /24 and /16, IPv6 /48 and /32.
    """
    with suppress(OSError, ValueError):  # most are plain IPv4: an eighth of the time
        a, b, c, d = socket.inet_pton(socket.AF_INET, address)
        if f"{a}.{b}.{c}.{d}" == address:
            return f"{a}.{b}.{c}.0/24", f"{a}.{b}.0.0/16"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "", ""
    if parsed.version == 4:
        v4 = ipaddress.IPv4Network((int(parsed), 24), strict=False)
        return str(v4), str(v4.supernet(new_prefix=16))
    v6 = ipaddress.IPv6Network((int(parsed), 48), strict=False)
    return str(v6), str(v6.supernet(new_prefix=32))


def _blocks(batch: pa.RecordBatch, key: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of the address blocks and of the wider ones, 0 where there is none."""
    none = np.zeros(batch.num_rows, np.uint64)
    if "ip" not in batch.schema.names:
        return none, none
    encoded = pc.dictionary_encode(batch.column("ip"))
    values = [_block(v) if v else ("", "") for v in encoded.dictionary.to_pylist()]
    indices = np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int64)
    columns = [_hashes(pa.array([v[k] for v in values], pa.string()), key) for k in range(2)]
    narrow, wider = (np.append(column, np.uint64(0))[indices] for column in columns)
    return narrow, wider


def _systems(batch: pa.RecordBatch, wider: np.ndarray) -> np.ndarray:
    """Return the autonomous systems, -1 where unknown.

    Where an address comes without one, its wider block stands in, as a number below -2: what
    runs in one cloud must not be compared with the whole world.
    """
    systems = np.full(batch.num_rows, -1, np.int64)
    if "asn" in batch.schema.names:
        given = pc.fill_null(batch.column("asn").cast(pa.int64()), -1)
        systems = np.asarray(given, dtype=np.int64)
    stand_in = np.where(wider != 0, -3 - (wider >> np.uint64(2)).astype(np.int64), -1)
    return np.where(systems < 0, stand_in, systems)


@nb.njit(cache=True, nogil=True)
def _packed(facets, kinds, counts, code, extra, extra_kinds, extra_counts):
    """Put the facets of each prompt and then those of its system prompt into one list.

    ``code`` is the row's system prompt among the distinct ones, -1 where there is none.
    """
    ptr = np.zeros(counts.size + 1, np.int32)
    for row in range(counts.size):
        own = extra_counts[code[row]] if code[row] >= 0 else 0
        ptr[row + 1] = ptr[row] + counts[row] + own
    values, said = np.empty(ptr[-1], np.uint64), np.empty(ptr[-1], np.uint8)
    for row in range(counts.size):
        at = ptr[row]
        for k in range(counts[row]):
            values[at], said[at] = facets[row, k], kinds[row, k]
            at += 1
        for k in range(ptr[row + 1] - at):
            values[at + k], said[at + k] = extra[code[row], k], extra_kinds[code[row], k]
    return ptr, values, said


def _texts(batch: pa.RecordBatch, key: int) -> dict[str, pa.Array]:
    data, offsets, _ = string_buffers(batch.column("prompt"))
    facets, kinds, counts, body, projection, form = sketch_texts(data, offsets, key=key)
    column = (
        batch.column("system_prompt")
        if "system_prompt" in batch.schema.names
        else pa.nulls(batch.num_rows, pa.string())
    )
    # one application sends one system prompt many times: each is read once a batch
    encoded = column.dictionary_encode()
    code = np.asarray(pc.fill_null(encoded.indices, -1), np.int32)
    data, offsets, _ = string_buffers(encoded.dictionary)
    extra, extra_kinds, extra_counts, whole, _, _ = sketch_texts(
        data, offsets, key=key, system=True
    )
    ptr, values, said = _packed(facets, kinds, counts, code, extra, extra_kinds, extra_counts)
    return {
        "system": pa.array(np.append(whole, np.uint64(0))[code]),
        "body": pa.array(body),
        "facets": pa.ListArray.from_arrays(pa.array(ptr), pa.array(values)),
        "kinds": pa.ListArray.from_arrays(pa.array(ptr), pa.array(said)),
        "projection": _binary(projection, DIMENSIONS),
        "form": _binary(form, 2 * FORM),
    }


def _binary(values: np.ndarray, width: int) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), values.shape[0], [None, pa.py_buffer(np.ascontiguousarray(values))]
    )
