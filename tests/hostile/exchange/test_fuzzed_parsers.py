"""Every parser of the exchange on valid examples that were damaged: a named error or none.

``STILLWATCH_FUZZ`` is the number of damaged inputs that each parser gets, 60 without it; the slow
variants get a hundred times as many.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import time
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from forking_log import ForkingLog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import StillwatchError
from stillwatch.ledger import COSIGNATURE, SigningKey, VerifyKey, dsse, merkle, requests, tiles
from stillwatch.ledger.checkpoints import open_checkpoint
from stillwatch.ledger.cosignatures import cosign, verify_cosignatures
from stillwatch.ledger.notes import parse_signatures, verify_note
from stillwatch.share.exchange import bundles, credentials
from stillwatch.share.exchange.client import refusal
from stillwatch.share.exchange.keyring import Keyring
from stillwatch.share.exchange.membership import Home
from stillwatch.share.exchange.publishing import _failures, read_drafts
from stillwatch.share.exchange.reading import judged_objects
from stillwatch.share.exchange.records import Record, commitment_of, read_page, taken
from stillwatch.share.exchange.watching import streamed
from stillwatch.share.hub.accepted import accept
from stillwatch.share.hub.calls import Call, read_json
from stillwatch.share.hub.credentials import CredentialBody, _certificate
from stillwatch.share.hub.epochs import EpochBody
from stillwatch.share.hub.media import accepts, is_of
from stillwatch.share.hub.members import JoinBody
from stillwatch.share.hub.taxii import _filters, stamp_or_400
from stillwatch.share.hub.tokens import Place
from stillwatch.share.objects import canonical, examples, stamp
from stillwatch.share.objects.authorship import AuthorKey
from stillwatch.share.oprf import ceremony, epochs, group, identifiers, wire
from stillwatch.share.witness.submission import parse_submission

BUDGET = int(os.environ.get("STILLWATCH_FUZZ", "60"))
SLOW = 100
SECONDS = 1.0
"""Processor time that a parser may take for one input."""
NOW = 1_795_305_600
KEY = SigningKey("hub.example/log", bytes(range(32)))
WITNESS = SigningKey("witness.example", bytes(range(1, 33)), COSIGNATURE)
MEMBER = "identity--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01"
URL = "https://hub.example/taxii2/api/collections/c/objects/?limit=3"
BODY = b'{"objects": []}'
TOKENS = (
    b"[" * 3_000, b'{"a":' * 2_000, b"\xff", b"\xc0\xae", b"\xed\xa0\x80", b"\x00", b"\r\n",
    b"\n\n", b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"-1", b"null", b"[]", b"{}", b'"',
    b"\\ud800", b"\\u0000", "\u202e\u200b".encode(), "\u2014 ".encode(), b"=" * 9, b"%00",
    b"..%2f", b"' OR 1=1--", b"a@b.example", b"4111 1111 1111 1111", b'"type":"indicator",', b";",
    b",", b" " * 40_000, b"true",
)  # fmt: skip


@st.composite
def damaged(draw, valid):
    """Draw a valid example with up to four damages."""
    raw = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        end = min(len(raw), at + draw(st.sampled_from((0, 1, 2, 9, 70, 10**6))))
        how = draw(st.integers(0, 4))
        if how == 0:
            raw = raw[:at] + raw[end:]
        elif how == 1:
            raw = raw[:end] + raw[at:]
        elif how == 2:
            raw = raw[:at] + draw(st.binary(min_size=1, max_size=4)) + raw[at + 1 :]
        elif how == 3:
            raw = raw[:at] + draw(st.sampled_from(TOKENS)) + raw[at:]
        else:
            raw = raw[:at] + draw(st.sampled_from(TOKENS)) + raw[end:]
    return raw


def _text(raw):
    return raw.decode("utf-8", "replace")


@cache
def _objects():
    return tuple(canonical(item) for item in examples())


def _signed():
    """Return the lines of a signed request's headers."""
    own = {"Content-Type": "application/json"}
    added = requests.sign_request("POST", URL, own, BODY, KEY, created=NOW, nonce="A" * 24)
    return "\n".join(f"{n}: {v}" for n, v in (own | added).items()).encode()


def verify_headers(raw):
    pairs = [line.partition(": ")[::2] for line in raw.decode("latin-1").split("\n")]
    requests.verify_request("POST", URL, pairs, BODY, {KEY.public.key_id: KEY.public}.get, now=NOW)


def verify_target(raw):
    url = requests.request_url("https://hub.example", raw, raw)
    requests.verify_request("GET", url, [], b"", lambda _: None, now=NOW)


@cache
def _log():
    return ForkingLog(KEY).grow(b"a", b"b", b"c", b"d", b"e")


def _note():
    note = _log().note()
    return note.added([cosign(note.text, WITNESS, NOW)]).encode()


