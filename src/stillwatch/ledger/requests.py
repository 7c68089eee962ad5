"""Signed HTTP requests: RFC 9421 with Ed25519, bodies by RFC 9530, in one strict profile.

One signature a request, made by one algorithm over a set of components that cannot be narrowed.
What the profile does not use is refused and not skipped, so that a server and whatever stands
before it cannot read one message in two ways. The rules R-1 to R-13 are listed in
docs/reference/ledger.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stillwatch.errors import RefusedError

if TYPE_CHECKING:
    from stillwatch.ledger.keys import SigningKey, VerifyKey

__all__ = [
    "TAG",
    "Signed",
    "content_digest",
    "request_url",
    "sign_request",
    "signature_base",
    "verify_request",
]

TAG = "stillwatch-exchange"
"""Application tag (RFC 9421 2.3): a signature made for another protocol does not count here."""

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

_LABEL = "stillwatch"
_ALWAYS = ("@method", "@authority", "@path", "@query")
_FIELDS = ("content-digest", "content-type", "content-encoding")
_KNOWN = frozenset(_ALWAYS + _FIELDS)
_PARAMETERS = frozenset({"created", "keyid", "nonce", "alg", "tag"})
_LONGEST = 2048
_INPUT = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=(\(([^()]*)\)(;[^()]*))")
_PARAMETER = re.compile(
    r';([a-z]{1,16})=(?:([0-9]{1,12})|"([\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]*)")'
)
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]{85}[AQgw]==):")
_DIGEST = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/]+={0,2}):")
_NONCE = re.compile(r"[A-Za-z0-9+/=_-]{16,64}")
_PRINTED = re.compile(r"[\x20-\x7e\t]*")
_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Signed:
    """Who signed a request, and what makes it single."""

    keyid: str
    """Key's id, as `VerifyKey.key_id`."""

    created: int
    """When it was signed, seconds since 1970 by the signer's clock."""

    nonce: str
    """What no other request of this key within the window may have; 16 to 64 characters."""


def sign_request(
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    key: SigningKey,
    *,
    created: int,
    nonce: str,
) -> dict[str, str]:
    """Return the headers that a request needs besides its own to be signed.

    Args:
        method: in capitals.
        url: whole URL as it will be sent, percent-encoded.
        headers: the request's own; Content-Type and Content-Encoding are covered where present.
        body: as sent, after any content encoding.
        key: signs; its `key_id` goes into the request.
        created: seconds since 1970.
        nonce: 16 to 64 characters of base64 or base64url, drawn anew for each request.

    Raises:
        RefusedError: a rule R-… that the request would break where it arrives.
    """
    if not _NONCE.fullmatch(nonce):
        raise RefusedError("R-8", "a nonce is not 16 to 64 characters of base64")
    fields = {n: v for n, v in _fields(headers).items() if n != "content-digest"}
    added: dict[str, str] = {}
    if body:
        added["Content-Digest"] = fields["content-digest"] = content_digest(body)
        if "content-type" not in fields:
            raise RefusedError("R-3", "a request with a body has no Content-Type")
    covered = (*_ALWAYS, *(name for name in _FIELDS if name in fields))
    names = " ".join(f'"{name}"' for name in covered)
    parameters = (
        f'({names});created={created};keyid="{key.public.key_id}"'
        f';nonce="{nonce}";alg="ed25519";tag="{TAG}"'
    )
    base = signature_base(covered, {**_derived(method, url), **fields}, parameters)
    signature = base64.b64encode(key.sign(base)).decode()
    added["Signature-Input"] = f"{_LABEL}={parameters}"
    added["Signature"] = f"{_LABEL}=:{signature}:"
    return added


def verify_request(
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    find_key: Callable[[str], VerifyKey | None],
    *,
    now: int,
    window: int = 300,
) -> Signed:
    """Return who signed a request; the caller refuses nonces that it has seen within the window.

    Args:
        method: as received.
        url: made of the server's own public origin and the path and query as received (see
            `request_url`), never of the Host header: otherwise a request signed for one server
            is good at another.
        headers: all of the request's; pairs, where the server has pairs, so that doubles show.
        body: as received.
        find_key: the key of an id, None for an id that may not sign.
        now: seconds since 1970.
        window: seconds that the signer's clock and the way may take, before and after `now`.

    Raises:
        RefusedError: the rule R-… that the request breaks.
    """
    fields = _fields(headers)
    covered, parameters, signature = _parsed(fields)
    given = _parameters(parameters)
    _check_cover(covered, fields, body)
    if given["alg"] != "ed25519":
        raise RefusedError("R-5", "the signature's algorithm is not ed25519")
    if given["tag"] != TAG:
        raise RefusedError("R-6", f"the signature's tag is not {TAG}")
    created, nonce = int(given["created"]), given["nonce"]
    if abs(now - created) > window:
        raise RefusedError(
            "R-7",
            f"signed {now - created} seconds ago, and {window} are allowed",
            todo="set the clock by a time server",
        )
    if not _NONCE.fullmatch(nonce):
        raise RefusedError("R-8", "the nonce is not 16 to 64 characters of base64")
    key = find_key(given["keyid"])
    if key is None or key.key_id != given["keyid"]:
        raise RefusedError("R-9", "nobody who may sign here has this key")
    base = signature_base(covered, {**_derived(method, url), **fields}, parameters)
    if not key.verify(signature, base):
        raise RefusedError("R-11", "the signature does not fit the request")
    if "content-digest" in fields:
        _check_digest(fields["content-digest"], body)
    return Signed(key.key_id, created, nonce)


