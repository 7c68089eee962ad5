"""Suspects and controls are asked what a plan says, and every byte of it is kept.

`questions` lists what is asked, `protocols` spells it, `pace` bounds it, `asker` sends it, and
`transcripts` holds what came back.
"""

from stillwatch.prove.lineage.querying.asker import Asker
from stillwatch.prove.lineage.querying.limits import Limits, Tally, check_key, most_of
from stillwatch.prove.lineage.querying.pace import Budget, Pace, Spent
from stillwatch.prove.lineage.querying.protocols import Said, read_answer
from stillwatch.prove.lineage.querying.questions import (
    PROMPTS,
    Prompt,
    Question,
    questions_of,
    read_prompts,
)
from stillwatch.prove.lineage.querying.transcripts import Line, Transcript, read_lines

__all__ = [
    "PROMPTS",
    "Asker",
    "Budget",
    "Limits",
    "Line",
    "Pace",
    "Prompt",
    "Question",
    "Said",
    "Spent",
    "Tally",
    "Transcript",
    "check_key",
    "most_of",
    "questions_of",
    "read_answer",
    "read_lines",
    "read_prompts",
]
