"""What a scan says that was not said before: pure, from what is known to what is to be sent.

A subject is withdrawn only by a scan whose log covers its beginning: a campaign that has left a
rolling window was not disproved.  A verdict's time latches, so that only its campaign and its
measure count as changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from stillwatch.records import Campaign, Verdict
from stillwatch.report.documents.ocsf import detection, incident
from stillwatch.report.documents.ocsf_event import Activity, Context, Event, stable_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stillwatch.report.alerts.reading import FoundScan

__all__ = ["Changes", "Draft", "Known", "KnownCampaign", "KnownVerdict", "derive", "playbook_for"]

_EVENTS = 20
_BYTES = 16_000  # the specification of webhooks advises against more than 20 kB


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """A campaign as it was last told."""

    campaign_id: str
    """Its id."""
    kind: str
    """What is harvested."""
    measure: str
    """Recommended measure."""
    review_only: bool
    """Whether a person must decide."""
    first_seen: datetime
    """First harvest exchange."""
    declared_at: datetime
    """Look that declared it."""
    exchanges: int
    """Its exchanges."""
    leaked: int
    """Of these, before the declaration."""
    open: bool = True
    """False once withdrawn."""
    revision: int = 0
    """How often it was told anew."""


@dataclass(frozen=True, slots=True)
class KnownVerdict:
    """A flagged account as it was last told."""

    account_id: str | int
    """As in the input."""
    campaign_id: str | None
    """Campaign it was flagged for."""
    flagged_at: datetime
    """Look that flagged it first."""
    score: float
    """Membership probability."""
    measure: str
    """Recommended measure."""
    first_seen: datetime
    """Where its campaign begins; a log that starts later says nothing of it."""
    flagged: bool = True
    """False once withdrawn."""
    revision: int = 0
    """How often it was told anew."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that was told."""

    campaigns: Mapping[str, KnownCampaign]
    """By id."""
    verdicts: Mapping[str | int, KnownVerdict]
    """By account."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message without its place in line."""

    uid: str
    """Stable id."""
    kind: str
    """As in Message."""
    time: datetime
    """Latest of its events, UTC."""
    playbook: str
    """Address of what to do."""
    events: tuple[Event, ...]
    """OCSF events."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scan adds to what is known."""

    messages: tuple[Draft, ...]
    """To be sent, in order."""
    campaigns: tuple[KnownCampaign, ...]
    """Campaigns to remember as they are now."""
    verdicts: tuple[tuple[str, KnownVerdict], ...]
    """flagged, changed or withdrawn, with the verdict to remember."""


def playbook_for(prefix: str, kind: str) -> str:
    """Return the address of the playbook's part on one kind of alert.

    >>> playbook_for("https://runbooks.example/", "campaign.declared")
    'https://runbooks.example/answer-an-alert/#campaign-declared'
    """
    return f"{prefix}answer-an-alert/#{kind.replace('.', '-')}"


def derive(known: Known, found: FoundScan, prefix: str, group: str) -> Changes:
    """Compare a scan with what was told before.

    Args:
        known: what was told.
        found: a scan's output folder, read.
        prefix: where the playbook's pages begin; ends with a slash.
        group: who is to look at incidents.
    """
    told = _Told(found, prefix, group)
    campaigns: list[KnownCampaign] = []
    drafts: list[Draft] = []
    for campaign in found.campaigns:
        now = _known_campaign(campaign)
        before = known.campaigns.get(campaign.campaign_id)
        if before is None or not before.open:
            now = replace(now, revision=0 if before is None else before.revision + 1)
            drafts += told.campaign("campaign.declared", campaign, now.revision)
        elif _facts(now) != _facts(before):
            now = replace(now, revision=before.revision + 1)
            drafts += told.campaign("campaign.changed", campaign, now.revision)
        else:
            continue
        campaigns.append(now)
    moved = list(_verdicts(known, found))
    drafts += told.verdicts(moved)
    present = {campaign.campaign_id for campaign in found.campaigns}
    for before in known.campaigns.values():
        if before.open and before.campaign_id not in present and _covered(before.first_seen, found):
            now = replace(before, open=False, revision=before.revision + 1)
            drafts += told.campaign("campaign.withdrawn", _record(before), now.revision)
            campaigns.append(now)
    return Changes(tuple(drafts), tuple(campaigns), tuple(moved))


