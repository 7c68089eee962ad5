"""All routes, each with what it asks of who calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.report.console.cases import Act
from stillwatch.report.console.web import (
    acting,
    exporting,
    overview,
    signing_in,
    single,
    trial,
)
from stillwatch.report.console.web.access import Door, Way
from stillwatch.report.console.web.guard import guarded

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from stillwatch.report.console.web.desk import Desk

__all__ = ["WAYS", "console"]

_TRY = (Act.REQUEST, Act.APPROVE)

WAYS: tuple[Way, ...] = (
    Way("/", "GET", (Act.SEE_OVERVIEW,), overview.now),
    Way("/live", "GET", (Act.SEE_OVERVIEW,), overview.live, live=True),
    Way("/campaigns", "GET", (Act.SEE_CAMPAIGNS,), overview.campaigns),
    Way("/campaign", "GET", (Act.SEE_CAMPAIGNS,), single.campaign),
    Way("/campaign/members", "GET", (Act.SEE_CAMPAIGNS,), single.members),
    Way("/campaign/network", "GET", (Act.SEE_CAMPAIGNS,), single.network),
    Way("/accounts", "GET", (Act.SEE_ACCOUNTS,), overview.accounts),
    Way("/account", "GET", (Act.SEE_ACCOUNTS,), single.account),
    Way("/groups", "GET", (Act.SEE_CAMPAIGNS,), overview.groups),
    Way("/group", "GET", (Act.SEE_CAMPAIGNS,), single.group),
    Way("/queue", "GET", (Act.SEE_CAMPAIGNS,), acting.queue),
    Way("/queue/skip", "GET", (Act.SEE_CAMPAIGNS,), acting.skip),
    Way("/act/confirm", "POST", (Act.CONFIRM,), acting.act),
    Way("/act/reject", "POST", (Act.REJECT,), acting.act),
    Way("/act/benign", "POST", (Act.BENIGN,), acting.act),
    Way("/act/merge", "POST", (Act.MERGE,), acting.act),
    Way("/act/split", "POST", (Act.SPLIT,), acting.act),
    Way("/act/move", "POST", (Act.MOVE,), acting.act),
    Way("/act/undo", "POST", (Act.UNDO, Act.UNDO_OTHERS), acting.act),
    Way("/act/request", "POST", (Act.REQUEST,), acting.act),
    Way("/act/approve", "POST", (Act.APPROVE,), acting.act),
    Way("/act/decline", "POST", (Act.APPROVE,), acting.act),
    Way("/act/withdraw", "POST", (Act.REQUEST,), acting.act),
    Way("/policy", "GET", _TRY, trial.page),
    Way("/policy", "POST", _TRY, trial.start),
    Way("/policy/outcome", "GET", _TRY, trial.outcome, live=True),
    Way("/exchange", "GET", (Act.SEE_EXCHANGE,), overview.exchange),
    Way("/log", "GET", (Act.SEE_LOG,), overview.log),
    Way("/export/campaigns.csv", "GET", (Act.EXPORT,), exporting.campaigns),
    Way("/export/members.csv", "GET", (Act.EXPORT,), exporting.members),
    Way("/export/network.csv", "GET", (Act.EXPORT,), exporting.network),
    Way("/export/queue.csv", "GET", (Act.EXPORT,), exporting.queue),
    Way("/export/exchange.csv", "GET", (Act.EXPORT,), exporting.exchange),
    Way("/export/log.csv", "GET", (Act.EXPORT,), exporting.actions),
    Way("/export/decisions.json", "GET", (Act.EXPORT,), exporting.decisions),
    Way("/help", "GET", Door.SIGNED_IN, overview.helping),
    Way("/sign-out", "POST", Door.SIGNED_IN, signing_in.leave),
    Way("/sign-in", "GET", Door.ANYONE, signing_in.form),
    Way("/sign-in", "POST", Door.ANYONE, signing_in.sign_in),
    Way("/sign-in/provider", "GET", Door.ANYONE, signing_in.away),
    Way("/sign-in/back", "GET", Door.ANYONE, signing_in.back),
    Way("/static/{name}", "GET", Door.ANYONE, overview.file),
    Way("/healthz", "GET", Door.ANYONE, overview.health, probe=True),
)
"""The console's routes; there are no others."""


def console(desk: Desk) -> Starlette:
    """Return the console's ASGI application."""
    return guarded(desk, WAYS)
