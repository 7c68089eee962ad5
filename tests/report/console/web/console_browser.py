"""A browser without a screen: keeps cookies, sends the forms that pages hold."""

from __future__ import annotations

import asyncio
import html
import re
import time
from urllib.parse import urlencode

import httpx

from stillwatch.report.console.cases.log import prepare as prepare_cases
from stillwatch.report.console.web import Desk, Pages, WebSettings, console, people
from stillwatch.store import Database

ORIGIN = "http://127.0.0.1:8722"
PAGES = Pages()
"""Compiled once."""


class Clock:
    """Time that tests move, microseconds since 1970."""

    def __init__(self):
        self.now = time.time_ns() // 1000

    def __call__(self):
        return self.now

    def pass_minutes(self, minutes):
        self.now += int(minutes * 60_000_000)


class Site:
    """A console in this process."""

    def __init__(self, path=None, cases=None, *, origin=ORIGIN, url=None, **more):
        self.loop = asyncio.new_event_loop()
        self.database = Database(url or f"sqlite:///{path}")
        self.database.now(prepare_cases)
        self.database.now(people.prepare)
        self.clock = Clock()
        self.desk = Desk(WebSettings(origin), cases, self.database, PAGES, clock=self.clock, **more)
        self.app = console(self.desk)
        self.passwords = {}

    def add(self, name, *roles):
        self.passwords[name] = self.database.now(people.add, name, roles, self.clock(), "test")
        return self.passwords[name]

    def browser(self, name=None, address="203.0.113.9"):
        browser = Browser(self, address)
        if name is not None:
            assert browser.sign_in(name, self.passwords[name]).status_code == 303
        return browser

    def close(self):
        self.database.close()
        self.loop.close()


class Browser:
    def __init__(self, site, address):
        self.site, self.origin = site, site.desk.settings.origin
        transport = httpx.ASGITransport(site.app, client=(address, 4000))
        self.client = httpx.AsyncClient(transport=transport, base_url=self.origin)

    def get(self, path, **headers):
        return self.site.loop.run_until_complete(self.client.get(path, headers=headers))

    def post(self, path, fields, **headers):
        headers = {"origin": self.origin} | headers
        headers["content-type"] = headers.pop("kind", "application/x-www-form-urlencoded")
        body = urlencode(fields, doseq=True)
        return self.site.loop.run_until_complete(
            self.client.post(path, content=body, headers=headers)
        )

    def sign_in(self, name, password, onward="/help", **headers):
        fields = {"name": name, "password": password, "next": onward}
        return self.post("/sign-in", fields, **headers)

    def form(self, path="/help"):
        """Return the token that this session's forms carry."""
        found = re.search(r'name="form" value="([^"]+)"', self.get(path).text)
        return html.unescape(found[1])

    def act(self, path, **fields):
        return self.post(path, {"form": self.form()} | fields)

    @property
    def cookie(self):
        return self.client.cookies.get(self.site.desk.settings.cookie)
