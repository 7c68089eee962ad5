"""Paths, trust, bodies, what waits for answers: the parts that every gateway uses."""

from __future__ import annotations

import asyncio
import zlib

import pytest
from gateway_world import PASS, ROOT, Rules, effect, gateway
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.stop.gateways.bodies import decoded
from stillwatch.stop.gateways.gateway import Passing
from stillwatch.stop.gateways.outcomes import Outcome, UndecidedError
from stillwatch.stop.gateways.paths import shape_of
from stillwatch.stop.gateways.pending import Pending
from stillwatch.stop.gateways.trust import Trust
from stillwatch.stop.interface import Request, Shape


def test_every_outcome_is_in_the_reference():
    page = (ROOT / "docs" / "reference" / "decision-api.md").read_text("utf-8")
    assert [outcome for outcome in Outcome if f"| `{outcome}` |" not in page] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions/x"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/mymessages"),
        ("POST", "/v1/models/x:countTokens"),
        ("POST", ""),
        ("POST", "*"),
    ],
)
def test_other_calls_are_not_watched(method, path):
    assert shape_of(method, path) is None


@given(st.text(max_size=80))
def test_any_path_is_read(path):
    watched = shape_of("POST", path)
    assert watched is None or watched[0] in Shape


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, ["8.8.8.8"], "192.0.2.1"),
        (1, ["8.8.8.8, 203.0.113.5"], "203.0.113.5"),
        (1, ["8.8.8.8", "203.0.113.5"], "203.0.113.5"),
        (2, ["8.8.8.8, 203.0.113.5, 198.51.100.2"], "203.0.113.5"),
        (2, ["203.0.113.5"], "192.0.2.1"),
        (1, ["nobody"], ""),
        (1, [], "192.0.2.1"),
        (1, ["::ffff:203.0.113.5"], "203.0.113.5"),
        (1, ["[2001:db8::1]:5"], "2001:db8::1"),
    ],
)
def test_the_address_is_that_of_the_nearest_that_is_not_trusted(hops, forwarded, address):
    headers = [("x-stillwatch-account", "acme")]
    headers += [("x-forwarded-for", value) for value in forwarded]
    assert Trust(hops=hops).client(headers, "192.0.2.1:4711").ip == address


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ([], Outcome.NO_ACCOUNT),
        ([("x-stillwatch-account", "")], Outcome.NO_ACCOUNT),
        ([("x-stillwatch-account", "a"), ("x-stillwatch-account", "a")], Outcome.TWO_ACCOUNTS),
        ([("x-stillwatch-account", "a,b")], Outcome.BAD_NAME),
        ([("x-stillwatch-account", "a b")], Outcome.BAD_NAME),
        ([("x-stillwatch-account", "a\r\nb")], Outcome.BAD_NAME),
        ([("x-stillwatch-account", "\u00e4")], Outcome.BAD_NAME),
        ([("x-stillwatch-account", "a" * 257)], Outcome.BAD_NAME),
        (
            [("x-stillwatch-account", "a"), *[("x-stillwatch-end-user", "u")] * 2],
            Outcome.REPEATED_HEADER,
        ),
        (
            [("x-stillwatch-account", "a"), ("x-stillwatch-organization", "o\x00")],
            Outcome.BAD_NAME,
        ),
    ],
)
def test_who_is_not_one_is_nobody(headers, outcome):
    with pytest.raises(UndecidedError) as told:
        Trust().client(headers, "")
    assert told.value.outcome is outcome


def test_metadata_is_the_account_whatever_headers_say():
    headers = [("x-stillwatch-account", "forged")] * 2 + [("x-stillwatch-asn", "64500")]
    client = Trust().client(headers, "", account="acme", tls_fingerprint="t13d")
    assert (client.account, client.asn, client.tls_fingerprint) == ("acme", 64500, "t13d")


@given(st.binary(max_size=2000), st.sampled_from(["gzip", "deflate"]))
def test_what_was_compressed_comes_back(body, encoding):
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    assert decoded(packer.compress(body) + packer.flush(), encoding, 2000) == body


@given(
    st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "br", "gzip, gzip", "\x00"])
)
def test_any_body_is_read_or_named(body, encoding):
    try:
        plain = decoded(body, encoding, 200)
    except UndecidedError as error:
        outcome = error.outcome
    else:
        outcome = Outcome.PASSED
        assert len(plain) <= 200
    assert outcome in {
        Outcome.PASSED,
        Outcome.BODY_TOO_LONG,
        Outcome.UNKNOWN_ENCODING,
        Outcome.BROKEN_ENCODING,
    }


def decided(account="acme", body=b"{}", time=0):
    request = Request(time, "id", account, Shape.OPENAI_CHAT, body)
    return asyncio.run(Rules().decide(request))[0]


def test_what_waits_is_bounded_in_bytes_and_time():
    pending = Pending(most=10_000, seconds=1.0)
    for at in range(20):
        pending.keep(str(at), decided(body=bytes(1000)), 0)
    assert len(pending) == 3
    assert pending.take("16") is None
    assert pending.take("19") is not None
    pending.keep("late", decided(time=5_000_000), 5_000_000)
    assert pending.take("18") is None
    assert pending.take("late") is not None
    assert len(pending) == 0


def test_a_decision_larger_than_all_the_room_is_not_kept():
    pending = Pending(most=1000)
    pending.keep("a", decided(body=bytes(5000)), 0)
    assert len(pending) == 0


def test_an_answer_is_told_once_also_when_it_never_began():
    service = Rules()
    made, _ = gateway(service)
    passing = Passing(made, decided(), effect())

    async def twice():
        await passing.tell()
        await passing.tell()

    asyncio.run(twice())
    ((_, answer),) = service.answers
    assert (answer.status, answer.output_tokens) == (499, -1)
    assert not Passing(made, decided(), PASS).alters