def _verdicts(known: Known, found: FoundScan) -> Iterator[tuple[str, KnownVerdict]]:
    """Yield what changed of accounts: flagged, then changed, then withdrawn."""
    starts = {campaign.campaign_id: campaign.first_seen for campaign in found.campaigns}
    changed, withdrawn = [], []
    for verdict in found.flagged:
        if verdict.flagged_at is None:
            continue
        start = starts.get(verdict.campaign_id or "", verdict.flagged_at)
        now = KnownVerdict(
            verdict.account_id,
            verdict.campaign_id,
            verdict.flagged_at,
            verdict.score,
            verdict.recommended_measure,
            start,
        )
        before = known.verdicts.get(verdict.account_id)
        if before is None or not before.flagged:
            yield "flagged", replace(now, revision=0 if before is None else before.revision + 1)
        elif (before.campaign_id, before.measure) != (now.campaign_id, now.measure):
            kept = replace(now, flagged_at=before.flagged_at, revision=before.revision + 1)
            changed.append(("changed", kept))
    present = {verdict.account_id for verdict in found.flagged}
    for before in known.verdicts.values():
        gone = before.flagged and before.account_id not in present
        if gone and _covered(before.first_seen, found):
            now = replace(before, flagged=False, revision=before.revision + 1)
            withdrawn.append(("withdrawn", now))
    yield from changed
    yield from withdrawn


@dataclass(frozen=True, slots=True)
class _Told:
    """Makes messages of changes."""

    found: FoundScan
    prefix: str
    group: str

    def campaign(self, kind: str, campaign: Campaign, revision: int) -> Iterator[Draft]:
        activity = {
            "campaign.declared": Activity.CREATE,
            "campaign.changed": Activity.UPDATE,
            "campaign.withdrawn": Activity.CLOSE,
        }[kind]
        event = incident(campaign, activity, self._context(kind, revision))
        yield self._draft(kind, [event])

    def verdicts(self, moved: Sequence[tuple[str, KnownVerdict]]) -> Iterator[Draft]:
        campaigns = {campaign.campaign_id: campaign for campaign in self.found.campaigns}
        flagged = {verdict.account_id: verdict for verdict in self.found.flagged}
        kinds = {
            "flagged": ("accounts.flagged", Activity.CREATE),
            "changed": ("verdicts.changed", Activity.UPDATE),
            "withdrawn": ("verdicts.withdrawn", Activity.CLOSE),
        }
        for (change, _), members in groupby(
            sorted(moved, key=_place), key=lambda item: (item[0], item[1].campaign_id)
        ):
            kind, activity = kinds[change]
            events = []
            for _, item in members:
                verdict = flagged.get(item.account_id) or _withdrawn(item)
                verdict = replace(verdict, flagged_at=item.flagged_at)
                campaign = campaigns.get(item.campaign_id or "")
                context = self._context(kind, item.revision)
                events.append(detection(verdict, campaign, activity, context))
            for batch in _batches(events):
                yield self._draft(kind, batch)

    def _context(self, kind: str, revision: int) -> Context:
        return Context(playbook_for(self.prefix, kind), self.group, self.found.as_of, revision)

    def _draft(self, kind: str, events: Sequence[Event]) -> Draft:
        uid = stable_id("message", kind, *(event.uid for event in events))
        time = max(event.time for event in events).astimezone(UTC)
        return Draft(uid, kind, time, playbook_for(self.prefix, kind), tuple(events))


def _place(item: tuple[str, KnownVerdict]) -> tuple[int, str, datetime, str]:
    change, verdict = item
    order = ("flagged", "changed", "withdrawn").index(change)
    return order, verdict.campaign_id or "", verdict.flagged_at, str(verdict.account_id)


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    size = 0
    for event in events:
        if batch and (len(batch) == _EVENTS or size + len(event.text) > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += len(event.text)
    if batch:
        yield batch


def _covered(start: datetime, found: FoundScan) -> bool:
    return found.first is not None and found.first <= start


def _facts(campaign: KnownCampaign) -> tuple[str, str, bool]:
    return campaign.kind, campaign.measure, campaign.review_only


def _known_campaign(campaign: Campaign) -> KnownCampaign:
    return KnownCampaign(
        campaign_id=campaign.campaign_id,
        kind=campaign.kind,
        measure=campaign.recommended_measure,
        review_only=campaign.review_only,
        first_seen=campaign.first_seen,
        declared_at=campaign.declared_at,
        exchanges=campaign.exchanges,
        leaked=campaign.leaked,
    )


def _record(known: KnownCampaign) -> Campaign:
    """Return what is still known of a campaign that the scan no longer has."""
    return Campaign(
        campaign_id=known.campaign_id,
        members={},
        flagged_at={},
        findings=(),
        log_e=0.0,
        first_seen=known.first_seen,
        declared_at=known.declared_at,
        exchanges=known.exchanges,
        leaked=known.leaked,
        kind=known.kind,
        kind_confidence=0.0,
        recommended_measure="observe",
        review_only=known.review_only,
    )


def _withdrawn(known: KnownVerdict) -> Verdict:
    return Verdict(
        account_id=known.account_id,
        campaign_id=known.campaign_id,
        flagged_at=known.flagged_at,
        score=0.0,
        reasons=("The latest scan of the same time no longer flags this account.",),
        recommended_measure="observe",
    )
