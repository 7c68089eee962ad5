"""Cases in which every text that pages show is the same: what a prompt, an account or a peer says.

Records are made from their own declarations, so that a field which is added later is filled too.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from stillwatch.report.console.cases import records
from stillwatch.report.console.cases.records import (
    AccountView,
    Action,
    Approval,
    CampaignView,
    Change,
    ExchangeView,
    Graph,
    GroupView,
    Now,
    Page,
)

TIME = datetime(2026, 9, 3, 14, tzinfo=UTC)
NAMED = {
    "family": "content",
    "currency": "USD",
    "day": TIME,
    "first_seen": TIME - timedelta(hours=5),
}
"""Fields with a fixed vocabulary of our own."""
NAMES = vars(records) | {"datetime": datetime, "Mapping": Mapping, "Any": typing.Any}


class FilledCases:
    """Every method returns records that are full of one text."""

    def __init__(self, text):
        self.text, self.done = text, []

    def made(self, kind, name=""):  # noqa: C901, PLR0911 - a return a kind
        if kind in {typing.Any, str}:
            return NAMED.get(name, self.text)
        if name in NAMED and kind is datetime:
            return NAMED[name]
        simple = {int: 3, float: 0.5, bool: True, datetime: TIME, type(None): None}
        if kind in simple:
            return simple[kind]
        if dataclasses.is_dataclass(kind):
            hints = typing.get_type_hints(kind, NAMES)
            return kind(
                **{f.name: self.made(hints[f.name], f.name) for f in dataclasses.fields(kind)}
            )
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if origin is tuple:
            if inside[-1] is Ellipsis:
                size = 5 if inside[0] is float else 1
                return tuple(self.made(inside[0], name) for _ in range(size))
            return tuple(self.made(one) for one in inside)
        if origin in {types.UnionType, typing.Union}:
            return self.made(inside[0], name)
        if origin is Page:
            return Page((self.made(inside[0]),), 1, 1, 50)
        if name == "damage":
            whole = {"low": 1.0, "likely": 2.0, "high": 3.0}
            return {"currency": self.text, "figures": [{"name": self.text, "whole": whole}]}
        if name == "examples":
            names = ("exchange_id", "time", "account_id", "model")
            return dict.fromkeys(names, self.text)
        return {self.text: self.made(inside[1])}  # a mapping

    async def version(self):
        return "1"

    async def health(self):
        return self.made(Now).health

    async def now(self, person, since=None):  # noqa: ARG002
        return self.made(Now)

    async def changes(self, *_):
        return (self.made(Change),)

    async def campaign(self, person, campaign_id):  # noqa: ARG002
        return self.made(CampaignView)

    async def graph(self, *_):
        value = records.Node("entity:1", self.text, self.text, 2.0)
        account = records.Node("account:1", "account", self.text, 0.9)
        edge = records.Edge("account:1", "entity:1")
        return Graph((value, account), (edge,), 4, {self.text: 2})

    async def group(self, *_):
        return self.made(GroupView)

    async def account(self, person, account_id, peers=1):  # noqa: ARG002
        return self.made(AccountView)

    async def approvals(self, person, state=""):  # noqa: ARG002
        return (dataclasses.replace(self.made(Approval), state="waiting"),)

    async def exchange(self, *_):
        return self.made(ExchangeView)

    async def act(self, person, decision, why):
        self.done.append((person.name, decision, why))
        return dataclasses.replace(self.made(Action), number=len(self.done))

    async def decisions(self, person):  # noqa: ARG002
        return b"{}"

    def __getattr__(self, name):
        rows = {
            "campaigns": records.CampaignRow,
            "members": records.Member,
            "groups": records.GroupRow,
            "accounts": records.AccountRow,
            "queue": records.QueueItem,
            "actions": records.Action,
        }
        if name not in rows:
            raise AttributeError(name)

        async def listed(*_):
            row = self.made(rows[name])
            if name == "queue":
                row = dataclasses.replace(row, kind="campaign")
            return Page((row,), 1, 1, 50)

        return listed
