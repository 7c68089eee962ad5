"""Envoy's external processor (`envoy.service.ext_proc.v3`): a stream for each HTTP request.

Two ways of sending bodies are answered.  With ``FULL_DUPLEX_STREAMED`` the request is held until it
is decided and every chunk of the answer is passed on as the filter lets it go.  With ``BUFFERED``
request bodies Envoy holds the request itself, and answers come ``STREAMED``.  Other ways would let
a request go on before it is decided, and are refused: Envoy then does what its
``failure_mode_allow`` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillwatch.stop.gateways.gateway import Passing
from stillwatch.stop.gateways.grpc import Method, RpcError, Status
from stillwatch.stop.gateways.letting import Letting, reply_to, set_header
from stillwatch.stop.gateways.messages import ProcessingRequest, ProcessingResponse, read_message
from stillwatch.stop.gateways.outcomes import PROBLEM, Outcome, UndecidedError, problem
from stillwatch.stop.gateways.paths import MODEL_HEADER, OURS, renamed, shape_of
from stillwatch.stop.gateways.room import Held
from stillwatch.stop.interface import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.stop.gateways.gateway import Gateway
    from stillwatch.stop.gateways.grpc import Call
    from stillwatch.stop.interface import Decision, Effect

__all__ = ["ext_proc"]

_PATH = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
_FILTER = "envoy.filters.http.ext_proc"
_NONE, _STREAMED, _BUFFERED, _DUPLEX = 0, 1, 2, 4
_SKIP = 2
_CHUNK = 1 << 16


_GO_ON: dict[str, bytes] = {
    kind: reply_to(kind).SerializeToString()
    for kind in (
        "request_headers",
        "request_body",
        "request_trailers",
        "response_headers",
        "response_body",
        "response_trailers",
    )
}
"""Replies that change nothing."""


def ext_proc(gateway: Gateway, *, account: tuple[str, str] = ("", "")) -> Method:
    """Return the method that an Envoy asks about its requests.

    Args:
        gateway: what to ask, and whom to trust.
        account: namespace and key of the filter metadata that holds the account, which
            ``metadata_options`` must forward; empty to read the header that the trust names.
    """
    letting = Letting(gateway.trust.own)

    async def process(call: Call) -> None:
        stream = _Processing(gateway, account, call, letting)
        try:
            while (raw := await call.receive()) is not None:
                await stream.take(raw)
        finally:
            await stream.close()

    return Method(_PATH, process)


class _Processing:
    """One HTTP request and its answer."""

    def __init__(
        self, gateway: Gateway, account: tuple[str, str], call: Call, letting: Letting
    ) -> None:
        self._gateway = gateway
        self._account = account
        self._call = call
        self._letting = letting
        self._watched: tuple[Shape, str] | None = None
        self._headers: list[tuple[str, str]] = []
        self._metadata: dict[str, str] = {}
        self._address = ""
        self._duplex_request = self._duplex_answer = False
        self._known = self._decided = self._headers_answered = False
        self._body = bytearray()
        self._held = Held(gateway.room)
        self._crowded = False
        self._effect: Effect | None = None
        self._passing: Passing | None = None
        self._over = False

    async def take(self, raw: bytes) -> None:
        """Answer one message of Envoy's."""
        message = read_message(ProcessingRequest, raw)
        kind = message.WhichOneof("request")
        if not self._known:
            self._learn(message)
        if kind == "request_headers":
            await self._request_headers(message.request_headers)
        elif kind == "request_body":
            await self._request_body(message.request_body)
        elif kind == "request_trailers":
            if not self._decided:  # a body that trailers end
                await self._decide(whole=False)
            if not self._over:
                await self._call.send(_GO_ON[kind])
        elif kind == "response_headers":
            await self._answer_headers(message.response_headers)
        elif kind == "response_body":
            await self._answer_body(message.response_body)
        elif kind == "response_trailers":
            await self._answer_trailers()
        else:
            raise RpcError(Status.INVALID_ARGUMENT, "a message of no known kind")

    async def close(self) -> None:
        """Tell the service of the answer, also of one that was cut short."""
        self._held.release()
        if self._passing is not None:
            await self._passing.tell()
        elif self._watched is not None and not self._decided:
            self._gateway.note(Outcome.GONE)

    def _learn(self, message: Any) -> None:  # noqa: ANN401 - a message
        """Read what only the first message says: how bodies are sent, and attributes."""
        self._known = True
        modes = message.protocol_config
        self._duplex_request = modes.request_body_mode == _DUPLEX
        self._duplex_answer = modes.response_body_mode == _DUPLEX
        if modes.request_body_mode not in {_BUFFERED, _DUPLEX}:
            raise RpcError(
                Status.INVALID_ARGUMENT,
                "request_body_mode must be BUFFERED or FULL_DUPLEX_STREAMED",
            )
        if modes.response_body_mode not in {_STREAMED, _BUFFERED, _DUPLEX}:
            # answers would pass by what is to be withheld or checked
            raise RpcError(
                Status.INVALID_ARGUMENT,
                "response_body_mode must be STREAMED, BUFFERED or FULL_DUPLEX_STREAMED",
            )
        if _FILTER in message.attributes:
            fields = message.attributes[_FILTER].fields
            if "source.address" in fields:
                self._address = fields["source.address"].string_value
        namespace, key = self._account
        if namespace and namespace in message.metadata_context.filter_metadata:
            fields = message.metadata_context.filter_metadata[namespace].fields
            self._metadata = {key: fields[key].string_value} if key in fields else {}

    async def _request_headers(self, headers: Any) -> None:  # noqa: ANN401 - a message
        self._headers = [(h.key, _text(h)) for h in headers.headers.headers]
        self._watched = shape_of(self._header(":method"), self._header(":path"))
        if self._watched is None:
            self._gateway.note(Outcome.UNWATCHED)
            self._decided = True
            await self._call.send(self._leave_alone())
        elif headers.end_of_stream:
            await self._decide()
        elif not self._duplex_request:
            self._headers_answered = True
            reply = self._letting.reply("request_headers", (), strip=True, changed=False)
            await self._call.send(reply)

    async def _request_body(self, body: Any) -> None:  # noqa: ANN401 - a message
        if self._decided:  # not watched, or too long to be
            await self._pass_on(body)
            return
        self._body += body.body
        self._crowded = not self._held.until(len(self._body))
        if body.end_of_stream or self._crowded or len(self._body) > self._gateway.longest:
            await self._decide(whole=body.end_of_stream)

    async def _decide(self, *, whole: bool = True) -> None:
        self._decided = True
        try:
            decision, effect = await self._ask()
        except UndecidedError as error:
            self._gateway.note(error.outcome)
            if self._gateway.closed:
                status, told = problem(error.outcome)
                await self._answer(status, [("content-type", PROBLEM)], told, str(error.outcome))
            else:
                await self._let_go(b"", None, whole=whole)
            return
        self._effect = effect
        if effect.status:
            await self._answer(effect.status, effect.headers, effect.body, "stillwatch")
            return
        self._passing = Passing(self._gateway, decision, effect)
        await self._let_go(effect.forward, effect, whole=whole)

    async def _ask(self) -> tuple[Decision, Effect]:
        if self._crowded:
            raise UndecidedError(Outcome.NO_ROOM)
        namespace, key = self._account
        named = ""
        if namespace:  # metadata that is missing is no account: the header is the client's
            named = self._metadata.get(key, "")
            if not named:
                raise UndecidedError(Outcome.NO_ACCOUNT)
        client = self._gateway.trust.client(self._headers, self._address, account=named)
        shape, model = self._watched or (Shape.OPENAI_CHAT, "")
        encodings = [value for name, value in self._headers if name == "content-encoding"]
        decided = await self._gateway.decide(client, shape, model, bytes(self._body), encodings)
        if not self._held.until(len(decided[0].request.body)):
            raise UndecidedError(Outcome.NO_ROOM)
        return decided

    async def _answer(
        self, status: int, headers: Sequence[tuple[str, str]], body: bytes, why: str
    ) -> None:
        self._over = True
        reply = ProcessingResponse()
        immediate = reply.immediate_response
        immediate.status.code = status
        immediate.body = body
        immediate.details = why
        for name, value in headers:
            set_header(immediate.headers, name, value)
        await self._call.send(reply.SerializeToString())

    async def _let_go(self, forward: bytes, effect: Effect | None, *, whole: bool) -> None:
        """Let the request go on to the model, as the effect says."""
        kind = "request_body" if self._headers_answered else "request_headers"
        own = effect.forward_headers if effect is not None else ()
        strip, changed = not self._headers_answered, bool(forward)
        model = effect.model if effect is not None else ""
        if not model and not (changed and self._headers_answered):
            await self._call.send(self._letting.reply(kind, own, strip=strip, changed=changed))
        else:
            reply = reply_to(kind)
            common = getattr(reply, kind).response
            self._letting.write(common.header_mutation, own, strip=strip, changed=changed)
            if model:
                self._redirect(common, model)
            if changed and self._headers_answered:
                common.body_mutation.body = forward
            await self._call.send(reply.SerializeToString())
        if self._duplex_request and self._body:
            await self._chunks("request_body", forward or bytes(self._body), last=whole)
        self._body.clear()

    def _redirect(self, common: Any, model: str) -> None:  # noqa: ANN401 - a message
        """Send a request to another model."""
        mutation = common.header_mutation
        set_header(mutation, MODEL_HEADER, model)
        _, asked = self._watched or (None, "")
        path = self._header(":path")
        if (other := renamed(path, asked, model)) != path:
            set_header(mutation, ":path", other)
        common.clear_route_cache = True

    async def _answer_headers(self, headers: Any) -> None:  # noqa: ANN401 - a message
        passing, effect = self._passing, self._effect
        if passing is None or effect is None:
            await self._call.send(_GO_ON["response_headers"])
            return
        status, encodings = "", {"identity"}
        for header in headers.headers.headers:
            if header.key == ":status":
                status = _text(header)
            elif header.key == "content-encoding":
                encodings.add(_text(header).strip().lower())
        passing.begin(int(status or 0))
        if not effect.headers and not passing.alters:
            await self._call.send(_GO_ON["response_headers"])
            return
        if passing.alters and encodings != {"identity"}:
            self._gateway.note(Outcome.ENCODED_ANSWER)
            code, told = problem(Outcome.ENCODED_ANSWER)
            await self._answer(code, [("content-type", PROBLEM)], told, "encoded-answer")
            return
        reply = reply_to("response_headers")
        mutation = reply.response_headers.response.header_mutation
        for name, value in effect.headers:
            set_header(mutation, name, value)
        if passing.alters:
            mutation.remove_headers.append("content-length")
        await self._call.send(reply.SerializeToString())

    async def _answer_body(self, body: Any) -> None:  # noqa: ANN401 - a message
        passing = self._passing
        if passing is None:
            await self._pass_on(body, "response_body")
            return
        out = passing.feed(body.body)
        if body.end_of_stream:
            out += passing.end()
        if self._duplex_answer:
            await self._chunks("response_body", out, last=body.end_of_stream)
            return
        if out == body.body:
            await self._call.send(_GO_ON["response_body"])
            return
        reply = reply_to("response_body")
        mutation = reply.response_body.response.body_mutation
        if out:
            mutation.body = out
        else:
            mutation.clear_body = True
        await self._call.send(reply.SerializeToString())

    async def _answer_trailers(self) -> None:
        if self._passing is not None and self._duplex_answer:
            await self._chunks("response_body", self._passing.end(), last=False)
        await self._call.send(_GO_ON["response_trailers"])

    async def _pass_on(self, body: Any, kind: str = "request_body") -> None:  # noqa: ANN401
        if self._over:
            return
        if self._duplex_request if kind == "request_body" else self._duplex_answer:
            await self._chunks(kind, body.body, last=body.end_of_stream)
        else:
            await self._call.send(_GO_ON[kind])

    async def _chunks(self, kind: str, body: bytes, *, last: bool) -> None:
        """Pass a body on in pieces, as full duplex has it."""
        for at in range(0, len(body), _CHUNK) if body else ([0] if last else []):
            reply = ProcessingResponse()
            streamed = getattr(reply, kind).response.body_mutation.streamed_response
            streamed.body = body[at : at + _CHUNK]
            streamed.end_of_stream = last and at + _CHUNK >= len(body)
            await self._call.send(reply.SerializeToString())

    def _leave_alone(self) -> bytes:
        """Return the reply by which Envoy asks nothing more of a request, where it can be told."""
        reply = reply_to("request_headers")
        reply.request_headers.response.header_mutation.remove_headers.extend(sorted(OURS))
        if self._duplex_request or self._duplex_answer:
            unchanged: bytes = reply.SerializeToString()
            return unchanged
        mode = reply.mode_override
        mode.response_header_mode = _SKIP
        mode.request_body_mode = mode.response_body_mode = _NONE
        raw: bytes = reply.SerializeToString()
        return raw

    def _header(self, wanted: str) -> str:
        return next((value for name, value in self._headers if name == wanted), "")


def _text(header: Any) -> str:  # noqa: ANN401 - a message
    raw: bytes = header.raw_value or header.value.encode()
    return raw.decode("latin-1")