def open_note(raw):
    _, note = open_checkpoint(raw, KEY.name, [KEY.public])
    verify_note(note, [KEY.public])
    verify_cosignatures(note, [WITNESS.public], now=NOW)


def verify_proofs(raw):
    """Read 32-byte hashes, and what is left as numbers."""
    hashes = [raw[at : at + 32] for at in range(0, len(raw), 32)]
    old, new = raw[0] if raw else 0, len(raw)
    for check in (
        lambda: merkle.verify_inclusion(bytes(32), old, new, hashes, bytes(32)),
        lambda: merkle.verify_consistency(old, new, bytes(32), bytes(32), hashes),
    ):
        try:
            check()
        except StillwatchError:
            continue


def _envelope():
    return dsse.seal_envelope(bundles.BUNDLE_TYPE, _payload(), [KEY])


def _payload():
    held = {
        "made_by": MEMBER, "made": stamp(NOW), "audience": [],
        "objects": [json.loads(raw) for raw in _objects()[-4:]],
    }  # fmt: skip
    return json.dumps(held).encode()


def open_bundle(raw):
    bundles.opened_bundle(raw, [(MEMBER, KEY.public)], member=MEMBER, now=NOW)


def open_payload(raw):
    """Read what a member signed, whatever it is."""
    sealed = dsse.seal_envelope(bundles.BUNDLE_TYPE, raw, [KEY])
    opened = bundles.opened_bundle(sealed, [(MEMBER, KEY.public)], member=MEMBER, now=NOW)
    bundles.taken_from(opened, lambda _: None, [AuthorKey(KEY.public, None)], now=NOW)


def _record():
    salt = base64.b64encode(bytes(32)).decode()
    held = {
        "index": 0, "kind": "object", "made_by": "member", "collection": "c", "publisher": MEMBER,
        "date_added": stamp(NOW), "salt": salt, "object": json.loads(_objects()[-6]),
    }  # fmt: skip
    other = {"type": "x-membership", "change": "joined", "member": MEMBER, "time": stamp(NOW)}
    return [held, held | {"index": 1, "kind": "member", "object": other}]


def _pages():
    return json.dumps({"records": _record(), "more": False, "checkpoint": "", "last": 1}).encode()


def read_records(raw):
    for record in read_page(raw).records:
        commitment_of(record)
        taken(record, lambda _: None, Keyring({}), now=NOW)


def _stream():
    return b"".join(
        b"event: record\nid: %d\ndata: %b\n\n" % (r["index"], json.dumps(r).encode())
        for r in _record()
    )


def read_stream(raw):
    """Read a stream in pieces, as a watcher does."""
    answer = SimpleNamespace(
        status_code=200, is_success=True, iter_bytes=lambda: [raw[:100], raw[100:101], raw[101:]]
    )
    hub = SimpleNamespace(streamed=lambda *_: nullcontext(answer))
    for batch in streamed(hub, -1):
        for record in batch.records:
            commitment_of(record)


def _certificates():
    """Return a certificate as a member makes it."""
    kept = []
    hub = SimpleNamespace(post=lambda _, body: kept.append(body["value"].encode()))
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        credentials.enrol_certificate(hub, home, MEMBER, now=NOW, days=30, overlap=0)
    return kept[0]


def read_certificate(raw):
    _certificate(raw.decode("latin-1"), SimpleNamespace(id=MEMBER), int(NOW * 1_000_000))


def read_query(raw):
    """Read parameters as the hub's TAXII endpoints do."""
    pairs = tuple(part.partition("=")[::2] for part in raw.decode("latin-1").split("&"))
    call = Call("GET", "/", pairs, {}, b"", {"object": ""}, None, "", None, NOW)
    call.number("limit", 100, 1000, least=1)
    _filters(call, one=False, every=False)
    stamp_or_400(call.one("added_after") or "")
    Place.read(call.one("next") or "", "filters")


def read_headers(raw):
    text = raw.decode("latin-1")
    accepts(text)
    is_of(text, "application/taxii+json;version=2.1")


def read_body(raw):
    for form in (JoinBody, EpochBody, CredentialBody):
        try:
            read_json(raw, form)
        except StillwatchError:
            continue


def _batch():
    point = group.base_times(bytes([3, *bytes(31)])).hex()
    held = {
        "epoch": 1, "generation": 0, "kind": "par", "purpose": "sign-up", "elements": [point] * 3,
    }  # fmt: skip
    return json.dumps(held).encode()


def read_batch(raw):
    wire.decoded(raw).points()


def _commit():
    terms = epochs.Terms(exchange="peers.example", epoch=1, generation=0, starts=NOW, lost=())
    draft = ceremony.drawn(terms, "a", bytes(32), lambda: bytes([3, *bytes(31)]))
    return ceremony.sealed(draft.commit(), KEY)


