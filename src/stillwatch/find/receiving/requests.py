"""The body of an OTLP request → an export, within bounds."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Literal

from stillwatch.find.sources.interface import Rejected
from stillwatch.find.sources.jsonlines import parse_object
from stillwatch.find.sources.otlp_wire import LOGS, TRACES, WireError, read_message

if TYPE_CHECKING:
    from stillwatch.find.sources.records import Record

__all__ = ["JSON", "LARGEST", "PROTOBUF", "RequestError", "Signal", "read_request"]

Signal = Literal["traces", "logs"]

LARGEST = 64 << 20
"""Bytes of a body, unpacked."""
PROTOBUF = "application/x-protobuf"
JSON = "application/json"


class RequestError(Exception):
    """A request that is answered with another status than 200.

    Args:
        status: HTTP status.
        words: why, for the sender; never a part of the body.
        retry_after: seconds after which the same request may do; None where it never will.
    """

    def __init__(self, status: int, words: str, retry_after: int | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.retry_after = retry_after


def read_request(body: bytes, *, signal: Signal, kind: str, packed: str) -> Record:
    """Return an export as OTLP-JSON has it.

    Args:
        body: as it came.
        signal: what is exported.
        kind: content type, :data:`PROTOBUF` or :data:`JSON`, without parameters.
        packed: content encoding: gzip, identity or nothing.

    Raises:
        RequestError: 400, 413 or 415; the request will never do.

    >>> read_request(b'{"resourceSpans": []}', signal="traces", kind=JSON, packed="")
    {'resourceSpans': []}
    """
    if packed == "gzip":
        body = _unpacked(body)
    elif packed not in ("", "identity"):
        raise RequestError(415, "the content encoding is neither gzip nor identity")
    if len(body) > LARGEST:
        raise RequestError(413, f"the body is over {LARGEST:,} bytes long, unpacked")
    if kind == JSON:
        record = parse_object(body, 0).record
        if isinstance(record, Rejected):
            raise RequestError(400, f"the body is no export in JSON: {record.fields['problem']}")
        return record
    if kind == PROTOBUF:
        try:
            return read_message(body, TRACES if signal == "traces" else LOGS)
        except WireError as error:
            raise RequestError(400, f"the body is no export in protobuf: {error}") from None
    raise RequestError(415, f"the content type is neither {PROTOBUF} nor {JSON}")


def _unpacked(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        held = unpacker.decompress(body, LARGEST + 1)
    except zlib.error:
        raise RequestError(400, "the body is no gzip") from None
    if len(held) <= LARGEST and (not unpacker.eof or unpacker.unused_data):
        raise RequestError(400, "the gzip breaks off, or goes on after its end")
    return held
