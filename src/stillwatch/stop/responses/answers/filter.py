"""What becomes of an answer on its way to the client, chunk by chunk.

Nothing is held back unless reasoning is withheld or text is held and checked; then whole events
are, and at most ``hold`` bytes of text. What is no event of the API passes as it came, and is
counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.stop.interface import Answer, Shape
from stillwatch.stop.responses.answers.anthropic import Anthropic
from stillwatch.stop.responses.answers.events import EventSplitter, data_of, with_data
from stillwatch.stop.responses.answers.gemini import Gemini
from stillwatch.stop.responses.answers.interface import Seen
from stillwatch.stop.responses.answers.openai_chat import OpenAiChat
from stillwatch.stop.responses.answers.openai_responses import OpenAiResponses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillwatch.stop.interface import Effect
    from stillwatch.stop.responses.answers.interface import Dialect, Json

__all__ = ["AnswerFilter", "phrase_check"]

_DIALECTS: dict[Shape, Callable[[], Dialect]] = {
    Shape.OPENAI_CHAT: OpenAiChat,
    Shape.OPENAI_RESPONSES: OpenAiResponses,
    Shape.ANTHROPIC_MESSAGES: Anthropic,
    Shape.GEMINI: Gemini,
}
_KEPT = 1 << 20
"""Characters of an answer that are kept, as much as a log keeps."""
_UNCHECKED = {
    "type": "error",
    "error": {
        "type": "api_error",
        "code": 502,
        "status": "INTERNAL",
        "message": "The answer is too long to be checked.",
    },
}


def phrase_check(phrases: Sequence[str]) -> Callable[[str], bool]:
    """Return a check that finds literal text, whatever its case.

    >>> phrase_check(["Internal Use"])("for INTERNAL use only")
    True
    """
    folded = tuple(phrase.casefold() for phrase in phrases)

    def finds(text: str) -> bool:
        text = text.casefold()
        return any(phrase in text for phrase in folded)

    return finds


class AnswerFilter:
    r"""Passes one answer through.

    Args:
        effect: of the decision.
        shape: API that the request spoke.
        status: HTTP status of the answer; nothing is changed of one that is no success.
        check: says whether text must not go out; asked for each window of ``effect.hold`` bytes
            together with the window before it. It must be quick; one that raises has found
            something.
        keep_text: whether the answer's text is kept, 1 MiB at most.
        model: the one that the client asked for, named in place of the one that answers.
        most: bytes of an event, and of an answer that is no stream.

    >>> from stillwatch.stop.responses.effects import NOTHING
    >>> answer = AnswerFilter(NOTHING, Shape.OPENAI_CHAT, keep_text=True)
    >>> answer.feed(b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n')[:6], answer.end()
    (b'data: ', b'')
    >>> answer.answer.text
    'Hi'
    """

    def __init__(
        self,
        effect: Effect,
        shape: Shape,
        *,
        status: int = 200,
        check: Callable[[str], bool] | None = None,
        keep_text: bool = False,
        model: str = "",
        most: int = 8 << 20,
    ) -> None:
        self._withhold = effect.withhold
        self._hold = effect.hold
        self._model = model if effect.model else ""
        self._status = status
        self._passive = not (effect.withhold or effect.hold or self._model) or status >= 300
        self._check = check
        self._keep = keep_text
        self._most = most
        self._dialect = _DIALECTS[shape]()
        self._splitter = EventSplitter(most)
        self._whole: bytearray | None = None
        self._stream: bool | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._window: list[str] = []
        self._window_bytes = 0
        self._before = ""
        self._text: list[str] = []
        self._text_left = _KEPT if keep_text else 0
        self._seen = Seen()
        self._time = 0
        self.malformed = 0
        """Events, or a whole answer, that were not of the API; they passed as they came."""
        self.cut = False
        """Whether the check found something, or could not be made: the rest was not sent."""

    @property
    def answer(self) -> Answer:
        """What came back, as far as it has."""
        seen = self._seen
        return Answer(
            time=self._time,
            status=self._status,
            input_tokens=seen.input_tokens,
            output_tokens=seen.output_tokens,
            reasoning_tokens=seen.reasoning_tokens,
            finish_reason="cut" if self.cut else seen.finish,
            text="".join(self._text),
        )

    def feed(self, data: bytes) -> bytes:
        """Return what of an answer goes to the client now, given what came."""
        if self._stream is None:
            start = data.lstrip()
            if not start:
                return data
            self._stream = start[:1] not in {b"{", b"["}
            self._whole = None if self._stream else bytearray()
        if not self._stream:
            return self._feed_whole(data)
        if self.cut or self._splitter.overlong:
            return data if self._passive else b""
        events = self._splitter.feed(data)
        if self._passive:
            self._watch(events)
            return data
        return b"".join(map(self._event, events))

    def end(self, now: int = 0) -> bytes:
        """Return the last of an answer, once all of it came.

        Args:
            now: microseconds since 1970.
        """
        self._time = now
        if self._whole is not None:
            return self._end_whole(bytes(self._whole))
        left = self._splitter.end()
        if self._passive:
            self._watch([left] if left else [])
            return b""
        if self.cut:
            return b""
        last = self._event(left) if left else b""
        return last if self.cut else last + self._release()

    def _watch(self, events: list[bytes]) -> None:
        """Read events that have passed already."""
        for event in events:
            if len(event) > self._most:
                self.malformed += 1
            else:
                self._look(event)

    def _event(self, event: bytes) -> bytes:
        """Return what goes out on an event."""
        if self.cut:
            return b""
        if len(event) > self._most:
            self.malformed += 1
            return self._cut()
        seen, made = self._look(event)
        written = seen.text + seen.beside
        if not self._hold or (not written and (not self._held or _bare(event))):
            return made
        self._held.append(made)
        self._held_bytes += len(made)
        if written:
            self._window.append(written)
            self._window_bytes += len(written.encode("utf-8", "surrogatepass"))
        full = self._window_bytes >= self._hold or self._held_bytes >= self._most
        return self._release() if full or seen.finish else b""

    def _look(self, event: bytes) -> tuple[Seen, bytes]:
        """Read an event; return what it says, and what is left of it."""
        data = data_of(event)
        if data is None or data.strip() in {b"", b"[DONE]"}:
            return Seen(), event
        value = _object(data)
        if value is None:
            self.malformed += 1
            return Seen(), event
        seen = self._dialect.event(
            value, withhold=self._withhold and not self._passive, model=self._model
        )
        self._note(seen)
        if self._passive or not (seen.dropped or seen.changed):
            return seen, event
        return seen, b"" if seen.dropped else with_data(event, msgspec.json.encode(value))

    def _note(self, seen: Seen) -> None:
        """Remember usage, finish and text."""
        own = self._seen
        own.input_tokens = max(own.input_tokens, seen.input_tokens)
        own.output_tokens = max(own.output_tokens, seen.output_tokens)
        own.reasoning_tokens = max(own.reasoning_tokens, seen.reasoning_tokens)
        own.finish = seen.finish or own.finish
        if self._text_left and seen.text:
            self._text.append(seen.text[: self._text_left])
            self._text_left -= len(self._text[-1])

    def _release(self) -> bytes:
        """Check what is held; return it, or the end of the stream in its place."""
        window = "".join(self._window)
        if window and self._finds(self._before + window):
            return self._cut()
        made = b"".join(self._held)
        self._before = window[-self._hold :]
        self._held, self._window = [], []
        self._held_bytes = self._window_bytes = 0
        return made

    def _finds(self, written: str) -> bool:
        """Say whether text must not go out."""
        if self._check is None:
            return False
        try:
            return bool(self._check(written))
        except Exception:  # noqa: BLE001 - whatever a check does, the stream ends in order
            return True

    def _cut(self) -> bytes:
        self.cut = True
        self._held, self._window = [], []
        return self._dialect.cut()

    def _feed_whole(self, data: bytes) -> bytes:
        """Keep an answer that is no stream until it is whole."""
        if self._whole is not None and len(self._whole) + len(data) <= self._most:
            self._whole += data
            return data if self._passive else b""
        first = self._whole is not None
        self._whole = None
        self.malformed += first
        if self._passive:
            return data
        self.cut = True
        return msgspec.json.encode(_UNCHECKED) if first else b""

    def _end_whole(self, raw: bytes) -> bytes:
        """Return an answer that came whole."""
        self._whole = None
        unchanged = b"" if self._passive else raw
        value = _decoded(raw)
        chunks: list[Json] = value if isinstance(value, list) else [value]
        if not all(isinstance(chunk, dict) for chunk in chunks):
            self.malformed += 1
            return unchanged
        written, changed = "", False
        for chunk in chunks:
            seen = self._dialect.whole(
                chunk, withhold=self._withhold and not self._passive, model=self._model
            )
            self._note(seen)
            written += seen.text + seen.beside
            changed |= seen.changed
        if self._passive:
            return b""
        if self._hold and self._finds(written):
            self.cut = True
            last = self._dialect.emptied(chunks[-1] if chunks else {})
            return msgspec.json.encode([last] if isinstance(value, list) else last)
        return msgspec.json.encode(value) if changed else unchanged


def _bare(event: bytes) -> bool:
    """Say whether an event only keeps the connection alive."""
    data = data_of(event)
    return data is None or data.replace(b" ", b"") == b'{"type":"ping"}'


def _object(data: bytes) -> Json | None:
    value = _decoded(data)
    return value if isinstance(value, dict) else None


def _decoded(data: bytes) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return JSON's value, None where it is none that can be read."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