def read_message(raw):
    ceremony.opened_message(raw, KEY.public)


def read_signed_message(raw):
    """Read what the other operator signed, whatever it is."""
    for kind, opened in (
        (ceremony.MESSAGE_TYPE, lambda e: ceremony.opened_message(e, KEY.public)),
        (epochs.RECORD_TYPE, lambda e: epochs.opened(e, [KEY.public], 1)),
    ):
        try:
            opened(dsse.seal_envelope(kind, raw, [KEY]))
        except StillwatchError:
            continue


def read_identifier(raw):
    for kind in ("email", "phone", "par"):
        try:
            identifiers.encode(kind, _text(raw))
        except StillwatchError:
            continue


def read_refusal(raw):
    assert isinstance(refusal(raw, 403, "hub"), StillwatchError)


def read_status(raw):
    try:
        _failures(json.loads(raw))
    except (ValueError, RecursionError):  # of this reading alone
        return


PARSERS = {
    "objects": (accept, _objects),
    "foreign-objects": (lambda raw: judged_objects(
        [raw], lambda _: None, Keyring({}), source="s", now=NOW), _objects),
    "certificates": (read_certificate, _certificates),
    "signature-headers": (verify_headers, _signed),
    "signature-target": (verify_target, lambda: b"/taxii2/api/?limit=3&match[id]=a"),
    "notes": (open_note, _note),
    "signature-lines": (lambda raw: parse_signatures(_text(raw)), lambda: (
        _note().rpartition(b"\n\n")[2])),
    "keys": (lambda raw: VerifyKey.decode(_text(raw)), lambda: KEY.public.encode().encode()),
    "tile-paths": (lambda raw: tiles.parse_path(_text(raw)), lambda: b"tile/entries/x001/002.p/7"),
    "entry-bundles": (lambda raw: tiles.unbundle(raw, 3), lambda: tiles.bundle([b"a" * 32] * 3)),
    "proofs": (verify_proofs, lambda: bytes(range(256))),
    "envelopes": (open_bundle, _envelope),
    "bundles": (open_payload, _payload),
    "submissions": (parse_submission, lambda: _log().submission(3)),
    "record-pages": (read_records, _pages),
    "streams": (read_stream, _stream),
    "queries": (read_query, lambda: (
        b"limit=3&match[id]=a,b&match[version]=last,2026-01-01T00:00:00Z"
        b"&added_after=2026-01-01T00:00:00Z&next=" + Place(3, 9).write("filters").encode())),
    "media-types": (read_headers, lambda: b"application/taxii+json;version=2.1;q=0.3, */*;q=0"),
    "request-bodies": (read_body, lambda: json.dumps({
        "invitation": "a", "name": "b", "verify_key": "c", "sealing_key": "d"}).encode()),
    "batches": (read_batch, _batch),
    "ceremonies": (read_message, _commit),
    "signed-messages": (read_signed_message, lambda: base64.b64decode(
        json.loads(_commit())["payload"])),
    "identifiers": (read_identifier, "Anna.Müller+x@bücher.example".encode),
    "drafts": (lambda raw: read_drafts(_text(raw).split("\n"), now=NOW), lambda: json.dumps({
        "campaign": "c", "content": {"kind": "network", "entity": "asn", "value": "210000",
        "mine": 300, "others": 50}}).encode()),
    "refusals": (read_refusal, lambda: b'{"error_code":"H-1","description":"no"}'),
    "statuses": (read_status, lambda: b'{"failures":[{"id":"a","version":"b","message":"c"}]}'),
}  # fmt: skip
"""Parser by name, and what gives it one or more valid inputs."""


def examine(name, budget):
    parse, give = PARSERS[name]
    held = give()
    valid = list(held) if isinstance(held, tuple) else [held]

    @settings(
        max_examples=budget,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(raw=damaged(valid))
    def damage(raw):
        began = time.process_time()
        try:
            parse(raw)
        except StillwatchError as error:
            assert error.what  # noqa: PT017 - either is right
            assert error.diagnostics()  # noqa: PT017 - as above
        assert time.process_time() - began < SECONDS

    damage()


@pytest.mark.parametrize("name", PARSERS)
def test_valid_inputs_are_read(name):
    parse, give = PARSERS[name]
    held = give()
    for raw in held if isinstance(held, tuple) else (held,):
        if name != "signature-target":  # which is signed nowhere
            parse(raw)


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_inputs_give_named_errors(name):
    examine(name, BUDGET)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_many_damaged_inputs_give_named_errors(name):
    examine(name, SLOW * BUDGET)


def test_records_of_any_bytes_have_a_commitment_or_a_rule():
    record = Record(
        index=0, kind="object", made_by="member", date_added="", salt="é", object=b"{}"
    )  # fmt: skip
    with pytest.raises(StillwatchError, match="M-4"):
        commitment_of(record)
