"""A plan's folder, as a bundle of evidence takes it: what is asked, what came back, what it shows.

``plan.json``, ``plan.note`` or ``plan.json.*.tsr``, ``prompts.jsonl``, ``planned/<test>.json`` are
written once; ``transcripts/<model>.jsonl`` grow; ``results.json`` and reports come last.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError, RefusedError
from stillwatch.prove.lineage.blackbox.planning import encoded
from stillwatch.prove.lineage.blackbox.registry import decoded
from stillwatch.prove.lineage.plans import Plan, verify_plan
from stillwatch.prove.lineage.querying.protocols import body_of, url_of
from stillwatch.prove.lineage.querying.questions import questions_of, read_prompts
from stillwatch.prove.lineage.querying.transcripts import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from stillwatch.ledger import VerifyKey
    from stillwatch.prove.evidence import Authority
    from stillwatch.prove.lineage.asking import Asking, Model
    from stillwatch.prove.lineage.blackbox.interface import Planned
    from stillwatch.prove.lineage.querying.protocols import Said
    from stillwatch.prove.lineage.querying.questions import Prompt, Question
    from stillwatch.prove.lineage.querying.transcripts import Line

__all__ = ["PLAN", "RESULTS", "Folder", "Kept", "file_digest"]

PLAN = "plan.json"
"""File of the plan."""
RESULTS = "results.json"
"""File of the results."""

_MOST = 1 << 28


@dataclass(frozen=True, slots=True)
class Kept:
    """One question with what came of it."""

    question: Question
    """What was asked."""
    line: Line
    """The last line of it, ``answered`` or ``unanswered``, without request and response."""
    said: Said | None
    """What was answered, without log probabilities; None where nothing was."""


class Folder:
    """A plan's folder, opened; what it says is checked against the plan as it is read.

    Raises:
        SourceNotFoundError: there is no plan.
        RefusedError: T-1 the plan is not in its form.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """Where it is."""
        self.plan = Plan.decode(read_small(path / PLAN, "the plan", _MOST))
        """What was planned."""

    @classmethod
    def make(
        cls,
        path: Path,
        plan: Plan,
        note: bytes | None,
        prompts: bytes,
        parts: Mapping[str, Planned],
    ) -> Folder:
        """Write a new folder; the plan last.

        Raises:
            OutputError: the folder holds a plan already, or cannot be written.
        """
        if (path / PLAN).exists():
            raise OutputError(
                "the folder holds a plan already", where=str(path), todo="name a new folder"
            )
        try:
            (path / "transcripts").mkdir(parents=True, exist_ok=True)
            if plan.keyed:
                write_whole(path / "prompts.jsonl", prompts)
            if parts:
                (path / "planned").mkdir(exist_ok=True)
            for name, part in parts.items():
                write_whole(path / "planned" / f"{name}.json", encoded(part))
            if note is not None:
                write_whole(path / "plan.note", note)
            write_whole(path / PLAN, plan.encode())
        except OSError as error:
            raise OutputError(
                f"the plan's folder cannot be written: {error.strerror}",
                where=str(path),
                todo="name a folder that you can write to",
            ) from error
        return cls(path)

    @property
    def asking(self) -> Asking:
        """How models are asked.

        Raises:
            ConfigurationError: the plan names no endpoint.
        """
        if self.plan.asking is None:
            raise ConfigurationError(
                "the plan says nothing of how models are asked",
                where=str(self.path),
                todo="make it with `stillwatch lineage plan`",
            )
        return self.plan.asking

    def committed(self, keys: Sequence[VerifyKey], authorities: Sequence[Authority]) -> int:
        """Return when the plan was committed, seconds since 1970: by the last of all who say so.

        Args:
            keys: whose notes count.
            authorities: whose timestamps count.

        Raises:
            RefusedError: T-2 it is committed by nobody given here, or by a note of another plan;
                L-4 to L-7, T-2 a note or timestamp does not hold.
        """
        moments = []
        note = self.path / "plan.note"
        if note.exists() and keys:
            moments.append(verify_plan(self.plan, read_small(note, "the plan's note"), keys))
        if authorities:
            from stillwatch.prove.evidence import verify_stamp  # noqa: PLC0415 - an extra

            for path in sorted(self.path.glob(f"{PLAN}.*.tsr")):
                raw = read_small(path, "a timestamp")
                stamp = verify_stamp(raw, self.plan.encode(), authorities, "T-2")
                moments.append(int(stamp.time.timestamp()))
        if not moments:  # T-2
            raise RefusedError(
                "T-2",
                "nobody who is trusted here has committed to the plan",
                where=str(self.path),
                todo="give --signed-by for plan.note, or --root for plan.json.*.tsr",
            )
        return max(moments)

    def parts(self) -> dict[str, Planned]:
        """Return the tests without a watermark, by name.

        Raises:
            RefusedError: T-8 one is another than planned; Q-1 it is not in its form.
        """
        found = {}
        for name, digest in self.plan.parts.items():
            raw = read_small(self.path / "planned" / f"{name}.json", "a planned test", _MOST)
            if hashlib.sha256(raw).hexdigest() != digest:  # T-8
                raise RefusedError("T-8", "a test is another than planned", where=name)
            found[name] = decoded(raw)
        return found

    def prompts(self) -> list[Prompt]:
        """Return the prompts for tests under keys.

        Raises:
            RefusedError: T-8 they are others than planned.
            InputFormatError: a line is not in its form.
        """
        if not self.plan.keyed:
            return []
        raw = read_small(self.path / "prompts.jsonl", "the prompts", _MOST)
        if hashlib.sha256(raw).hexdigest() != self.plan.prompts:  # T-8
            raise RefusedError("T-8", "the prompts are others than planned")
        return read_prompts(raw)

    def questions(self) -> Iterator[tuple[Model, list[Question]]]:
        """Yield every model with all that it is asked."""
        prompts, parts = self.prompts(), self.parts()
        for model in self.plan.models:
            yield model, questions_of(model, self.asking, prompts, parts)

    def transcript(self, model: Model) -> Path:
        """Return a model's transcript."""
        return self.path / "transcripts" / f"{model.name}.jsonl"

    def kept(
        self, model: Model, questions: Sequence[Question], committed: int, *, open_: bool = False
    ) -> list[Kept]:
        """Return what came of each question, in the plan's order.

        Args:
            model: whose transcript.
            questions: all that it is asked.
            committed: when the plan was, seconds since 1970.
            open_: whether questions may be open; then what comes before the first open one is
                returned, so that nobody can leave an answer out.

        Raises:
            RefusedError: T-3 a request was sent before the plan was committed; T-6, T-7 as
                `read_lines`; T-9 a request is another than planned, or a question is open.
        """
        found: dict[int, Kept] = {}
        path = self.transcript(model)
        for number, line in enumerate(read_lines(path, self.plan.digest, model.name), 1):
            where = f"{path.name}:{number}"
            if int(line.moment.timestamp()) <= committed:  # T-3
                raise RefusedError(
                    "T-3", "a model was asked before the plan was committed", where=where
                )
            question = questions[line.question] if 0 <= line.question < len(questions) else None
            if question is None or not self._planned(model, question, line):  # T-9
                raise RefusedError("T-9", "a request is another than planned", where=where)
            if line.outcome != "failed":
                found[question.number] = _kept(question, line)
        if open_:
            return [found[at] for at in takewhile(found.__contains__, range(len(questions)))]
        if len(found) < len(questions):  # T-9
            raise RefusedError(
                "T-9",
                f"{len(questions) - len(found):,} of {len(questions):,} questions are open",
                where=model.name,
                todo="run `stillwatch lineage query` again; --give-up ends what cannot be asked",
            )
        return [found[at] for at in range(len(questions))]

    def _planned(self, model: Model, question: Question, line: Line) -> bool:
        named = (line.part, line.item, line.sample) == (
            question.part,
            question.item,
            question.sample,
        )
        sent = (line.url, line.protocol) == (url_of(model), model.protocol)
        return named and sent and line.request.encode() == body_of(model, self.asking, question)


def _kept(question: Question, line: Line) -> Kept:
    """Return a question's last line without its bytes, which would not fit into the memory."""
    said = line.said() if line.outcome == "answered" else None
    light = msgspec.structs.replace(line, request="", raw=None, raw_base64=None)
    return Kept(question, light, said and replace(said, logprobs=None))


def file_digest(path: Path) -> str:
    """Return SHA-256 of a file of any size, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
