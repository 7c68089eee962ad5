"""Four ways to ask a model, each as a body that is sent and an answer that is read.

Answers come from whoever is suspected: nothing in them is believed, any part may be missing or of
another type, and what cannot be read is an error in words and never an exception of a library.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.errors import InputFormatError

if TYPE_CHECKING:
    from stillwatch.prove.lineage.asking import Asking, Model
    from stillwatch.prove.lineage.querying.questions import Question

__all__ = ["Said", "authorization", "body_of", "read_answer", "url_of"]

_PATHS = {
    "openai-chat": "/chat/completions",
    "openai-completions": "/completions",
    "anthropic-messages": "/v1/messages",
    "ollama-chat": "/api/chat",
}
_ANTHROPIC_VERSION = "2023-06-01"
_MOST_WORDS = 200
"""Characters of a served model's name or of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says."""

    text: str
    """The model's words; without a trace of reasoning, which is not of the answer."""
    finish_reason: str | None
    """Why it ended, in the endpoint's words."""
    model: str | None
    """Which model the endpoint says that it served."""
    fingerprint: str | None
    """The endpoint's mark of its own configuration."""
    input_tokens: int | None
    """Tokens of the prompt, by the endpoint's count."""
    output_tokens: int | None
    """Tokens of the answer, likewise."""
    logprobs: Any = None
    """As the endpoint gave them; None where it gave none."""


def url_of(model: Model) -> str:
    """Return where a model's answers are asked for.

    >>> from stillwatch.prove.lineage.asking import Model
    >>> url_of(Model(name="m", role="control", protocol="openai-chat",
    ...              url="https://api.example/v1/", model="x"))
    'https://api.example/v1/chat/completions'
    """
    return model.url.rstrip("/") + _PATHS[model.protocol]


def authorization(model: Model, key: str | None) -> dict[str, str]:
    """Return the header fields that a protocol wants, the key among them."""
    if model.protocol == "anthropic-messages":
        held = {"anthropic-version": _ANTHROPIC_VERSION}
        return held | ({"x-api-key": key} if key else {})
    return {"authorization": f"Bearer {key}"} if key else {}


def body_of(model: Model, asking: Asking, question: Question) -> bytes:
    """Return the JSON that asks one question once."""
    make = {
        "openai-chat": _to_chat,
        "openai-completions": _to_completions,
        "anthropic-messages": _to_anthropic,
        "ollama-chat": _to_ollama,
    }[model.protocol]
    held = make(model, asking, question)
    return json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode()


def read_answer(protocol: str, raw: bytes) -> Said:
    """Return what a protocol's answer says.

    Raises:
        InputFormatError: it is no answer of this protocol.

    >>> read_answer("ollama-chat", b'{"message":{"content":"four"},"done_reason":"stop"}').text
    'four'
    """
    try:
        held = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputFormatError(f"the answer is no JSON: {str(error)[:_MOST_WORDS]}") from error
    if not isinstance(held, dict):
        raise InputFormatError("the answer is no JSON object")
    if held.get("error"):
        raise InputFormatError(f"the answer is an error: {str(held['error'])[:_MOST_WORDS]}")
    read = {
        "openai-chat": _from_chat,
        "openai-completions": _from_completions,
        "anthropic-messages": _from_anthropic,
        "ollama-chat": _from_ollama,
    }[protocol]
    return read(held)


def _sampling(asking: Asking) -> dict[str, Any]:
    given = {"temperature": asking.temperature, "top_p": asking.top_p}
    return {name: value for name, value in given.items() if value is not None}


def _turns(question: Question) -> list[dict[str, str]]:
    before = [{"role": "system", "content": question.system}] if question.system else []
    return [*before, *question.messages]


def _to_openai(model: Model, asking: Asking, question: Question) -> dict[str, Any]:
    held: dict[str, Any] = {"model": model.model} | _sampling(asking)
    held[model.length_field or "max_tokens"] = question.max_tokens
    if question.seed is not None:
        held["seed"] = question.seed
    return held


