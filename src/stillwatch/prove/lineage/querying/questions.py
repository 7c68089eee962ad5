"""Everything that a plan asks of a model, in the order that the plan fixes.

First the prompts' file, all of it once, then all of it again, as often as planned; then each test
without a watermark, in the order of their names.  A question's number is its place in that order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from stillwatch.errors import InputFormatError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stillwatch.prove.lineage.asking import Asking, Model

__all__ = ["MOST_PROMPT", "PROMPTS", "Part", "Prompt", "Question", "questions_of", "read_prompts"]

PROMPTS = ""
"""`Question.part` of those of the prompts' file."""
MOST_PROMPT = 1 << 18
"""Bytes of a prompt's line."""
_MOST_PROMPTS = 1_000_000
_ROLES = {"user", "assistant"}


class _Query(Protocol):
    @property
    def item(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def samples(self) -> int: ...
    @property
    def system(self) -> str | None: ...


class Part(Protocol):
    """What is read of a planned test without a watermark."""

    @property
    def roles(self) -> tuple[str, ...]:
        """Models that it asks, besides suspects and controls, which are asked everything."""

    def queries(self) -> Sequence[_Query]:
        """Return its prompts, in order."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A line of the prompts' file."""

    id: str
    """Names it."""
    messages: tuple[dict[str, str], ...]
    """Turns with ``role`` and ``content``; the last one is the user's."""
    system: str | None = None
    """System prompt."""


@dataclass(frozen=True, slots=True)
class Question:
    """One asking of one prompt."""

    number: int
    """Its place in the plan's order, from 0."""
    part: str
    """The test that it is for; `PROMPTS` for those under keys."""
    item: str
    """The prompt's id within its part."""
    sample: int
    """Which asking of it, from 0."""
    messages: tuple[dict[str, str], ...]
    """Turns."""
    system: str | None
    """System prompt."""
    max_tokens: int
    """Tokens of its answer at most."""
    seed: int | None
    """Its own seed, or None."""

    @property
    def size(self) -> int:
        """Bytes of its words."""
        words = [turn["content"] for turn in self.messages]
        return sum(len(one.encode()) for one in (*words, self.system or ""))


def read_prompts(raw: bytes) -> list[Prompt]:
    r"""Return the prompts of a file of JSON Lines: ``id``, ``prompt`` or ``messages``, ``system``.

    Raises:
        InputFormatError: a line is not in its form, or an id is there twice; the line is named.

    >>> read_prompts(b'{"id":"a","prompt":"Tell me more."}\n')[0].messages
    ({'role': 'user', 'content': 'Tell me more.'},)
    """
    found: dict[str, Prompt] = {}
    lines = raw.split(b"\n")
    for number, line in enumerate(lines[:-1] if lines[-1] == b"" else lines, 1):
        try:
            made = _prompt(line, found)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputFormatError(
                f"a line holds no prompt: {error}",
                where=f"line {number} of the prompts",
                todo='write {"id": …, "prompt": …} or {"id": …, "messages": […]} on each line',
            ) from error
        found[made.id] = made
    if len(found) > _MOST_PROMPTS:
        raise InputFormatError(f"there are over {_MOST_PROMPTS:,} prompts", todo="give fewer")
    return list(found.values())


def _prompt(line: bytes, before: Collection[str]) -> Prompt:
    if len(line) > MOST_PROMPT:
        raise ValueError(f"it is over {MOST_PROMPT:,} bytes long")
    held: dict[str, Any] = json.loads(line)
    if not isinstance(held, dict) or not set(held) <= {"id", "prompt", "messages", "system"}:
        raise ValueError("it is no object of id, prompt or messages, system")
    turns = held.get("messages") or [{"role": "user", "content": held["prompt"]}]
    system = held.get("system")
    words = [held["id"], *(turn["content"] for turn in turns), *([system] if system else [])]
    for word in words:
        if not isinstance(word, str) or not word:
            raise ValueError("a field is not text, or empty")
        word.encode()  # half of a surrogate pair could not be sent
    if held["id"] in before:
        raise ValueError("its id is there already")
    if "prompt" in held and "messages" in held:
        raise ValueError("it has both prompt and messages")
    if any(set(turn) != {"role", "content"} or turn["role"] not in _ROLES for turn in turns):
        raise ValueError("a turn is not a role of user or assistant, and content")
    if turns[-1]["role"] != "user":
        raise ValueError("the last turn is not the user's")
    return Prompt(held["id"], tuple(turns), system)


def questions_of(
    model: Model, asking: Asking, prompts: Sequence[Prompt], parts: Mapping[str, Part]
) -> list[Question]:
    """Return all that one model is asked.

    Args:
        model: whom; references and our own model are asked for parts alone.
        asking: how.
        prompts: of the prompts' file; empty where no test needs keys.
        parts: tests without a watermark, by name.

    Raises:
        RefusedError: T-1 a prompt of a part is not text.
    """
    found: list[Question] = []

    def add(
        part: str, item: str, sample: int, turns: tuple[dict[str, str], ...], system: str | None
    ) -> None:
        number = len(found)
        seed = None if asking.seed is None else (asking.seed + number) % 2**31
        most = asking.limits.get(part, asking.max_tokens)
        found.append(Question(number, part, item, sample, turns, system, most, seed))

    tested = model.role in {"suspect", "control"}
    if tested:
        for sample in range(asking.samples):
            for prompt in prompts:
                add(PROMPTS, prompt.id, sample, prompt.messages, prompt.system)
    for name in sorted(parts):
        if not tested and model.role not in parts[name].roles:
            continue
        for query in parts[name].queries():
            try:
                query.prompt.encode()
                (query.system or "").encode()
            except (UnicodeEncodeError, AttributeError) as error:  # T-1
                raise RefusedError(
                    "T-1", "a part's prompt is no text", where=f"{name} {query.item}"
                ) from error
            turns = ({"role": "user", "content": query.prompt},)
            for sample in range(query.samples):
                add(name, query.item, sample, turns, query.system)
    return found
