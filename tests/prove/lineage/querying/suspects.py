"""Endpoints that misbehave, and what a test asks them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from stillwatch.prove.lineage.asking import Asking, Model
from stillwatch.prove.lineage.querying import Asker, Limits, Prompt, Transcript, questions_of

PLAN = "ab" * 32
ASKING = Asking(samples=1, max_tokens=20)


class Suspect:
    """Answers chat completions; `faults` says what happens to a prompt before, in order."""

    def __init__(self, faults=None):
        self.faults = {prompt: list(steps) for prompt, steps in (faults or {}).items()}
        self.asked = Counter()
        self.headers = []
        self.times = []
        self.under_way = self.most_under_way = 0

    async def __call__(self, scope, receive, send):
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        prompt = json.loads(body)["messages"][-1]["content"]
        self.asked[prompt] += 1
        self.headers.append(dict(scope["headers"]))
        self.times.append(asyncio.get_running_loop().time())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            steps = self.faults.get(prompt) or self.faults.get("*") or []
            await self.answer(send, steps.pop(0) if steps else {}, prompt)
        finally:
            self.under_way -= 1

    async def answer(self, send, step, prompt):
        await asyncio.sleep(step.get("pause", 0))
        status, headers = step.get("status", 200), dict(step.get("headers", {}))
        said = step.get("body", good(prompt))
        raw = said if isinstance(said, bytes) else json.dumps(said).encode()
        if step.get("cut"):
            headers["content-length"] = str(len(raw) + 100)
        pairs = [(n.encode(), v.encode()) for n, v in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": raw, "more_body": bool(step.get("cut"))})
        if step.get("cut"):
            raise ConnectionResetError


def good(prompt):
    return {
        "model": "m-1-2026",
        "system_fingerprint": "fp_7",
        "choices": [{"message": {"content": f"re: {prompt}"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5},
    }


def model(url, **given):
    held = {"name": "s", "role": "suspect", "protocol": "openai-chat", "model": "m-1"}
    return Model(**held | {"url": url} | given)


def prompts(many):
    return [Prompt(str(at), ({"role": "user", "content": f"p{at}"},)) for at in range(many)]


def questions(subject, many, asking=ASKING):
    return questions_of(subject, asking, prompts(many), {})


def ask(path, subject, many, asking=ASKING, key=None, **limits):
    """Ask as many prompts and return the tally."""
    with Transcript(path, PLAN, subject.name) as transcript:
        asker = Asker(subject, asking, transcript, PLAN, key, Limits(**limits))
        return asyncio.run(asker.run(questions(subject, many, asking)))
