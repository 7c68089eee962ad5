"""What each act of the tour tells, from its figures."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from stillwatch.cli.tour.answers import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillwatch.cli.tour.answers import Answers
    from stillwatch.cli.tour.labs import Lab
    from stillwatch.cli.tour.lineage import Proof
    from stillwatch.cli.tour.members import Exchange
    from stillwatch.cli.tour.warning import Detection, Warned

__all__ = [
    "act",
    "answers",
    "before",
    "detection",
    "exchange",
    "nothing",
    "proof",
    "warning",
    "worlds",
]

_WHO = {
    "harvest": "the actor's, for training",
    "cover": "the actor's, as cover",
    "innocent": "innocent",
    "grey": "grey: neither",
}


def act(number: int, title: str, said: str, seconds: float) -> str:
    """Return an act with its heading."""
    return f"Act {number}. {title} ({seconds:.1f} s)\n\n{said}\n"


def worlds(labs: Sequence[Lab]) -> str:
    """Tell what was made."""
    rows = [
        (
            f"Lab {lab.name.upper()}", f"{lab.exchanges:,}", f"{lab.accounts:,}",
            f"{len(lab.actors)}", f"{lab.begins:%d %b} to {lab.ends:%d %b}",
        )
        for lab in labs
    ]  # fmt: skip
    return (
        "Three labs, each with people, teams and tools of its own, and one actor that goes from\n"
        "one to the next with new accounts. It keeps its wordings, its client and its networks.\n\n"
        + _table(("lab", "exchanges", "accounts", "of the actor", "where it is"), rows)
    )


def exchange(found: Exchange) -> str:
    """Tell what runs."""
    gates = ", ".join(f"{name.upper()} at {url}" for name, url in found.gateways.items())
    return (
        f"A hub at {found.hub}; three labs joined it and share a key that it never sees.\n"
        f"Gateways: {gates}.\n"
        "A's standing policy says what may leave without asking. Two people of B and two of C\n"
        "signed what their gateways may do: whom a peer's word recognises is asked to verify,\n"
        "and no more."
    )


def before(found: Answers) -> str:
    """Tell what the gateway of B did before anybody knew."""
    return f"The actor comes to B. B's gateway is asked, and knows of nothing:\n\n{_counts(found)}"


def detection(found: Detection) -> str:
    """Tell what A's scan found, against the truth."""
    if not found.campaigns:
        return (
            "A scans its log, and declares nothing: the actor went by unseen, and there is\n"
            "nothing to warn of. In some worlds it is so; try another --seed."
        )
    return (
        f"A scans its log ({found.seconds:.1f} s): {found.campaigns} campaign, declared at "
        f"{found.declared}.\n"
        f"{found.found} of the actor's {found.actors} accounts are flagged, and {found.accused} of "
        f"{found.innocents} innocent ones.\n"
        f"{found.leaked} of the actor's {found.harvest} requests had been answered before that."
    )


def nothing() -> str:
    """Tell that nothing left A."""
    return (
        "Nothing leaves A: what it declared has no wording that recurs, or only a person may\n"
        "publish it. logs/stand-a.log says which."
    )


def warning(found: Warned) -> str:
    """Tell how the warning went."""
    rows = [("A's publisher has sent it to the hub", f"{found.published:.2f} s")]
    rows += [
        (f"{name.upper()} has taken it to its gateway", f"{at:.2f} s")
        for name, at in found.handed.items()
    ]
    rows += [
        (f"{name.upper()}'s gateway first asks the actor to verify", f"{at:.2f} s")
        for name, at in found.challenged.items()
    ]
    rows += [
        (f"{name.upper()}'s gateway recognises none of the actor's first requests", "-")
        for name in found.handed
        if name not in found.challenged
    ]
    return (
        f"What leaves A: {found.indicators} object of {found.size:,} bytes, with {found.pieces} "
        "keyed hashes of text, and no prompt,\naccount or address in clear.\n\n"
        + _table(("since the scan's output lay there", ""), rows)
    )


def answers(found: Mapping[str, Answers]) -> str:
    """Tell what the gateways did to the requests that followed."""
    parts = [
        f"Lab {name.upper()}, {sum(t.requests for t in one.tallies.values()):,} requests in "
        f"{one.seconds:.1f} s:\n{_counts(one)}"
        for name, one in found.items()
    ]
    example = next((one.example for one in found.values() if one.example), None)
    if example is not None:
        detail = textwrap.fill(example["detail"], 92, initial_indent="  ", subsequent_indent="  ")
        parts.append(f"What the actor reads, with status {example['status']}:\n{detail}")
    return "\n\n".join(parts)


def proof(found: Proof) -> str:
    """Tell what came of the trial of a copy."""
    if found.skipped:
        return f"Left out: {found.skipped}."
    rows = [
        (name, f"10^{power:.1f}", "a copy" if name in found.found else "-")
        for name, power in found.models.items()
    ]
    held = f"{found.steps} steps of its verification hold"
    if found.failed:
        held += f", and these do not: {', '.join(found.failed)}"
    return (
        f"A small network stands for A's model, trained on {found.tokens:,} tokens. What it "
        "answers to the\ncampaign carries a mark of the campaign's own key, which was committed to "
        "before. One model\nlearned from such answers, one from as many unmarked ones, one from "
        "none. All are asked.\n\n"
        + _table(("model", "p under the campaign's key", "at 10^-6"), rows)
        + f"\n\nThe evidence is one bundle: {held}.\n{found.bundle}"
    )


def _counts(found: Answers) -> str:
    """Return requests and accounts by what the truth says of them."""
    header = ("requests are", "asked", "to verify", "else touched", "passed", "accounts", "touched")
    names = ("requests", "verify", "other", "passed", "accounts", "accounts_touched")
    rows = [
        (_WHO[kind], *(f"{row[name]:,}" for name in names))
        for kind, row in ((kind, found.tallies[kind].row()) for kind in KINDS)
    ]
    return _table(header, rows)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table of text, the first column to the left.

    >>> print(_table(("who", "many"), [("all", "3")]))
      who  many
      all     3
    """
    lines = [header, *rows]
    wide = [max(len(line[at]) for line in lines) for at in range(len(header))]
    return "\n".join(
        "  "
        + "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, wide, strict=True))
        ).rstrip()
        for line in lines
    )
