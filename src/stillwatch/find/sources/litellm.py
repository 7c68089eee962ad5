"""LiteLLM spend logs: rows of ``LiteLLM_SpendLogs``, exported in any format.

Prompts are there only where the proxy ran with ``store_prompts_in_spend_logs: true``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.find.sources.interface import FileLayout, RawBatch, Selection
from stillwatch.find.sources.messages import parse_json, read_turns
from stillwatch.find.sources.records import text_column
from stillwatch.find.sources.values import plain_text, repair_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources.interface import InputFile, SourceFormat

__all__ = ["LiteLlm"]

Row = Mapping[str, str | None]

MARKS = frozenset({"request_id", "startTime", "api_key", "spend"})
"""Columns that together tell a spend log."""
AGENT_TAG = "User-Agent: "


def _first(*names: str) -> Callable[[Row], str | None]:
    return lambda row: next((row[name] for name in names if row.get(name)), None)


def _inside(column: str, *path: str | int) -> Callable[[Row], object]:
    """Return what lies at a path within a JSON column."""

    def get(row: Row) -> object:
        value = parse_json(row.get(column))
        for step in path:
            if isinstance(value, Mapping) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    return get


def _any(*getters: Callable[[Row], object]) -> Callable[[Row], object]:
    return lambda row: next((v for v in (get(row) for get in getters) if v is not None), None)


def _messages(row: Row) -> str | None:
    for name in ("messages", "proxy_server_request"):
        text = row.get(name)
        # Where prompts are not stored, the column holds an empty object.
        if text and text not in ("{}", "[]", '""') and read_turns(parse_json(text)).prompt:
            return text
    return None


def _response(row: Row) -> str | None:
    body = parse_json(row.get("response"))
    if not isinstance(body, Mapping):
        return None
    turns = read_turns([c.get("message") for c in body.get("choices") or () if _is_choice(c)])
    return turns.answer or read_turns(body.get("output") or [body]).answer


def _is_choice(choice: object) -> bool:
    return isinstance(choice, Mapping)


def _agent(row: Row) -> str | None:
    tags = parse_json(row.get("request_tags"))
    agents = [
        tag.removeprefix(AGENT_TAG)
        for tag in (tags if isinstance(tags, list) else ())
        if isinstance(tag, str) and tag.startswith(AGENT_TAG)
    ]
    # The proxy tags the product alone and the full string; the full one says more.
    return max(agents, key=len, default=None)


COLUMNS: Mapping[str, tuple[Callable[[Row], object], tuple[str, ...]]] = {
    "time": (_first("startTime"), ("startTime",)),
    "exchange_id": (_first("request_id"), ("request_id",)),
    "account_id": (_first("team_id", "user", "api_key"), ("team_id", "user", "api_key")),
    "conversation_id": (_first("session_id"), ("session_id",)),
    "model": (_first("model", "model_group"), ("model", "model_group")),
    "input_tokens": (_first("prompt_tokens"), ("prompt_tokens",)),
    "output_tokens": (_first("completion_tokens"), ("completion_tokens",)),
    "max_tokens": (
        _any(
            _inside("proxy_server_request", "max_tokens"),
            _inside("proxy_server_request", "max_completion_tokens"),
        ),
        ("proxy_server_request",),
    ),
    "temperature": (_inside("proxy_server_request", "temperature"), ("proxy_server_request",)),
    "ip": (
        _any(_first("requester_ip_address"), _inside("metadata", "requester_ip_address")),
        ("requester_ip_address", "metadata"),
    ),
    "user_agent": (_agent, ("request_tags",)),
    "end_user_id": (_first("end_user"), ("end_user",)),
    "response": (_response, ("response",)),
    "api_key_id": (_first("api_key"), ("api_key",)),
    "finish_reason": (_inside("response", "choices", 0, "finish_reason"), ("response",)),
    "messages": (_messages, ("messages", "proxy_server_request")),
}
"""Each canonical column: how a row gives it, and from which columns."""


class LiteLlm:
    """A spend log in another format.

    Args:
        inner: the format that the rows are stored in.
    """

    name = "litellm"
    suffixes: tuple[str, ...] = ()

    def __init__(self, inner: SourceFormat) -> None:
        self._inner = inner

    @staticmethod
    def matches(layout: FileLayout) -> bool:
        """Whether columns are those of a spend log."""
        return MARKS.issubset(layout.columns) and "exchange_id" not in layout.columns

    def recognises(self, head: bytes) -> bool:  # noqa: ARG002
        """Whether a file is in this format: never, its columns tell it."""
        return False

    def layout(self, file: InputFile) -> FileLayout:
        """Return the canonical columns that the log gives, then its own."""
        inner = self._inner.layout(file)
        derived = tuple(
            name for name, (_, sources) in COLUMNS.items() if set(sources) & set(inner.columns)
        )
        own = tuple(c for c in inner.columns if c not in derived)
        return replace(inner, columns=(*derived, *own), types={}, complete=True)

    def integer_ids(self, file: InputFile, column: str) -> bool:  # noqa: ARG002
        """Whether ids are integers: never, they are teams, users and hashed keys."""
        return False

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield the rows, derived columns first."""
        inner = self._inner.layout(file)
        derived = {s for s in selection.names.values() if s in COLUMNS}
        sources = {s for name in derived for s in COLUMNS[name][1]} & set(inner.columns)
        plain = {s for s in selection.names.values() if s not in COLUMNS}
        names = {name: name for name in sources | plain}
        for raw in self._inner.read(file, Selection(names, batch_rows=selection.batch_rows)):
            yield replace(raw, batch=_derive(raw.batch, derived, sources, plain))


def _derive(
    batch: pa.RecordBatch, derived: set[str], sources: set[str], plain: set[str]
) -> pa.RecordBatch:
    texts = {s: repair_utf8(plain_text(batch.column(s)))[0].to_pylist() for s in sorted(sources)}
    rows = [dict(zip(texts, values, strict=True)) for values in zip(*texts.values(), strict=True)]
    arrays = {
        name: text_column([COLUMNS[name][0](row) for row in rows]) for name in sorted(derived)
    }
    arrays |= {name: batch.column(name) for name in plain}
    return pa.RecordBatch.from_pydict(arrays)
