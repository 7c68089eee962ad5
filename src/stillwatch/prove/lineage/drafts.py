"""What a tester writes as TOML, and the plan that it becomes: files become digests, keys ids."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, InputFormatError, RefusedError
from stillwatch.prove.lineage.asking import Asking, Model, Protocol
from stillwatch.prove.lineage.blackbox.planning import PART_SCHEMA, part_digest
from stillwatch.prove.lineage.blackbox.registry import TESTS
from stillwatch.prove.lineage.folder import file_digest
from stillwatch.prove.lineage.plans import Plan, digest_of
from stillwatch.prove.lineage.querying.questions import read_prompts
from stillwatch.prove.watermark import GreenRed, IssuedKey, KeyBook, Texts
from stillwatch.prove.watermark.reading import Columns, read_texts, tokenizer_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillwatch.prove.lineage.blackbox.interface import Planned
    from stillwatch.prove.watermark import WatermarkKey

__all__ = ["LEAST_WRONG_KEYS", "Draft", "read_draft"]

LEAST_WRONG_KEYS = 10_000
"""Random keys that every true key is ranked among, at the least."""

_MOST_FILE = 1 << 28


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    protocol: Protocol
    url: str
    model: str
    length_field: str = ""
    what: str = ""
    input_price: float = 0.0
    output_price: float = 0.0


class _Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_tokens: int
    samples: int = 1
    limits: dict[str, int] = {}
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    logprobs: int | None = None


class _Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    book: str | None = None
    issued: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    epochs: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    committed: int | None = None


class _Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    files: tuple[str, ...]
    tokens: str | None = None
    text: str | None = None


class _Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asking: _Asking
    suspect: tuple[_Model, ...]
    control: tuple[_Model, ...]
    reference: tuple[_Model, ...] = ()
    ours: _Model | None = None
    tests: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    alpha: float = 1e-6
    tokens: int = 0
    looks: int = 1
    prior: float = 8.0
    wrong_keys: int = LEAST_WRONG_KEYS
    prompts: str | None = None
    tokenizer: str | None = None
    keys: _Keys | None = None
    baseline: _Baseline | None = None


class Draft:
    """A draft, and the files beside it.

    Args:
        held: what it says.
        beside: folder that its paths are relative to.
    """

    def __init__(self, held: _Draft, beside: Path) -> None:
        self._held = held
        self._beside = beside

    def prompts(self) -> bytes:
        """Return the bytes of the prompts' file; none where no test needs a key."""
        if not self._held.tests:
            return b""
        raw = read_small(self._path("prompts", self._held.prompts), "the prompts", _MOST_FILE)
        if not read_prompts(raw):
            raise ConfigurationError("there is no prompt", todo="write at least one")
        return raw

    def parts(self) -> dict[str, Planned]:
        """Return the planned tests without a watermark, by name.

        Raises:
            RefusedError: Q-1 one is not in its form.
            ConfigurationError: two are of one name.
        """
        found: dict[str, Planned] = {}
        for text in self._held.parts:
            path = self._beside / text
            part = _part(path)
            if part.name in found:
                raise ConfigurationError(
                    f"two parts are {part.name}", where=str(path), todo="join them into one"
                )
            found[part.name] = part
        return found

    def keys(self) -> tuple[dict[str, WatermarkKey], GreenRed | None, int]:
        """Return the keys by name, how they mark, and how many were committed in all.

        Raises:
            ConfigurationError: a key is missing or waits, or they mark in different ways.
        """
        asked = self._held.keys or _Keys()
        found: dict[str, WatermarkKey] = {}
        schemes = []
        committed = 0
        if asked.book is not None:
            book = KeyBook.open(self._beside / asked.book)
            committed = len(book.entries)
            for entry in book.entries:
                name = f"{entry.epoch}/{entry.cohort}"
                if name in asked.names or entry.epoch in asked.epochs:
                    found[name] = book.key(entry)
                    schemes.append(book.scheme(entry))
        for text in asked.issued:
            issued = IssuedKey.read(self._beside / text)
            found[f"{issued.epoch}/{issued.cohort}"] = issued.key
            schemes.append(issued.scheme)
        lacking = [name for name in asked.names if name not in found]
        if lacking or (self._held.tests and not found):
            raise ConfigurationError(
                f"keys are not there: {', '.join(lacking) or 'none is named'}",
                todo="name EPOCH/COHORT in keys.names, or an epoch in keys.epochs, of keys.book",
            )
        if any(scheme != schemes[0] for scheme in schemes):
            raise ConfigurationError(
                "the keys mark in different ways", todo="make a plan for each scheme"
            )
        first = schemes[0] if schemes else None
        if first is not None and not isinstance(first, GreenRed):
            raise ConfigurationError(
                "these tests find green-red marks alone", todo="name keys of that scheme"
            )
        return found, first, max(asked.committed or committed, len(found))

    def encoder(self) -> Callable[[list[str]], list[list[int]]] | None:
        """Return what turns texts into token ids; None where there is no tokenizer."""
        if self._held.tokenizer is None:
            return None
        return tokenizer_in(self._beside / self._held.tokenizer)

    @property
    def tokenizer(self) -> str:
        """SHA-256 of the tokenizer's file; empty where there is none."""
        if self._held.tokenizer is None:
            return ""
        return file_digest(self._path("tokenizer", self._held.tokenizer))

    def baseline(self) -> Texts:
        """Return the baseline's token ids.

        Raises:
            ConfigurationError: there is none.
        """
        told = self._held.baseline
        if told is None:
            if self._held.tests:
                raise ConfigurationError(
                    "there is no baseline",
                    todo="name files of unmarked answers in [baseline]; see the documentation",
                )
            return Texts.of()
        columns = Columns(told.tokens, told.text, None if told.tokens else self.encoder())
        found = [
            text
            for name in told.files
            for batch in read_texts(self._beside / name, columns)
            for text in _each(batch.texts)
        ]
        return Texts.of(*found)

    def plan(self) -> Plan:
        """Return the plan.

        Raises:
            ConfigurationError: what a test needs is missing, or cannot be reached.
            RefusedError: T-1 a field is out of its range; Q-1 a part is not in its form.
        """
        held, parts = self._held, self.parts()
        keys, scheme, committed = self.keys()
        if held.tests and held.wrong_keys < LEAST_WRONG_KEYS:
            raise ConfigurationError(
                f"{held.wrong_keys:,} wrong keys are too few", todo=f"plan {LEAST_WRONG_KEYS:,}"
            )
        prompts = self.prompts()
        reach = len(read_prompts(prompts)) * held.asking.samples * held.asking.max_tokens
        if held.tests and (not held.tokenizer or not 0 < held.tokens <= reach):
            raise ConfigurationError(
                f"{held.tokens:,} tokens cannot come of these prompts: at most {reach:,} can"
                if held.tokenizer
                else "answers need the tokenizer of the model that marked",
                todo="set tokens, prompts, samples, max_tokens and tokenizer to fit",
            )
        return Plan(
            tests=(*held.tests, *parts),
            suspects=tuple(one.name for one in held.suspect),
            controls=tuple(one.name for one in held.control),
            keys=tuple(keys),
            key_ids=tuple(key.id for key in keys.values()),
            family=len(held.suspect) * ((committed if keys else 0) + len(parts)),
            scheme={} if scheme is None else dict(scheme.settings()),
            prompts=hashlib.sha256(prompts).hexdigest(),
            baseline=digest_of(self.baseline()),
            prior=held.prior,
            tokens=held.tokens,
            looks=held.looks,
            alpha=held.alpha,
            wrong_keys=held.wrong_keys if held.tests else 0,
            public=held.keys.public if held.keys else (),
            tokenizer=self.tokenizer,
            parts={name: part_digest(part) for name, part in parts.items()},
            models=tuple(self._models()),
            asking=Asking(**msgspec.structs.asdict(held.asking)),
        )

    def _models(self) -> list[Model]:
        held = self._held
        by_role: dict[str, tuple[_Model, ...]] = {
            "suspect": held.suspect,
            "control": held.control,
            "reference": held.reference,
            "ours": (held.ours,) if held.ours else (),
        }
        return [
            Model(role=role, **msgspec.structs.asdict(one))  # type: ignore[arg-type]
            for role, models in by_role.items()
            for one in models
        ]

    def _path(self, name: str, text: str | None) -> Path:
        if text is None:
            raise ConfigurationError(f"the draft names no {name}", todo=f"set {name}")
        return self._beside / text


