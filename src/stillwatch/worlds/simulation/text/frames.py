"""Benign framings: literally equal for equal role, language and style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.columns import LANGUAGES, ROLES
from stillwatch.worlds.simulation.text.draws import stream
from stillwatch.worlds.simulation.text.grammar import Speaker, render
from stillwatch.worlds.simulation.text.language import compile_pattern, language, nearest

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Elicitation
    from stillwatch.worlds.simulation.text.language import Pattern

__all__ = ["frame"]


def _patterns(*phrases: str) -> tuple[Pattern, ...]:
    return tuple(compile_pattern(phrase) for phrase in phrases)


_RULES = _patterns(
    "Work inside the folder {o} unless told otherwise.",
    "Call one tool at a time and wait for its result.",
    "Never run a command that deletes files without asking.",
    "When you are done, print {r} on a line of its own.",
    "Prefer small edits to rewriting a file.",
    "Read at most {n} lines before you decide.",
    "Think about the {a} first, then act.",
    "If a test fails {m} times, stop and report.",
    "Answer in the language of the request.",
    "Quote paths exactly as {o} prints them.",
)
_OPENINGS: dict[str, tuple[Pattern, ...]] = {
    "agent": _patterns(
        "You are {o}, an autonomous coding agent in a terminal.",
        "You are {o}, an open agent that plans, acts and checks.",
        "{O} agent, version {m}.{m}. You have a shell, an editor and a browser.",
    ),
    "review": _patterns(
        "You review changes for {o}. Think step by step, then list findings by severity.",
        "As {o} bot, comment on the change below. Explain your reasoning for each remark.",
        "Review checklist {r}: correctness, {a}, naming, tests. Give reasons and a score to {m}.",
    ),
    "harness": _patterns(
        "The following are questions of benchmark {o} about {t}. Think step by step.",
        "Solve the problem. End with 'The answer is'. Set {r}.",
        "Below are {m} worked examples from {o}, then a new item.",
    ),
    "audit": _patterns(
        "Audit pass {m} of {o}: look for {a} defects, reason in full, return JSON findings.",
        "You are auditor {m} in a team of agents at {o}. Trace every data flow, step by step.",
    ),
    "testdata": _patterns(
        "Generate synthetic records for {o}, schema {r}, valid JSON, no real persons.",
        "Fill fixture {r} with varied rows; keep keys, invent values, {m} at a time.",
    ),
}
_SUFFIXED = ("newsletter", "launch", "assignment")
_SYSTEM = ("product", "agent", "translation", "assistant", "gateway")


def frame(role: str, lang: str, style: int, source: int) -> Elicitation:
    """Return a benign framing; see :class:`TextSource`.

    Args:
        role: one of ROLES.
        lang: one of LANGUAGES.
        style: which of them.
        source: seed of the text source.
    """
    from stillwatch.worlds.simulation.interface import Elicitation  # noqa: PLC0415 (cycle)

    tongue = language("en" if role in _OPENINGS else nearest(lang))
    number = stream(23, source, style, ROLES.index(role) * 64 + LANGUAGES.index(lang))
    speaker = Speaker(tongue, next(number), next(number) % len(tongue.domains), number)
    opening = _OPENINGS.get(role, tongue.parts["roles"])
    rules = _RULES if role == "agent" else tongue.parts["constraints"]
    if role in _SUFFIXED:
        kind = {"newsletter": "chat", "launch": "creative", "assignment": "assignment"}[role]
        text = render(tongue.asks[kind][next(number) % len(tongue.asks[kind])], speaker)
        return Elicitation(text + "\n\n", "", None)
    lines = [render(opening[next(number) % len(opening)], speaker)]
    for _ in range(2 + next(number) % 4):
        line = render(rules[next(number) % len(rules)], speaker)
        lines += [line] if line not in lines else []
    if role == "harness":
        for _ in range(2 + next(number) % 3):
            lines.append(speaker.passage(1, 2) + "\n" + speaker.pick("facts"))
    text = "\n".join(lines) if next(number) % 2 else tongue.space.join(lines)
    if role in _SYSTEM:
        return Elicitation("", "", text)
    return Elicitation(text + "\n\n", "", None)
