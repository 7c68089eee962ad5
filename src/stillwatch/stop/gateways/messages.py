"""Envoy's messages, from their compiled description beside this file.

``envoy.proto`` says which; `scripts/protos` compiles it.  They live in a pool of their own, where
no other package's copy of Envoy's API can clash with them.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from stillwatch.stop.gateways.grpc import RpcError, Status

__all__ = [
    "ProcessingRequest",
    "ProcessingResponse",
    "RateLimitRequest",
    "RateLimitResponse",
    "read_message",
]

_POOL = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(
    resources.files(__package__).joinpath("envoy.binpb").read_bytes()
).file:
    _POOL.Add(_file)


def _message(name: str) -> Any:  # noqa: ANN401 - a class made at run time
    descriptor = _POOL.FindMessageTypeByName(f"stillwatch.envoy.{name}")
    return message_factory.GetMessageClass(descriptor)


ProcessingRequest = _message("ProcessingRequest")
"""What Envoy says of a request or its answer."""
ProcessingResponse = _message("ProcessingResponse")
"""What Envoy is to do."""
RateLimitRequest = _message("RateLimitRequest")
"""What Envoy asks of a limit."""
RateLimitResponse = _message("RateLimitResponse")
"""What the limit says."""


def read_message(kind: Any, raw: bytes) -> Any:  # noqa: ANN401 - classes made at run time
    """Return a message of a kind.

    Raises:
        RpcError: it is none.
    """
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise RpcError(Status.INVALID_ARGUMENT, "the message cannot be read") from None