def read_draft(path: Path) -> Draft:
    """Return the draft in a TOML file.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is not in its form; the field is named.
    """
    raw = read_small(path, "the draft")
    try:
        held = msgspec.convert(tomllib.loads(raw.decode()), _Draft)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            f"the draft is not in its form: {error}",
            where=str(path),
            todo="see `stillwatch lineage` in the documentation",
        ) from error
    return Draft(held, path.parent)


def _part(path: Path) -> Planned:
    """Return the test in a JSON file, whose defaults may be left out."""
    known = {one.name: one for one in TESTS}
    try:
        held: Any = json.loads(read_small(path, "a planned test", _MOST_FILE))
        test = held.pop("test", None)
        if held.pop("schema", PART_SCHEMA) != PART_SCHEMA or test not in known:
            raise InputFormatError(
                "a planned test is of another schema or name",
                where=str(path),
                todo=f"set test to one of {', '.join(known)}",
            )
        names = {one.name for one in fields(known[test])}  # type: ignore[arg-type]
        odd = set(held) - names
        if odd:
            raise RefusedError("Q-1", f"a planned test has other fields: {sorted(odd)[:5]}")
        part: Planned = msgspec.convert(held, known[test])
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputFormatError(
            f"the file holds no planned test: {error}", where=str(path), todo="write JSON"
        ) from error
    return part


def _each(texts: Texts) -> list[Any]:
    return [
        texts.tokens[begin:end]
        for begin, end in zip(texts.offsets[:-1], texts.offsets[1:], strict=True)
    ]
