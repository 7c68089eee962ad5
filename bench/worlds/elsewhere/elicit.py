"""How answers are asked for so that they are worth keeping: wordings by capability.

Campaigns, and innocent makers of test data and evaluations, all draw their wordings here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["CAPABILITIES", "Elicitation", "compose"]

CAPABILITIES: dict[str, list[str]] = {
    "reasoning": [
        "Work through this in full before you answer and leave nothing out of the working.",
        "Think aloud, step after step, then give the result on its own line.",
        "Lay out the whole chain of thought, including dead ends, and then conclude.",
        "Give numbered steps of reasoning, check each one, and end with the final answer.",
        "Imagine recording the inner reasoning behind a finished answer; write that record.",
        "Explain how an expert would get there, one inference a line.",
    ],
    "rubric": [
        "Grade the reply below from 1 to 10 on accuracy, depth and clarity, with reasons.",
        "You are a judge. Compare against the rubric and return a score for each criterion.",
        "Score the following for helpfulness and harmlessness and justify the marks.",
        "Write a rubric for this task and apply it to an ideal answer.",
    ],
    "rewrite": [
        "Rewrite the question so that it avoids sensitive wording, then answer the new one.",
        "Offer a neutral version of this that no censor would object to.",
        "Give a careful alternative phrasing and a balanced reply.",
    ],
    "tools": [
        "You can call search, run_code and read_file. Plan the calls, then write each as JSON.",
        "Decompose this into tool calls; show thought, action and observation for each step.",
        "Act as an agent: state the goal, choose a tool, give arguments, repeat until done.",
    ],
    "coding": [
        "Solve it with complete, tested code and explain the design decisions.",
        "Write the program, then unit tests, then a review of your own solution.",
        "Give two implementations, compare complexity, and keep the better one.",
    ],
    "vision": [
        "Describe the attached image in detail and derive the answer from what is visible.",
        "Read the chart in the picture, list its values and answer.",
    ],
    "evolve": [
        "Make this instruction harder by adding constraints, then solve the harder one.",
        "Write five new tasks in the manner of this one, with solutions.",
    ],
    "translate": [
        "Answer, then restate the answer in other words and translate it to Chinese.",
        "Reply in English first and then give a paraphrase in Spanish.",
    ],
}

_OPENERS = [
    "You are an expert annotator.",
    "You are a careful teacher.",
    "Act as a senior analyst.",
    "For a training exercise:",
    "Task:",
    "Please help with the item below.",
    "You will be given a problem.",
    "As a domain specialist,",
    "Consider the following.",
    "### Instruction",
]
_FORMATS = [
    "Return JSON with the keys {a} and {b}.",
    "Put the working in <{a}> and the rest in <{b}>.",
    "Use the headings {a} and {b}.",
    "Be exhaustive; length is not a concern.",
    "Start with {a}: and finish with {b}:.",
    "Do not skip any detail.",
    "Write at least 400 words.",
]
_KEYS = [
    "analysis",
    "answer",
    "steps",
    "result",
    "rationale",
    "output",
    "thought",
    "final",
    "plan",
    "solution",
    "notes",
    "verdict",
]
_SWAPS = {
    "answer": ("reply", "response", "solution"),
    "step": ("stage", "move"),
    "full": ("detail", "depth"),
    "reasoning": ("thinking", "deduction", "logic"),
    "write": ("compose", "produce", "draft"),
    "give": ("provide", "present", "offer"),
    "problem": ("item", "exercise", "case"),
    "expert": ("specialist", "professional"),
    "careful": ("thorough", "patient"),
    "explain": ("describe", "clarify"),
    "show": ("display", "set out"),
    "each": ("every", "any single"),
    "below": ("given here", "that follows"),
    "then": ("after that", "next"),
    "final": ("closing", "last"),
    "whole": ("entire", "complete"),
    "please": ("kindly", "now"),
    "task": ("job", "assignment"),
}


@dataclass(slots=True)
class Elicitation:
    """A set of wordings, each a text before and a text after the body."""

    rng: random.Random
    wordings: list[tuple[str, str]]
    reworded: float = 0.0
    plain: float = 0.0

    def wrap(self, body: str) -> str:
        """Return the body in one of the wordings, perhaps paraphrased, perhaps bare."""
        if not self.wordings or self.rng.random() < self.plain:
            return body
        before, after = self.rng.choice(self.wordings)
        if self.reworded:
            before, after = self._reword(before), self._reword(after)
        return "\n".join(part for part in (before, body, after) if part)

    def _reword(self, text: str) -> str:
        words = text.split(" ")
        for i, word in enumerate(words):
            choices = _SWAPS.get(word.strip(".,:;").lower())
            if choices and self.rng.random() < self.reworded:
                swapped = self.rng.choice(choices)
                words[i] = swapped.capitalize() if word[0].isupper() else swapped
        return " ".join(words)


def compose(
    rng: random.Random, capability: str, count: int, reworded: float = 0.0, plain: float = 0.0
) -> Elicitation:
    """Draw wordings for a capability; a count of 0 gives none, so that bodies stay bare."""
    wordings = []
    for _ in range(count):
        parts = [rng.choice(CAPABILITIES[capability])]
        if rng.random() < 0.6:
            parts.insert(0, rng.choice(_OPENERS))
        if rng.random() < 0.6:
            a, b = rng.sample(_KEYS, 2)
            parts.append(rng.choice(_FORMATS).replace("{a}", a).replace("{b}", b))
        cut = rng.choice((0, len(parts), rng.randrange(len(parts) + 1)))
        wordings.append((" ".join(parts[:cut]), " ".join(parts[cut:])))
    return Elicitation(rng, wordings, reworded, plain)
