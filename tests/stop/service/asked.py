"""Requests, decisions and answers of tests."""

from __future__ import annotations

import json

from stillwatch.stop.interface import Answer, Asked, Decision, Mode, Request, Rung, Shape

NOW = 1_790_000_000_000_000


def request(name="r-1", *, account="a", time=NOW, prompt="What is a prime?", **fields):
    body = json.dumps({"model": "m-1", "messages": [{"role": "user", "content": prompt}]}).encode()
    return Request(time, name, account, Shape.OPENAI_CHAT, body, **fields)


def decision(name="r-1", *, rung=Rung.OBSERVE, reasons=(), prompt="What is a prime?", **fields):
    asked = Asked(
        model="m-1", prompt=prompt, system="", turns=1, max_tokens=-1, temperature=-1.0,
        stream=False, reasoning=False, structured=False, tools=0, end_user="", conversation="",
    )  # fmt: skip
    return Decision(
        request=request(name, prompt=prompt, **fields),
        asked=asked, rung=rung, would=rung, mode=Mode.ENFORCE, reasons=reasons,
        measure_id="", campaign="", expires=0, lifted_by="", cost=0, limiting=(), tier="unverified",
        policy="", knowledge=0,
    )  # fmt: skip


def answer(*, text="", time=NOW + 1000, status=200):
    return Answer(time, status, 10, 20, -1, "stop", text)
