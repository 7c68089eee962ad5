"""The desk over HTTP: a page and an API for account holders, and for those who decide.

No script, no outside resource, everything escaped. What a token opens is one decision's reasons and
one appeal; everything under ``/desk`` asks for a reviewer's own token.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import time
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

import jinja2
import msgspec
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.errors import OutputError, RefusedError
from stillwatch.stop.appeals import desk
from stillwatch.stop.appeals.words import minute, statement
from stillwatch.stop.interface import Rung

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from stillwatch.stop.appeals.people import Reviewers
    from stillwatch.stop.appeals.tokens import TokenKey
    from stillwatch.store import Database

__all__ = ["AppealsDesk"]

_LARGEST = 1 << 16
"""Bytes of a request's body."""
_SLOWEST = 15.0
"""Seconds that it may take to come: anybody may send one."""
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#1a1a1a}"
    "main{max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "textarea{width:100%;box-sizing:border-box;font:inherit}"
    "label{display:block;margin:1rem 0 .3rem}"
    "button{font:inherit;padding:.4rem 1rem;margin:1rem 1rem 0 0}"
    "blockquote{border-left:3px solid #999;margin:1rem 0;padding:0 1rem;white-space:pre-wrap}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem;"
    "text-align:left;overflow-wrap:anywhere}dt{font-weight:600}dd{margin:0 0 .5rem}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'self'; "
    f"frame-ancestors 'none'; style-src 'sha256-{_HASH}'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_STATUS = {"A-1": 404, "A-2": 410, "A-3": 400, "A-4": 429, "A-5": 404, "A-6": 409, "A-7": 400}