def signature_base(covered: Iterable[str], values: Mapping[str, str], parameters: str) -> bytes:
    r"""Return the bytes that are signed (RFC 9421 2.5).

    Args:
        covered: component names in order, without parameters of their own.
        values: value of each.
        parameters: value of @signature-params as sent: components and parameters.

    >>> signature_base(["@method"], {"@method": "GET"}, '("@method");created=1')
    b'"@method": GET\n"@signature-params": ("@method");created=1'
    """
    lines = [f'"{name}": {values[name]}' for name in covered]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode("ascii")


def content_digest(body: bytes) -> str:
    """Return the Content-Digest header's value of a body (RFC 9530).

    >>> content_digest(b'{"hello": "world"}')
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:'
    """
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def request_url(origin: str, raw_path: bytes, query: bytes) -> str:
    """Return the URL that an ASGI server passes to `verify_request`.

    Args:
        origin: the server's own, from its settings: scheme and authority.
        raw_path: path as received, percent-encoded (``scope["raw_path"]``).
        query: query as received, without the question mark (``scope["query_string"]``).

    >>> request_url("https://hub.example", b"/a%20b", b"limit=2")
    'https://hub.example/a%20b?limit=2'
    """
    tail = f"?{query.decode('latin-1')}" if query else ""
    return f"{origin.rstrip('/')}{raw_path.split(b'?')[0].decode('latin-1')}{tail}"


def _fields(headers: Headers) -> dict[str, str]:
    """Return the headers that matter, by lower-case name, each once."""
    fields: dict[str, str] = {}
    for given, value in headers.items() if isinstance(headers, Mapping) else headers:
        name = given.lower()
        if name not in _KNOWN and name not in {"signature-input", "signature"}:
            continue
        if name in fields:
            raise RefusedError("R-10", "a header that is signed is there twice", where=name)
        if not _PRINTED.fullmatch(value):
            raise RefusedError("R-10", "a header that is signed has odd characters", where=name)
        fields[name] = value.strip(" \t")
    return fields


def _parsed(fields: Mapping[str, str]) -> tuple[list[str], str, bytes]:
    """Return covered components, the text of all parameters, and the signature."""
    given, signature = fields.get("signature-input"), fields.get("signature")
    if given is None or signature is None:
        raise RefusedError("R-1", "the request is not signed", todo="sign it (RFC 9421)")
    form = _INPUT.fullmatch(given) if len(given) <= _LONGEST else None
    value = _SIGNATURE.fullmatch(signature)
    if form is None or value is None or form[1] != value[1]:
        raise RefusedError("R-1", "Signature-Input and Signature are not one Ed25519 signature")
    covered = []
    for item in form[3].split(" "):
        name = item[1:-1]
        if item != f'"{name}"' or name not in _KNOWN or name in covered:
            raise RefusedError("R-2", "a covered component is unknown, doubled or has parameters")
        covered.append(name)
    return covered, form[2], base64.b64decode(value[2])


def _parameters(text: str) -> dict[str, str]:
    """Return the signature's parameters by name."""
    rest = text[text.index(")") + 1 :]
    given: dict[str, str] = {}
    end = 0
    while end < len(rest):
        found = _PARAMETER.match(rest, end)
        number = found is not None and found[2] is not None
        if found is None or found[1] in given or number != (found[1] == "created"):
            raise RefusedError("R-4", "a signature parameter is doubled or not in its form")
        given[found[1]] = found[2] or found[3]
        end = found.end()
    if given.keys() != _PARAMETERS or str(int(given["created"])) != given["created"]:
        raise RefusedError("R-4", f"the signature's parameters are not {sorted(_PARAMETERS)}")
    return given


def _check_cover(covered: list[str], fields: Mapping[str, str], body: bytes) -> None:
    """Refuse a signature that leaves out what it must cover, or covers what is not there."""
    needed = {*_ALWAYS, *(name for name in _FIELDS if name in fields)}
    if body:
        needed |= {"content-digest", "content-type"}
    if needed != set(covered) or not needed <= {*_ALWAYS, *fields}:
        raise RefusedError("R-3", f"the signature does not cover just {sorted(needed)}")


def _check_digest(value: str, body: bytes) -> None:
    """Refuse a body that is not the one digested."""
    form = _DIGEST.fullmatch(value)
    if form is None:
        raise RefusedError("R-12", "Content-Digest is not one SHA-256 or SHA-512")
    digest = base64.b64encode(hashlib.new(form[1].replace("-", ""), body).digest()).decode()
    if not hmac.compare_digest(digest, form[2]):
        raise RefusedError("R-12", "Content-Digest is of another body")


def _derived(method: str, url: str) -> dict[str, str]:
    """Return the values of the derived components (RFC 9421 2.2)."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RefusedError("R-13", "the URL cannot be read") from error
    authority = parts.netloc.lower()
    if (
        parts.scheme not in _PORTS
        or not authority
        or "@" in authority
        or "#" in url
        or not method.isalpha()
        or not (url.isascii() and url.isprintable() and " " not in url)
    ):
        raise RefusedError("R-13", "the method or URL is not one that is sent")
    return {
        "@method": method,
        "@authority": authority.removesuffix(_PORTS[parts.scheme]),
        "@path": parts.path or "/",
        "@query": f"?{parts.query}",
    }
