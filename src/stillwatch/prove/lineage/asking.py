"""Which models a plan has asked, where, and how: parts of the plan, without secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from stillwatch.errors import RefusedError
from stillwatch.listening import is_loopback

__all__ = ["MOST_SAMPLES", "NAME", "PROTOCOLS", "Asking", "Model", "Protocol", "Role"]

Protocol = Literal["openai-chat", "openai-completions", "anthropic-messages", "ollama-chat"]
"""How an endpoint is spoken to; vLLM, llama.cpp and most gateways speak the first two."""
Role = Literal["suspect", "control", "reference", "ours"]
"""What a model is to the plan."""

PROTOCOLS: tuple[Protocol, ...] = (
    "openai-chat",
    "openai-completions",
    "anthropic-messages",
    "ollama-chat",
)
"""Every protocol."""
MOST_SAMPLES = 10_000
"""How often one prompt may be asked."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
"""A model's name in a plan: it names a file too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that is asked.

    Raises:
        RefusedError: T-1 a name, address or price is not in its form.

    >>> Model(name="m", role="control", protocol="ollama-chat", url="http://127.0.0.1:11434",
    ...       model="llama3").name
    'm'
    """

    name: str
    """Its name in the plan."""
    role: Role
    """Suspect, control, reference, or ours."""
    protocol: Protocol
    """How its endpoint is spoken to."""
    url: str
    """The API's address without the protocol's own path: ``https://api.example/v1``."""
    model: str
    """What the endpoint calls it."""
    length_field: str = ""
    """Where an endpoint names the limit of an answer's tokens otherwise than its protocol does:
    ``max_completion_tokens``."""
    what: str = ""
    """One line: what is known of it."""
    input_price: float = 0.0
    """Price of a million tokens of prompts, in any currency."""
    output_price: float = 0.0
    """Price of a million tokens of answers, in the same."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):  # T-1
            raise RefusedError(
                "T-1",
                "a model's name has other characters than letters, digits, dot, dash, underscore",
                where=self.name,
            )
        if not self.model or not 0 <= self.input_price < 1e9 or not 0 <= self.output_price < 1e9:
            raise RefusedError("T-1", "a model's field is out of its range", where=self.name)  # T-1
        try:
            parts = urlsplit(self.url)
            host, secret = parts.hostname or "", bool(parts.username or parts.password)
            odd = bool(parts.query or parts.fragment) or parts.port == 0
        except ValueError as error:  # T-1
            raise RefusedError("T-1", "a model's address is no URL", where=self.name) from error
        if parts.scheme not in {"http", "https"} or not host or odd or secret:  # T-1
            raise RefusedError(
                "T-1",
                "a model's address is not http(s)://host/path, or holds a secret",
                where=self.name,
                todo="keys are given to `lineage query` by --key-env or --key-file",
            )
        if parts.scheme == "http" and not is_loopback(host):  # T-1
            raise RefusedError(
                "T-1",
                "a model's address is plain http beyond this machine: anyone between could answer",
                where=self.name,
                todo="use https, or a tunnel that ends on 127.0.0.1",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How each model is asked.

    Raises:
        RefusedError: T-1 a field is out of its range.
    """

    samples: int
    """How often each prompt of the prompts' file is asked."""
    max_tokens: int
    """Tokens of an answer at most."""
    limits: dict[str, int] = field(default_factory=dict)
    """The same for a test without a watermark, by its name, where it is another."""
    temperature: float | None = None
    """None leaves it to the endpoint; some refuse to be told."""
    top_p: float | None = None
    """Likewise."""
    seed: int | None = None
    """The first query's seed; each has its own. None sends none."""
    logprobs: int | None = None
    """Alternatives whose log probabilities are asked for at each token; 0 for the token's alone,
    None for none."""

    def __post_init__(self) -> None:
        sound = (
            1 <= self.samples <= MOST_SAMPLES
            and all(1 <= most <= 1_000_000 for most in (self.max_tokens, *self.limits.values()))
            and (self.temperature is None or 0 <= self.temperature <= 10)
            and (self.top_p is None or 0 < self.top_p <= 1)
            and (self.seed is None or 0 <= self.seed < 2**31)
            and (self.logprobs is None or 0 <= self.logprobs <= 100)
        )
        if not sound:  # T-1
            raise RefusedError("T-1", "how models are asked is out of its range")