class _Filing(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    words: str = ""


class _Deciding(msgspec.Struct, forbid_unknown_fields=True):
    grant: bool
    told: str
    note: str = ""
    scope: Literal["account", "campaign"] = "account"


class _StoppedError(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class AppealsDesk:
    """The desk's application.

    Args:
        database: prepared by `desk.prepare`.
        key: opens appeal tokens.
        reviewers: who may decide.
        clock: microseconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        key: TokenKey,
        reviewers: Reviewers,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._database, self._key, self._reviewers = database, key, reviewers
        self._clock = clock
        self._forms = os.urandom(32)
        self._pages = jinja2.Environment(
            loader=jinja2.PackageLoader("stillwatch.stop.appeals", "pages"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )

    def app(self) -> Starlette:
        """Return the ASGI application."""
        routes = (
            ("/healthz", self._health, "GET"),
            ("/appeal", self._page, "GET"),
            ("/appeal", self._file_form, "POST"),
            ("/v1/appeals", self._file_json, "POST"),
            ("/v1/appeals/status", self._status_json, "POST"),
            ("/desk", self._queue, "GET"),
            ("/desk/{appeal_id}", self._review, "GET"),
            ("/desk/{appeal_id}", self._decide_form, "POST"),
            ("/v1/desk/appeals", self._queue_json, "GET"),
            ("/v1/desk/appeals/{appeal_id}", self._decide_json, "POST"),
        )
        return Starlette(
            routes=[Route(path, self._safe(call), methods=[verb]) for path, call, verb in routes]
        )

    def _safe(
        self, call: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                response = await call(request)
            except RefusedError as error:
                response = self._refusal(request, _STATUS.get(error.rule, 400), error.what)
            except _StoppedError as error:
                response = self._refusal(request, error.status, error.words)
            except OutputError:
                response = self._refusal(request, 503, "The desk's database is away.")
            response.headers.update(_HEADERS)
            return response

        return answer

    def _refusal(self, request: Request, status: int, words: str) -> Response:
        if request.url.path.startswith("/v1/"):
            raw = msgspec.json.encode({"type": "about:blank", "title": words, "status": status})
            response = Response(raw, status, media_type="application/problem+json")
        else:
            response = self._shown("refused", status, words=words)
        if status == 401:
            response.headers["www-authenticate"] = 'Basic realm="appeals", charset="UTF-8"'
        return response

    def _shown(self, page: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        text = self._pages.get_template(f"{page}.html.jinja").render(style=_Style(), **values)
        return Response(text, status, media_type="text/html; charset=utf-8")

    async def _health(self, _: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def _page(self, request: Request) -> Response:
        return await self._told(request.query_params.get("token", ""))

    async def _told(self, token: str) -> Response:
        contested = self._key.open(token, now=self._clock())
        appeal = await self._database.read(desk.find, token=token)
        return self._shown(
            "appeal",
            contested=contested,
            decided=minute(contested.decided),
            statement=statement(contested),
            appeal=appeal,
            filed=minute(appeal.filed) if appeal else "",
            token=token,
            longest=desk.LONGEST_WORDS,
        )

    async def _file_form(self, request: Request) -> Response:
        form = await _form(request)
        await self._file(form.get("token", ""), form.get("words", ""))
        return await self._told(form.get("token", ""))

    async def _file_json(self, request: Request) -> Response:
        asked = await _json(request, _Filing)
        return _told(await self._file(asked.token, asked.words), 201)

    async def _file(self, token: str, words: str) -> desk.Appeal:
        now = self._clock()
        contested = self._key.open(token, now=now)
        return await self._database.write(desk.file, token, contested, words, now)

    async def _status_json(self, request: Request) -> Response:
        asked = await _json(request, _Filing)
        contested = self._key.open(asked.token, now=self._clock())
        appeal = await self._database.read(desk.find, token=asked.token)
        if appeal is None:
            body = {"state": "not filed", "statement": statement(contested)}
            return Response(msgspec.json.encode(body), media_type="application/json")
        return _told(appeal, 200)

    async def _queue(self, request: Request) -> Response:
        self._reviewer(request)
        state = _state(request)
        found = await self._database.read(desk.listed, state)
        return self._shown("queue", state=state, appeals=[_row(one) for one in found])

    async def _queue_json(self, request: Request) -> Response:
        self._reviewer(request)
        found = await self._database.read(desk.listed, _state(request))
        rows = [_row(one) | {"words": one.words, "codes": one.contested.codes} for one in found]
        return Response(msgspec.json.encode({"appeals": rows}), media_type="application/json")

    async def _review(self, request: Request) -> Response:
        return await self._reviewed(self._reviewer(request), request.path_params["appeal_id"])

    async def _reviewed(self, who: str, appeal_id: str) -> Response:
        appeal = await self._database.read(desk.find, appeal_id=appeal_id)
        if appeal is None:
            raise RefusedError("A-5", "there is no such appeal")
        contested = appeal.contested
        return self._shown(
            "review",
            appeal=appeal,
            shown=[
                ("account", contested.account),
                ("decided", minute(contested.decided)),
                ("measure", Rung(contested.rung).name.lower()),
                ("reasons", ", ".join(contested.codes)),
                ("campaign", contested.campaign or "none"),
                ("approved measure", contested.measure_id or "none"),
                ("peers' indicators", ", ".join(contested.indicators) or "none"),
                ("request", contested.request_id),
                ("policy", contested.policy[:16]),
            ],
            statement=statement(contested),
            form=self._form_key(who, appeal_id),
            longest=desk.LONGEST_WORDS,
        )

    async def _decide_form(self, request: Request) -> Response:
        who, appeal_id = self._reviewer(request), request.path_params["appeal_id"]
        form = await _form(request)
        # a browser sends a reviewer's token with any page's form; only ours has this
        if not hmac.compare_digest(form.get("form", ""), self._form_key(who, appeal_id)):
            raise _StoppedError(403, "The form is not one of this desk's; load it again.")
        if form.get("outcome") not in {"grant", "uphold"}:
            raise _StoppedError(400, "The form lacks an outcome.")
        outcome = desk.Outcome(
            form["outcome"] == "grant",
            who,
            form.get("note", ""),
            form.get("told", ""),
            "campaign" if form.get("scope") == "campaign" else "account",
        )
        await self._database.write(desk.decide, appeal_id, outcome, self._clock())
        return await self._reviewed(who, appeal_id)

    async def _decide_json(self, request: Request) -> Response:
        who = self._reviewer(request)
        asked = await _json(request, _Deciding)
        outcome = desk.Outcome(asked.grant, who, asked.note, asked.told, asked.scope)
        found = await self._database.write(
            desk.decide, request.path_params["appeal_id"], outcome, self._clock()
        )
        return _told(found, 200)

    def _reviewer(self, request: Request) -> str:
        name = self._reviewers.name(request.headers.get("authorization", ""))
        if name is None:
            raise _StoppedError(401, "This is for those who decide appeals.")
        return name

    def _form_key(self, who: str, appeal_id: str) -> str:
        return hmac.new(self._forms, f"{who}\0{appeal_id}".encode(), "sha256").hexdigest()


class _Style:
    """The style, which is ours and is not escaped."""

    def __html__(self) -> str:
        return _STYLE


def _told(appeal: desk.Appeal, status: int) -> Response:
    """Return what an account holder may know."""
    body = {
        "appeal_id": appeal.appeal_id,
        "state": appeal.state,
        "filed": minute(appeal.filed),
        "told": appeal.told,
        "statement": statement(appeal.contested),
    }
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _row(appeal: desk.Appeal) -> dict[str, Any]:
    contested = appeal.contested
    return {
        "appeal_id": appeal.appeal_id,
        "filed": minute(appeal.filed),
        "account": contested.account,
        "measure": Rung(contested.rung).name.lower(),
        "campaign": contested.campaign,
        "state": appeal.state,
    }


def _state(request: Request) -> desk.State:
    state = request.query_params.get("state", "waiting")
    if state not in {"waiting", "granted", "upheld"}:
        raise _StoppedError(400, "An appeal is waiting, granted or upheld.")
    return state  # type: ignore[return-value] # one of the three


async def _body(request: Request, kind: str) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise _StoppedError(415, f"The body is to be {kind}.")
    held = b""
    try:
        async with asyncio.timeout(_SLOWEST):
            async for part in request.stream():
                held += part
                if len(held) > _LARGEST:
                    raise _StoppedError(413, "The body is too long.")
    except TimeoutError as error:
        raise _StoppedError(408, "The body took too long to come.") from error
    return held


async def _form(request: Request) -> dict[str, str]:
    raw = await _body(request, "application/x-www-form-urlencoded")
    try:
        fields = parse_qs(raw.decode("utf-8"), max_num_fields=16)
    except ValueError as error:
        raise _StoppedError(400, "The form cannot be read.") from error
    return {name: values[0] for name, values in fields.items()}


async def _json(request: Request, kind: type[Any]) -> Any:  # noqa: ANN401 - of the kind
    try:
        return msgspec.json.decode(await _body(request, "application/json"), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _StoppedError(400, "The body is not what it should be.") from error
