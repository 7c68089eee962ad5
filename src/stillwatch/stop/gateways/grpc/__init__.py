"""A gRPC server over asyncio: what Envoy asks, at a cost that a Python process can bear."""

from __future__ import annotations

from stillwatch.stop.gateways.grpc.calls import Call, Method, RpcError, Status
from stillwatch.stop.gateways.grpc.server import GrpcServer

__all__ = ["Call", "GrpcServer", "Method", "RpcError", "Status"]
