"""Traces of decisions, where the ``trace`` extra is installed and an endpoint is named.

A span says how a request was decided, and nothing that the request holds.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from stillwatch.errors import MissingExtraError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from stillwatch.stop.interface import Request

__all__ = ["NO_TRACES", "Traces", "start_traces"]


class Traces:
    """Takes a span a decision; this one takes none."""

    def decision(self, request: Request) -> AbstractContextManager[object]:  # noqa: ARG002
        """Return what surrounds a decision."""
        return contextlib.nullcontext()

    def close(self) -> None:
        """Send what waits."""


NO_TRACES = Traces()
"""No traces."""


class _Sent(Traces):
    def __init__(self, provider: Any) -> None:  # noqa: ANN401 - OpenTelemetry's
        self._provider = provider
        self._tracer = provider.get_tracer("stillwatch")

    def decision(self, request: Request) -> AbstractContextManager[object]:
        found: AbstractContextManager[object] = self._tracer.start_as_current_span(
            "stillwatch decide",
            attributes={
                "stillwatch.request_id": request.request_id,
                "stillwatch.shape": request.shape.value,
                "stillwatch.body_size": len(request.body),
            },
            record_exception=False,
        )
        return found

    def close(self) -> None:
        self._provider.shutdown()


def start_traces(endpoint: str) -> Traces:
    """Return traces that are sent over OTLP/HTTP.

    Args:
        endpoint: such as ``http://127.0.0.1:4318/v1/traces``; empty for none.

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
    """
    if not endpoint:
        return NO_TRACES
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"traces need {error.name}", todo="pip install 'stillwatch[trace]'"
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "stillwatch"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    return _Sent(provider)
