"""One OpenTelemetry GenAI span → one flat record.

The conventions are young and have changed names; old and new ones, and those of OpenLLMetry and
OpenInference, are read alike.  https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from stillwatch.find.sources.messages import parse_json, read_turns, turn_text

__all__ = ["ATTRIBUTES", "any_value", "attributes_of", "exchange_of", "identity_of"]

Attributes = dict[str, object]

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "account_id": ("account.id", "tenant.id", "enduser.id", "user.id"),
    "conversation_id": ("gen_ai.conversation.id", "session.id"),
    "model": (
        "gen_ai.request.model",
        "llm.request.model",
        "llm.model_name",
        "gen_ai.response.model",
    ),
    "input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.usage.prompt_tokens",
        "llm.token_count.prompt",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
        "llm.token_count.completion",
    ),
    "max_tokens": ("gen_ai.request.max_tokens", "llm.request.max_tokens"),
    "temperature": ("gen_ai.request.temperature", "llm.request.temperature"),
    "ip": ("client.address", "client.socket.address", "net.sock.peer.addr", "http.client_ip"),
    "user_agent": ("user_agent.original", "http.user_agent"),
    "tls_fingerprint": ("tls.client.ja4", "tls.client.ja3"),
    "end_user_id": ("enduser.pseudo.id",),
    "api_key_id": ("api_key.id",),
    "finish_reason": ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason"),
}
"""Attributes that give each canonical column, best first."""

INPUT = ("gen_ai.input.messages", "gen_ai.prompt", "llm.prompts", "input.value")
OUTPUT = ("gen_ai.output.messages", "gen_ai.completion", "llm.completions", "output.value")
INDEXED_INPUT = re.compile(
    r"(?:gen_ai\.prompt|llm\.input_messages)\.(\d{1,6})\.(?:message\.)?(\w+)"
)
INDEXED_OUTPUT = re.compile(
    r"(?:gen_ai\.completion|llm\.output_messages)\.(\d{1,6})\.(?:message\.)?(\w+)"
)
EVENT_TURN = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message")

NOT_EXCHANGES = frozenset(
    {"embeddings", "execute_tool", "create_agent", "invoke_agent", "retrieval", "rerank"}
)
"""Operations that ask no model for text, or enclose spans that do."""
KINDS = {"openinference.span.kind": "LLM", "traceloop.span.kind": None}
"""Attributes whose presence with any other value means the same."""

DEEPEST_VALUE = 24


def any_value(value: object, depth: int = 0) -> object:
    """Return what an OTLP AnyValue holds.

    >>> any_value({"intValue": "12"}), any_value({"arrayValue": {"values": [{"stringValue": "a"}]}})
    (12, ['a'])
    """
    if not isinstance(value, Mapping) or depth > DEEPEST_VALUE:
        return value if isinstance(value, str | int | float) else None
    for key, inner in value.items():
        kind = key.replace("_", "").lower()
        if kind == "intvalue":
            return int(inner) if re.fullmatch(r"-?\d{1,19}", str(inner)) else None
        if kind == "arrayvalue" and isinstance(inner, Mapping):
            return [any_value(entry, depth + 1) for entry in _list(inner.get("values"))]
        if kind == "kvlistvalue" and isinstance(inner, Mapping):
            return attributes_of(inner.get("values"), depth + 1)
        if kind in ("stringvalue", "doublevalue", "boolvalue"):
            return inner if isinstance(inner, str | int | float) else None
    return None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def attributes_of(pairs: object, depth: int = 0) -> Attributes:
    """Return a list of key-value pairs as a mapping; what is not a pair is left out."""
    found: Attributes = {}
    for pair in _list(pairs):
        if isinstance(pair, Mapping) and isinstance(pair.get("key"), str):
            found[pair["key"]] = any_value(pair.get("value"), depth)
    return found


def exchange_of(span: Mapping[str, object], resource: Attributes) -> Attributes | None:
    """Return a span's canonical columns and its attributes, or None where it is no exchange.

    Args:
        span: an OTLP span, parsed.
        resource: attributes of the resource that emitted it.
    """
    own = attributes_of(span.get("attributes"))
    if not any(key.startswith(("gen_ai.", "llm.")) for key in own):
        return None
    if own.get("gen_ai.operation.name") in NOT_EXCHANGES:
        return None
    if any(key in own and own[key] != wanted for key, wanted in KINDS.items()):
        return None
    given = resource | own
    record: Attributes = dict(given)
    record["time"] = _either(span, "startTimeUnixNano", "start_time_unix_nano")
    identity = identity_of(span)
    record["exchange_id"] = None if identity is None else "-".join(identity)
    for column, names in ATTRIBUTES.items():
        value = next((given[name] for name in names if given.get(name) not in (None, "")), None)
        if isinstance(value, list):
            value = ",".join(map(str, value))
        record[column] = value
    if record["end_user_id"] is None:
        # A tenant's own user is the end user; without a tenant it is the account.
        user = given.get("enduser.id") or given.get("user.id")
        record["end_user_id"] = user if user != record["account_id"] else None
    events = _events(span)
    turns = _turns(given, events)
    record["messages"] = json.dumps(turns, ensure_ascii=False) if turns else None
    record["response"] = _answer(given, events)
    return {name: value for name, value in record.items() if value is not None}


def identity_of(entry: Mapping[str, object]) -> tuple[str, str] | None:
    """Return trace and span id of a span or log record, None where it lacks one."""
    trace, span = _either(entry, "traceId", "trace_id"), _either(entry, "spanId", "span_id")
    return (str(trace), str(span)) if trace and span else None


def _either(span: Mapping[str, object], *names: str) -> object:
    return next((span[name] for name in names if span.get(name)), None)


def _events(span: Mapping[str, object]) -> list[tuple[str, Attributes]]:
    return [
        (str(event.get("name", "")), attributes_of(event.get("attributes")))
        for event in _list(span.get("events"))
        if isinstance(event, Mapping)
    ]


def _as_turns(value: object, role: str) -> list[object]:
    """Return messages given structured, as JSON, or as bare text."""
    parsed = parse_json(value) if isinstance(value, str) else value
    if isinstance(parsed, Mapping):
        inner = next((parsed[k] for k in ("messages", "contents", "input") if k in parsed), None)
        parsed = inner if inner is not None else [parsed]
    if isinstance(parsed, list) and any(isinstance(t, Mapping) and "role" in t for t in parsed):
        return parsed
    text = turn_text(parsed) if isinstance(parsed, list) else None
    text = text or (value if isinstance(value, str) else None)
    return [{"role": role, "content": text}] if text else []


def _indexed(given: Attributes, pattern: re.Pattern[str]) -> list[object]:
    turns: dict[int, dict[str, object]] = {}
    for key, value in given.items():
        match = pattern.fullmatch(key)
        if match:
            turns.setdefault(int(match[1]), {})[match[2]] = value
    return [turns[place] for place in sorted(turns)]


def _turns(given: Attributes, events: list[tuple[str, Attributes]]) -> list[object]:
    sources = [given, *(attributes for _, attributes in events)]
    said = (turn_text(_structured(source.get("gen_ai.system_instructions"))) for source in sources)
    instructions = next((text for text in said if text), None)
    system: list[object] = [{"role": "system", "content": instructions}] if instructions else []
    for source in sources:
        for name in INPUT:
            turns = _as_turns(source.get(name), "user")
            if turns:
                return system + turns
    turns = _indexed(given, INDEXED_INPUT)
    for name, attributes in events:
        match = EVENT_TURN.fullmatch(name)
        if match:
            content = turn_text(_structured(attributes.get("content")))
            turns.append({"role": attributes.get("role") or match[1], "content": content})
    return system + turns if turns else []


def _structured(value: object) -> object:
    parsed = parse_json(value) if isinstance(value, str) else None
    return value if parsed is None or isinstance(parsed, int | float) else parsed


def _answer(given: Attributes, events: list[tuple[str, Attributes]]) -> str | None:
    for source in [given, *(attributes for _, attributes in events)]:
        for name in OUTPUT:
            answer = read_turns(_as_turns(source.get(name), "assistant")).answer
            if answer:
                return answer
    answer = read_turns(_indexed(given, INDEXED_OUTPUT)).answer
    for name, attributes in events:
        if answer is None and name == "gen_ai.choice":
            message = _structured(attributes.get("message") or attributes.get("content"))
            answer = turn_text(message)
    return answer
