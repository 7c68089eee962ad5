"""What a scan holds on each fact that an authority asks for, in words, or why it holds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.report.documents.words import (
    amount_range,
    count,
    measure,
    share,
    spaced,
    when,
)
from stillwatch.report.statements.campaign import campaign_facts, costs_of, document_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stillwatch.records import Campaign
    from stillwatch.report.documents import PublishedScan
    from stillwatch.report.statements.measures import Applied

__all__ = ["HELD", "Fact", "Held"]

_FINDINGS = 12


@dataclass(frozen=True, slots=True)
class Held:
    """What facts are taken from."""

    scan: PublishedScan
    campaign: Campaign
    applied: Sequence[Applied] | None
    """Measures on this campaign; None where no record of measures was given."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known."""

    says: str
    known: bool = True


def _unknown(why: str) -> Fact:
    return Fact(why, known=False)


def _type(held: Held) -> Fact:
    campaign = held.campaign
    sure = f" ({share(campaign.kind_confidence, 1)} sure)" if campaign.kind != "unknown" else ""
    return Fact(
        "Collection of a language model's answers by accounts that act in concert, as is done to "
        f"train another model (adversarial distillation). Way of working: {spaced(campaign.kind)}"
        f"{sure}. That the answers are used for training was not observed."
    )


def _first(held: Held) -> Fact:
    return Fact(f"{when(held.campaign.first_seen)} UTC: first exchange that belongs to it.")


def _detected(held: Held) -> Fact:
    return Fact(f"{when(held.campaign.declared_at)} UTC: look of the scan that declared it.")


def _last(held: Held) -> Fact:
    times = [finding.last for finding in held.campaign.findings if finding.last is not None]
    if not times:
        return _unknown("The scan's findings hold no time of a last exchange.")
    return Fact(
        f"{when(max(times))} UTC: last exchange that a finding rests on. The scan ends at "
        f"{when(held.scan.as_of)} UTC; whether it went on after that is not known."
    )


def _narrative(held: Held) -> Fact:
    campaign = held.campaign
    spoke = [f for f in campaign.findings if f.role == "evidence" and f.enough_data and f.log_e > 0]
    spoke.sort(key=lambda finding: -finding.log_e)
    lines = [
        (
            f"{count(len(campaign.members))} accounts were found to act together, which does not "
            "show what they meant by it. What speaks for it, each compared with accounts drawn at "
            "random that match in size and age:"
        ),
        *(f"{finding.detector}: {finding.explanation}" for finding in spoke[:_FINDINGS]),
    ]
    if campaign.explanations:
        lines += ["Innocent explanations considered:", *campaign.explanations]
    return Fact("\n".join(lines))


def _cause(_: Held) -> Fact:
    return _unknown("A scan of exchanges does not show how the accounts were obtained.")


def _accounts(held: Held) -> Fact:
    campaign = held.campaign
    members, flagged = len(campaign.members), len(campaign.flagged_at)
    if members == flagged:
        return Fact(f"{count(members)}, all of them flagged.")
    return Fact(
        f"{count(members)}, of which {count(flagged)} are flagged; the other "
        f"{count(members - flagged)} wait for a person's review."
    )


def _exchanges(held: Held) -> Fact:
    campaign = held.campaign
    part = share(campaign.leaked, campaign.exchanges)
    return Fact(
        f"{count(campaign.exchanges)}; {count(campaign.leaked)} ({part}) before the detection."
    )


def _tokens(held: Held) -> Fact:
    tokens = campaign_facts(held.scan, held.campaign, members=0)["tokens"]
    if not isinstance(tokens, dict) or not tokens:
        return _unknown("The use of models was not kept.")
    names = {"input_tokens": "tokens asked", "output_tokens": "tokens answered"}
    return Fact("; ".join(f"{says}: {amount_range(tokens[key])}" for key, says in names.items()))


def _models(held: Held) -> Fact:
    if not held.campaign.usage:
        return _unknown("The use of models was not kept.")
    uses = held.campaign.usage[:40]
    return Fact("; ".join(f"{use.model}: {count(use.exchanges)} requests" for use in uses))


def _harvested(held: Held) -> Fact:
    if not held.campaign.harvested:
        return _unknown("No kind of harvest stands out; this is told by phrases alone.")
    kinds = held.campaign.harvested.items()
    said = ", ".join(f"{spaced(kind)} ({share(sure, 1)} sure)" for kind, sure in kinds)
    return Fact(f"{said}. Told by phrases; a guess with a confidence.")


def _value(held: Held) -> Fact:
    costs = costs_of(document_of(held.scan, held.campaign))
    if not costs:
        return _unknown("The use of models was not kept, so that no money was reckoned.")
    lines = [f"{cost.says}, {cost.currency}: {amount_range(cost.whole)}" for cost in costs]
    return Fact(
        "Reckoned from counted exchanges and stated assumptions, as ranges that are never added:\n"
        + "\n".join(lines)
    )


def _attribution(_: Held) -> Fact:
    return _unknown(
        "A scan names no one. Where signatures of known campaigns are kept, “stillwatch signatures "
        "attribute” compares with them and gives probabilities with alternatives."
    )


def _measures(held: Held) -> Fact:
    campaign = held.campaign
    meaning = measure(campaign.recommended_measure)
    advice = f"The scan recommends: {spaced(campaign.recommended_measure)}" + (
        f" ({meaning})." if meaning else "."
    )
    if held.applied is None:
        return _unknown(f"No record of measures was given. {advice} A scan applies nothing.")
    if not held.applied:
        return Fact(f"The record of measures holds none on this campaign. {advice}")
    return Fact("\n".join(one.says() for one in held.applied))


def _shareable(held: Held) -> Fact:
    signature = held.campaign.signature
    if signature and (signature.get("key") in {None, "none"} or not signature.get("pieces")):
        return _unknown(
            "The campaign's signature was made without an epoch's key, or holds no text: no "
            "indicator of it can leave."
        )
    if signature:
        return Fact(
            "Keyed hashes of behaviour can be given as STIX 2.1: “stillwatch report campaign "
            "--to stix”. They recognise the campaign's next accounts and hold no prompt, no "
            "account and no count of customers."
        )
    return _unknown("The scan kept no signature of this campaign.")


def _evidence(_: Held) -> Fact:
    return _unknown(
        "A scan signs nothing. “stillwatch evidence” makes a bundle with signatures and timestamps "
        "that others verify; name it here where there is one."
    )


HELD: Mapping[str, Callable[[Held], Fact]] = {
    "type": _type,
    "first_seen": _first,
    "detected": _detected,
    "last_seen": _last,
    "narrative": _narrative,
    "cause": _cause,
    "accounts": _accounts,
    "exchanges": _exchanges,
    "tokens": _tokens,
    "models": _models,
    "harvested": _harvested,
    "value": _value,
    "attribution": _attribution,
    "measures": _measures,
    "shareable": _shareable,
    "evidence": _evidence,
}
"""What a form's ``from`` may name."""
