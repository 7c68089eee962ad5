"""The queue, and what people decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from stillwatch.report.console.cases import Query
from stillwatch.report.console.cases.interface import (
    Approve,
    Benign,
    Confirm,
    Decision,
    Decline,
    Merge,
    Move,
    Reject,
    Request,
    Split,
    Undo,
    Withdraw,
)
from stillwatch.report.console.web.asking import StoppedError, local
from stillwatch.report.console.web.pages import link

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from stillwatch.report.console.cases.records import QueueItem
    from stillwatch.report.console.web.asking import Asked
    from stillwatch.report.console.web.desk import Desk

__all__ = ["act", "queue", "skip"]

_LONGEST = 2_000
_KINDS = ("campaign", "account")
"""Kinds of items that have a page."""


async def queue(desk: Desk, asked: Asked) -> Response:
    """Show what waits for a person."""
    query = asked.query("queue", "kind", "campaign")
    page = await desk.cases.queue(asked.person, query)
    approvals = await desk.cases.approvals(asked.person, "waiting")
    return desk.pages.shown(
        "queue",
        asked,
        page=page,
        asks=query,
        places={item.item_id: _place(item) for item in page.rows},
        approvals={f"request:{one.request_id}": one for one in approvals},
        done=asked.done(),
    )


async def skip(desk: Desk, asked: Asked) -> Response:
    """Go to the case of the queue before or after one, of its kind."""
    item, step = asked.one("item"), -1 if asked.one("to") == "before" else 1
    rows = await _cases(desk, asked, item.partition(":")[0])
    if not rows:
        return RedirectResponse("/queue", 303)
    names = [row.item_id for row in rows]
    index = names.index(item) + step if item in names else 0
    return RedirectResponse(_unescaped(_place(rows[index % len(rows)])), 303)


async def _cases(desk: Desk, asked: Asked, kind: str, most: int = 500) -> tuple[QueueItem, ...]:
    """Return what waits of a kind, or of the other where none does."""
    if kind not in _KINDS:
        kind = _KINDS[0]
    for one in (kind, *(other for other in _KINDS if other != kind)):
        query = Query(1, most, "since", descending=False, filters={"kind": one})
        page = await desk.cases.queue(asked.person, query)
        if page.rows:
            return page.rows
    return ()


async def act(desk: Desk, asked: Asked) -> Response:
    """Do what the form says; then show the next item of the queue, or the page it came from."""
    name = asked.request.url.path.rpartition("/")[2]
    decision = _DECISIONS[name](asked)
    why = asked.field("why").strip()
    if not 1 <= len(why) <= _LONGEST:
        raise StoppedError(400, "A decision needs your reason, in 1 to 2,000 characters.")
    done = await desk.cases.act(asked.person, decision, why)
    if asked.field("onward") == "queue":
        rows = await _cases(desk, asked, "account" if asked.one("account") else "campaign", 1)
        onward = _unescaped(_place(rows[0])) if rows else "/queue"
    else:
        onward = local(asked.field("onward"), "/queue")
    glue = "&" if "?" in onward else "?"
    return RedirectResponse(f"{onward}{glue}done={done.number}&did={name}", 303)


def _place(item: QueueItem) -> str:
    if item.kind == "campaign":
        return link("/campaign", id=item.campaign_id, queue=1)
    if item.kind == "request":
        return "/queue"
    return link("/account", id=item.account_id, queue=1)


def _unescaped(place: str) -> str:
    unescape: Callable[[], str] | None = getattr(place, "unescape", None)
    return unescape() if unescape else place


def _campaign(asked: Asked) -> str:
    name = asked.one("campaign")
    if not name:
        raise StoppedError(400, "The form names no campaign.")
    return name


def _number(asked: Asked) -> int:
    return asked.number("number", 1)


def _hours(asked: Asked) -> float:
    try:
        return float(asked.field("hours") or "24")
    except ValueError as error:
        raise StoppedError(400, "How long is a number of hours.") from error


def _split(asked: Asked) -> Decision:
    chosen = asked.named("account")
    if not chosen:
        raise StoppedError(400, "Choose the accounts that are another actor's.")
    return Split(_campaign(asked), chosen)


def _move(asked: Asked) -> Decision:
    chosen = asked.named("account") or ((asked.one("account"),) if asked.one("account") else ())
    if len(chosen) != 1:
        raise StoppedError(400, "Choose the one account to move.")
    return Move(chosen[0], _campaign(asked), asked.field("to").strip())


_DECISIONS: dict[str, Callable[[Asked], Decision]] = {
    "confirm": lambda asked: Confirm(_campaign(asked)),
    "reject": lambda asked: Reject(_campaign(asked)),
    "benign": lambda asked: Benign(_campaign(asked), asked.field("name").strip()),
    "merge": lambda asked: Merge(asked.field("into").strip(), _campaign(asked)),
    "split": _split,
    "move": _move,
    "undo": lambda asked: Undo(_number(asked)),
    "request": lambda asked: Request(
        asked.field("rung"), asked.one("campaign"), asked.one("account"), _hours(asked)
    ),
    "approve": lambda asked: Approve(asked.one("request")),
    "decline": lambda asked: Decline(asked.one("request")),
    "withdraw": lambda asked: Withdraw(asked.one("request")),
}
"""Decisions by the last part of the path that takes them."""