def _to_chat(model: Model, asking: Asking, question: Question) -> dict[str, Any]:
    held = _to_openai(model, asking, question) | {"messages": _turns(question)}
    if asking.logprobs is not None:
        held |= {"logprobs": True} | ({"top_logprobs": asking.logprobs} if asking.logprobs else {})
    return held


def _to_completions(model: Model, asking: Asking, question: Question) -> dict[str, Any]:
    prompt = "\n\n".join(turn["content"] for turn in _turns(question))
    held = _to_openai(model, asking, question) | {"prompt": prompt}
    return held if asking.logprobs is None else held | {"logprobs": asking.logprobs}


def _to_anthropic(model: Model, asking: Asking, question: Question) -> dict[str, Any]:
    held: dict[str, Any] = {"model": model.model, "messages": [*question.messages]}
    held |= _sampling(asking) | {model.length_field or "max_tokens": question.max_tokens}
    return held | ({"system": question.system} if question.system else {})


def _to_ollama(model: Model, asking: Asking, question: Question) -> dict[str, Any]:
    options = _sampling(asking) | {model.length_field or "num_predict": question.max_tokens}
    if question.seed is not None:
        options["seed"] = question.seed
    held = {"model": model.model, "messages": _turns(question), "stream": False, "options": options}
    if asking.logprobs is not None:
        held |= {"logprobs": True} | ({"top_logprobs": asking.logprobs} if asking.logprobs else {})
    return held


def _from_openai(held: dict[str, Any], choice: dict[str, Any], text: object) -> Said:
    usage = _table(held.get("usage"))
    return Said(
        _text(text),
        _word(choice.get("finish_reason")),
        _word(held.get("model")),
        _word(held.get("system_fingerprint")),
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        choice.get("logprobs"),
    )


def _from_chat(held: dict[str, Any]) -> Said:
    choice = _table(_first(held.get("choices")), "choices")
    message = _table(choice.get("message"), "message")
    content = message.get("content")
    if content is None and isinstance(message.get("refusal"), str):
        # the endpoint says by itself that this is one
        return _from_openai(held, choice | {"finish_reason": "refusal"}, message["refusal"])
    return _from_openai(held, choice, "" if content is None else content)


def _from_completions(held: dict[str, Any]) -> Said:
    choice = _table(_first(held.get("choices")), "choices")
    return _from_openai(held, choice, choice.get("text"))


def _from_anthropic(held: dict[str, Any]) -> Said:
    usage = _table(held.get("usage"))
    return Said(
        _text(held.get("content")),
        _word(held.get("stop_reason")),
        _word(held.get("model")),
        None,
        _count(usage.get("input_tokens")),
        _count(usage.get("output_tokens")),
    )


def _from_ollama(held: dict[str, Any]) -> Said:
    if held.get("done") is False:
        raise InputFormatError("the answer is a part of a stream")
    return Said(
        _text(_table(held.get("message"), "message").get("content")),
        _word(held.get("done_reason")),
        _word(held.get("model")),
        None,
        _count(held.get("prompt_eval_count")),
        _count(held.get("eval_count")),
        held.get("logprobs"),
    )


def _text(value: object) -> str:
    """Return words, or the text blocks of a list joined."""
    if isinstance(value, list):
        blocks = [_table(block) for block in value]
        value = "".join(
            block["text"]
            for block in blocks
            if block.get("type") in {"text", "output_text"} and isinstance(block.get("text"), str)
        )
    if not isinstance(value, str):
        raise InputFormatError("the answer holds no text")
    # half of a surrogate pair is no character, and no tokenizer takes it
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _table(value: object, wanted: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if wanted:
        raise InputFormatError(f"the answer has no {wanted}")
    return {}


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _word(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")[:_MOST_WORDS]


def _count(value: object) -> int | None:
    if type(value) is not int or not 0 <= value < 2**31:
        return None
    return value
