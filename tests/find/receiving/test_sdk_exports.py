"""What the OpenTelemetry SDK's own exporters send is observed."""

from __future__ import annotations

import json

import pytest

pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http",
    reason="opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http are not installed",
)

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from serving import serving

from stillwatch.find.features.files import find_observations
from stillwatch.find.receiving.service import Totals


def test_the_sdk_exports_spans_and_events(tmp_path):
    out = tmp_path / "out"
    with serving(out) as (service, where):
        resource = Resource({"service.name": "gateway"})
        spans, events = TracerProvider(resource=resource), LoggerProvider(resource=resource)
        exporter = OTLPSpanExporter(f"{where}/v1/traces", compression=Compression.Gzip)
        spans.add_span_processor(BatchSpanProcessor(exporter))
        exporter = OTLPLogExporter(f"{where}/v1/logs")
        events.add_log_record_processor(BatchLogRecordProcessor(exporter))
        tracer, logger = spans.get_tracer("made"), events.get_logger("made")
        said = [{"role": "user", "parts": [{"type": "text", "content": "the recipe of a cake"}]}]
        for number in range(20):
            with tracer.start_as_current_span("chat m-1") as made:
                made.set_attributes(
                    {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.request.model": "m-1",
                        "gen_ai.usage.input_tokens": 9,
                        "user.id": f"a{number}",
                    }
                )
                if number % 2:
                    made.set_attribute("gen_ai.input.messages", json.dumps(said))
                else:
                    logger.emit(
                        LogRecord(
                            event_name="gen_ai.client.inference.operation.details",
                            attributes={"gen_ai.input.messages": said},
                        )
                    )
        spans.shutdown()
        events.shutdown()
    assert service.totals == Totals(exchanges=20, segments=1)
    assert find_observations(str(out)).rows == 20
