"""Wordings that draw out capability: fixed, varied or freely reworded, one grammar a target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_CHOICE = re.compile(r"\{([^{}]*)\}")

TARGETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "reasoning": (
        (
            (
                "{Solve|Work through|Answer|Tackle|Consider} the {problem|question|exercise|item} "
                "{below|that follows|given here}{.|:}"
            ),
            "You are {an expert|a careful|a patient|a senior} {tutor|analyst|reasoner|solver}.",
            (
                "{Before|Prior to} {answering|replying|concluding}, {think|reason|go} "
                "{at length|in full|thoroughly}."
            ),
        ),
        (
            (
                "{Write out|Lay out|Spell out|Record|Set down} {every|each|all} {intermediate|single|} "
                "{step|steps|thought|thoughts|inference|inferences} {inside|between|within} <tag> "
                "{and|, then} {finish|end|close} {with|by giving} the {result|answer|conclusion} "
                "{in|after} <key>."
            ),
            (
                "{Do not|Never} {skip|omit|shorten} {your|the} {reasoning|deliberation|derivation}"
                "{; include dead ends|, including what you ruled out|}."
            ),
            (
                "{Check|Verify|Revisit} {the|your} {answer|result} {twice|from another angle|again} "
                "{and say|and note|, noting} {what changed|whether it holds}."
            ),
        ),
    ),
    "grading": (
        (
            (
                "{Act as|You are|Serve as} {a strict|an impartial|a calibrated} "
                "{judge|grader|evaluator|marker}."
            ),
            (
                "{Here is|Below is|Consider} a {task|prompt|request} {and|with} a {candidate|draft} "
                "{reply|answer|response}."
            ),
        ),
        (
            (
                "{Score|Rate|Grade} it {from 1 to <num>|on a <num>-point scale} for "
                "{accuracy|correctness}, {depth|detail} and {tone|clarity}, {with|giving} a "
                "{justification|rationale|reason} {per|for each} {criterion|axis|dimension}."
            ),
            "{Return|Output|Give} JSON with {the keys|fields} <key>, <tag> and rationale.",
        ),
    ),
    "rewrite": (
        (
            (
                "{Rewrite|Rephrase|Recast} {the following|this|the text below} so that "
                "{nothing sensitive remains|it is safe to publish|it passes {review|moderation}}."
            ),
            "{Keep|Preserve} the {meaning|substance|facts}, {change|soften} the {wording|tone}.",
        ),
        (
            (
                "{Give|Offer|Produce} <num> {versions|variants|alternatives} {ordered|sorted} "
                "{from mild to neutral|by directness}, {separated by|split with} <tag>."
            ),
        ),
    ),
    "tools": (
        (
            (
                "{You control|You have|Available are} {these|the} {tools|functions}: "
                "{search, run, edit|browse, calc, write|query, fetch, patch}, <key>."
            ),
            "{Plan|Decide} {first|beforehand}, then {call|use|invoke} {one|a} tool {at a time|per turn}.",
        ),
        (
            (
                "{Emit|Print|Write} {each|every} call as <tag>[name, arguments, why] "
                "{and|then} {wait for|assume} {an observation|its result}."
            ),
            "{End|Finish} {with|by} <key> {once|when} the {goal|task} is {done|met|reached}.",
        ),
    ),
    "coding": (
        (
            (
                "{Implement|Write|Produce} {a complete|a production-grade|an idiomatic} "
                "{solution|implementation} {for|of} {this|the following}{:|.}"
            ),
            "{Assume|Target} {a modern|a recent} {toolchain|runtime}.",
        ),
        (
            (
                "{First|Start by} {explain|describe} {the|your} {design|approach}, {then|next} "
                "{the code|code}, {then|and} <num> {tests|unit tests} {with|covering} edge cases."
            ),
            (
                "{Comment|Annotate} {every|each} {non-trivial line|branch|block} {with|by} "
                "{its reason|why it is there}; wrap the code in <tag>."
            ),
        ),
    ),
    "dialogue": (
        (
            (
                "{Continue|Write|Simulate} {a|the} {natural|realistic} {conversation|dialogue} "
                "{between|of} {a user and an assistant|two people} {about|on} {this|the matter below}{:|.}"
            ),
        ),
        (
            (
                "{At least|No fewer than} <num> {turns|exchanges}, {the assistant|the helper} "
                "{asks back|clarifies} {twice|where needed}; {prefix|mark} lines with <tag>."
            ),
        ),
    ),
    "instructions": (
        (
            (
                "{Come up with|Invent|Generate|Create} <num> {new|diverse|varied} {tasks|instructions} "
                "{like|in the spirit of|inspired by} {this|the seed below}{:|.}"
            ),
        ),
        (
            (
                "{Give|Include} {an input|a context} and {the ideal|a model} {output|answer} for each, "
                "{no two|none of them} {sharing|with the same} {verb|topic}; {separate|split} by <tag>."
            ),
        ),
    ),
    "vision": (
        (
            (
                "{Describe|Caption|Annotate} the {attached|given} image {for|on behalf of} "
                "{a reader|someone} who cannot see it{.|;} {context|note}:"
            ),
        ),
        (
            (
                "{List|Enumerate} {objects|regions}, {positions|places} and {relations|links} "
                "{then|and finally} <num> {questions|question-answer pairs} {about|on} it in <key>."
            ),
        ),
    ),
}
"""Openings and closings by target; <tag>, <key> and <num> are filled once a campaign."""

_SYNONYMS = {
    "every": "each",
    "answer": "reply",
    "give": "provide",
    "write": "compose",
    "step": "stage",
    "then": "afterwards",
    "with": "using",
    "finish": "wrap up",
    "the": "this",
    "first": "initially",
    "text": "passage",
    "reasoning": "thinking",
    "and": "as well as",
    "careful": "meticulous",
    "question": "query",
    "result": "outcome",
    "code": "program",
    "explain": "clarify",
}
_LINKS = ("\n", "\n\n", " ", " — ", ". ", "\n---\n")


def expand(text: str, rnd: random.Random) -> str:
    """Return text with each {a|b|c}, inner ones first, replaced by one of its alternatives."""
    while (found := _CHOICE.search(text)) is not None:
        chosen = rnd.choice(found.group(1).split("|"))
        text = text[: found.start()] + chosen + text[found.end() :]
    return text


class Elicitation:
    """How one campaign words its requests for one target."""

    def __init__(self, rnd: random.Random, target: str, *, templates: int, freedom: str) -> None:
        """Draw a campaign's wording.

        Args:
            rnd: source of chance.
            target: key of TARGETS.
            templates: number of fixed wordings kept.
            freedom: fixed, varied (a fresh expansion each time), free (also synonyms and order),
                suffix (a short closing alone) or bare (no wording at all).
        """
        self.target, self.freedom = target, freedom
        before, after = TARGETS[target]
        names = [rnd.choice("abcdefghkmnprstvw") + str(rnd.randrange(100)) for _ in range(2)]
        words = ("think", "trace", "work", "notes", "final", "out", "sol", "ans", "log")
        self.fill = {
            "<tag>": f"<{rnd.choice(words)}{rnd.choice(('', '_' + names[0]))}>",
            "<key>": f"{rnd.choice(words)}_{names[1]}",
            "<num>": str(rnd.randrange(3, 13)),
        }
        self.before = rnd.sample(before, rnd.randint(1, len(before)))
        self.after = rnd.sample(after, rnd.randint(1, len(after)))
        self.link = rnd.choice(_LINKS)
        self.fixed = [self._frame(rnd) for _ in range(templates)]

    def _filled(self, text: str, rnd: random.Random) -> str:
        text = expand(text, rnd)
        for slot, value in self.fill.items():
            text = text.replace(slot, value)
        return text

    def _frame(self, rnd: random.Random) -> tuple[str, str]:
        before = " ".join(self._filled(t, rnd) for t in self.before)
        after = " ".join(self._filled(t, rnd) for t in self.after)
        return ("", after) if self.freedom == "suffix" else (before, after)

    def _reword(self, text: str, rnd: random.Random) -> str:
        words = text.split(" ")
        return " ".join(
            _SYNONYMS.get(w, w) if rnd.random() < 0.5 else w for w in words if rnd.random() > 0.06
        )

    def wrap(self, body: str, rnd: random.Random) -> str:
        """Return the request for one body."""
        if self.freedom == "bare":
            return body
        if self.freedom in {"fixed", "suffix"}:
            before, after = rnd.choice(self.fixed)
            link = self.link
        else:
            before, after = self._frame(rnd)
            link = rnd.choice(_LINKS)
        if self.freedom == "free":
            before, after = self._reword(before, rnd), self._reword(after, rnd)
            if rnd.random() < 0.3:
                before, after = after, before
            if rnd.random() < 0.25:
                before = ""
        return link.join(part for part in (before, body, after) if part)
