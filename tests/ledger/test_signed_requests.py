"""Signed requests: RFC 9421's vector, another implementation, and each rule R-1 to R-13."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import RefusedError
from stillwatch.ledger import SigningKey
from stillwatch.ledger.requests import (
    TAG,
    content_digest,
    request_url,
    sign_request,
    signature_base,
    verify_request,
)

NOW = 1_800_000_000
URL = "https://hub.example/taxii2/api/collections/x/objects/?limit=3&match%5Btype%5D=a%20b"
BODY = b'{"objects": []}'
KEY = SigningKey("member.example/a", bytes(range(32)))
NONCE = "AAECAwQFBgcICQoL"


def message(body=BODY, url=URL, method="POST", created=NOW, key=KEY):
    own = [("Content-Type", "application/taxii+json"), ("Host", "hub.example")] if body else []
    added = sign_request(method, url, own, body, key, created=created, nonce=NONCE)
    return own + list(added.items())


def verify(headers, body=BODY, url=URL, method="POST", now=NOW, keys=(KEY,)):
    found = {key.public.key_id: key.public for key in keys}
    return verify_request(method, url, headers, body, found.get, now=now)


def changed(headers, name, change):
    return [(n, change(v) if n == name else v) for n, v in headers]


def without(headers, name):
    return [(n, v) for n, v in headers if n != name]


def refused(rule, *args, **kwargs):
    with pytest.raises(RefusedError) as caught:
        verify(*args, **kwargs)
    assert caught.value.rule == rule
    return caught.value


def test_rfc_9421_b_2_6():
    seed = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
    key = SigningKey("test-key-ed25519", seed)
    assert (
        key.public.raw.hex() == "26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb"
    )
    covered = ("date", "@method", "@path", "@authority", "content-type", "content-length")
    values = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "@method": "POST",
        "@path": "/foo",
        "@authority": "example.com",
        "content-type": "application/json",
        "content-length": "18",
    }
    names = " ".join(f'"{name}"' for name in covered)
    base = signature_base(covered, values, f'({names});created=1618884473;keyid="test-key-ed25519"')
    signature = base64.b64encode(key.sign(base)).decode()
    assert signature == (
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )


def test_rfc_9530_content_digest():
    # RFC 9530, appendix D
    body = b'{"hello": "world"}\n'
    assert content_digest(body) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


@pytest.mark.parametrize("body", [b"", BODY])
@pytest.mark.parametrize(
    "url", ["https://hub.example", "https://hub.example/?", "http://[::1]:8080/a//b?x=1?y", URL]
)
def test_what_is_signed_verifies(body, url):
    signed = verify(message(body, url), body, url)
    assert (signed.keyid, signed.created, signed.nonce) == (KEY.public.key_id, NOW, NONCE)


def test_headers_may_be_a_mapping_and_names_of_any_case():
    headers = {name.swapcase(): value for name, value in message()}
    assert verify(headers).nonce == NONCE


def test_default_ports_and_case_of_the_host_do_not_matter():
    headers = message(url="https://HUB.example:443/a")
    assert verify(headers, url="https://hub.example/a").nonce == NONCE


def test_sha_512_digests_are_read():
    digest = base64.b64encode(hashlib.sha512(BODY).digest()).decode()
    headers = without(message(), "Content-Digest")
    fields = [*headers, ("Content-Digest", f"sha-512=:{digest}:")]
    refused("R-11", fields)
    resigned = _resigned(fields)
    assert verify(resigned).nonce == NONCE


def _resigned(headers, replace=lambda parameters: parameters, covered=None):
    """Sign again as a careless or hostile member could, whatever the profile says."""
    fields = {n.lower(): v for n, v in headers}
    parameters = replace(fields["signature-input"].partition("=")[2])
    names = covered or [n.strip('"') for n in parameters[1 : parameters.index(")")].split()]
    values = {
        "@method": "POST",
        "@authority": "hub.example",
        "@path": "/taxii2/api/collections/x/objects/",
        "@query": "?limit=3&match%5Btype%5D=a%20b",
        "@target-uri": URL,
        **fields,
    }
    base = signature_base(names, values, parameters)
    signature = base64.b64encode(KEY.sign(base)).decode()
    headers = changed(headers, "Signature-Input", lambda _: f"stillwatch={parameters}")
    return changed(headers, "Signature", lambda _: f"stillwatch=:{signature}:")


@pytest.mark.parametrize(
    "break_",
    [
        lambda h: without(h, "Signature"),
        lambda h: without(h, "Signature-Input"),
        lambda h: changed(h, "Signature", lambda v: v.replace("stillwatch", "other")),
        lambda h: changed(h, "Signature", lambda v: f"{v}, {v.replace('stillwatch', 'b')}"),
        lambda h: changed(h, "Signature-Input", lambda v: f"{v}, b={v.partition('=')[2]}"),
        lambda h: changed(h, "Signature-Input", lambda v: v + ";a=1" * 1000),
        lambda h: changed(h, "Signature-Input", lambda _: ""),
        lambda h: changed(h, "Signature-Input", lambda v: v.partition(";")[0]),
        lambda h: changed(h, "Signature", lambda v: v[:-10] + "::"),
        lambda h: changed(h, "Signature", lambda v: v.replace("==:", "=:")),
    ],
)
def test_r_1_one_signature_in_one_form(break_):
    refused("R-1", break_(message()))


def test_r_1_the_unused_bits_of_base64_are_zero():
    headers = message()
    text = dict(headers)["Signature"]
    last = text[-4]
    other = chr(ord(last) + 1)
    assert base64.b64decode(text[12:-1]) == base64.b64decode(text[12:-4] + other + "==")
    refused("R-1", changed(headers, "Signature", lambda v: v[:-4] + other + "==:"))


@pytest.mark.parametrize(
    "replace",
    [
        lambda p: p.replace('"@method"', '"@method";req'),
        lambda p: p.replace('"@method"', '"@method" "@method"'),
        lambda p: p.replace('"@method"', '"@METHOD"'),
        lambda p: p.replace('"@method" ', '"@method"  '),
        lambda p: p.replace('"@method"', "@method"),
        lambda p: p.replace('"@query"', '"@query-param";name="limit"'),
        lambda p: p.replace('"@query"', '"@target-uri"'),
        lambda p: p[: p.index("(") + 1] + p[p.index(")") :],
    ],
)
def test_r_2_components_are_known_single_and_plain(replace):
    headers = message()
    refused("R-2", changed(headers, "Signature-Input", replace))


@pytest.mark.parametrize(
    "name", ["@method", "@authority", "@path", "@query", "content-digest", "content-type"]
)
def test_r_3_no_component_may_be_left_out(name):
    def replace(parameters):
        return parameters.replace(f'"{name}" ', "").replace(f' "{name}"', "")

    refused("R-3", _resigned(message(), replace))


def test_r_3_a_body_needs_its_digest_and_its_type():
    refused("R-3", without(message(), "Content-Digest"))
    refused("R-3", message(b""), BODY)
    with pytest.raises(RefusedError, match="R-3"):
        sign_request("POST", URL, {}, BODY, KEY, created=NOW, nonce=NONCE)


def test_r_3_what_changes_a_bodys_meaning_is_covered():
    refused("R-3", [*message(), ("Content-Encoding", "gzip")])
    refused("R-3", [*message(b""), ("Content-Type", "text/plain")], b"")


@pytest.mark.parametrize(
    "replace",
    [
        lambda p: p.replace(f";created={NOW}", ""),
        lambda p: p.replace(';alg="ed25519"', ""),
        lambda p: p.replace(f';tag="{TAG}"', ""),
        lambda p: p.replace(f';nonce="{NONCE}"', ""),
        lambda p: p + f';created="{NOW}"',
        lambda p: p + f";created={NOW}",
        lambda p: p + f";expires={NOW + 900}",
        lambda p: p.replace(f"={NOW}", f'="{NOW}"'),
        lambda p: p.replace(f"={NOW}", f"=0{NOW}"),
        lambda p: p.replace(f"={NOW}", f"=-{NOW}"),
        lambda p: p.replace('"ed25519"', "ed25519"),
        lambda p: p.replace(";alg", "; alg"),
    ],
)
def test_r_4_parameters_are_all_there_once_and_no_others(replace):
    refused("R-4", _resigned(message(), replace))


@pytest.mark.parametrize("other", ["hmac-sha256", "rsa-v1_5-sha256", "ED25519", "none", ""])
def test_r_5_the_algorithm_is_not_chosen_by_the_sender(other):
    refused("R-5", _resigned(message(), lambda p: p.replace('alg="ed25519"', f'alg="{other}"')))


def test_r_6_a_signature_for_another_protocol_does_not_count():
    refused("R-6", _resigned(message(), lambda p: p.replace(TAG, "web-bot-auth")))


@pytest.mark.parametrize("off", [-301, 301])
def test_r_7_created_lies_within_the_window(off):
    assert "clock" in refused("R-7", message(created=NOW + off)).todo


@pytest.mark.parametrize("off", [-300, 300])
def test_r_7_a_clock_five_minutes_off_passes(off):
    assert verify(message(created=NOW + off)).created == NOW + off


@pytest.mark.parametrize("nonce", ["short", "a" * 65, "a" * 15 + " ", "ä" * 16, ""])
def test_r_8_nonces_have_one_form(nonce):
    with pytest.raises(RefusedError, match="R-8"):
        sign_request("GET", URL, {}, b"", KEY, created=NOW, nonce=nonce)
    if nonce.isascii():
        refused("R-8", _resigned(message(), lambda p: p.replace(NONCE, nonce)))


def test_r_9_unknown_keys():
    refused("R-9", message(), keys=())
    other = SigningKey("member.example/b", bytes(32))
    with pytest.raises(RefusedError, match="R-9"):
        verify_request("POST", URL, message(), BODY, lambda _: other.public, now=NOW)


@pytest.mark.parametrize("name", ["Content-Type", "Signature", "Signature-Input", "Content-Digest"])
def test_r_10_signed_headers_are_there_once(name):
    headers = message()
    refused("R-10", [*headers, (name.lower(), dict(headers)[name])])


@pytest.mark.parametrize("odd", ["text/plain\nx: y", "text/\x00", "text/plä", "a\x7f"])
def test_r_10_signed_headers_are_plain(odd):
    refused("R-10", changed(message(), "Content-Type", lambda _: odd))


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("method", "PUT"),
        ("url", "https://other.example" + URL[19:]),
        ("url", URL.replace("/x/", "/y/")),
        ("url", URL.replace("limit=3", "limit=4")),
        ("url", URL + "&a"),
        ("url", URL.replace("%20", "+")),
        ("url", URL.replace("hub.example", "hub.example:8443")),
    ],
)
def test_r_11_another_request(what, value):
    refused("R-11", message(), **{what: value})


def test_r_11_another_keys_signature():
    thief = SigningKey("member.example/a", bytes(32))
    headers = changed(
        message(key=thief),
        "Signature-Input",
        lambda v: v.replace(thief.public.key_id, KEY.public.key_id),
    )
    refused("R-11", headers)


@given(st.integers(0, 63), st.integers(0, 7))
def test_r_11_any_flipped_bit(at, bit):
    headers = message()
    raw = bytearray(base64.b64decode(dict(headers)["Signature"][12:-1]))
    raw[at] ^= 1 << bit
    flipped = base64.b64encode(raw).decode()
    refused("R-11", changed(headers, "Signature", lambda _: f"stillwatch=:{flipped}:"))


def test_r_12_another_body():
    refused("R-12", message(), BODY + b" ")
    refused("R-12", message(), BODY.replace(b"[", b"{"))


@pytest.mark.parametrize(
    "digest", ["md5=:AAAAAAAAAAAAAAAAAAAAAA==:", "sha-256=:AAAA:", "sha-256=AAAA", "", "a" * 99]
)
def test_r_12_digests_of_other_kinds(digest):
    headers = changed(message(), "Content-Digest", lambda _: digest)
    refused("R-12", _resigned(headers))


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "ftp://hub.example/"),
        ("POST", "https:///a"),
        ("POST", "https://member@hub.example/"),
        ("POST", "https://hub.example/#a"),
        ("POST", "https://hub.example/#"),
        ("POST", "https://hub.example/a b"),
        ("POST", "https://hub.example/ä"),
        ("POST", "https://hub.example/\n"),
        ("POST", "https://[::1/"),
        ("PO ST", "https://hub.example/"),
        ("", "https://hub.example/"),
    ],
)
def test_r_13_urls_that_are_not_sent(method, url):
    refused("R-13", message(), url=url, method=method)


@given(
    st.lists(st.tuples(st.sampled_from(["Signature", "Signature-Input"]), st.text()), max_size=3)
)
def test_no_header_escapes_as_another_error(headers):
    with pytest.raises(RefusedError):
        verify(headers)


@given(st.text(alphabet='stillwatch=()"@method;:/ \\,é0=', max_size=60))
def test_no_near_miss_escapes_as_another_error(text):
    with pytest.raises(RefusedError):
        verify(changed(message(), "Signature-Input", lambda _: text))


def test_request_url_is_as_received():
    assert request_url("https://hub.example/", b"/a%2Fb?x", b"y=%20&z") == (
        "https://hub.example/a%2Fb?y=%20&z"
    )
    assert request_url("https://hub.example", b"/", b"") == "https://hub.example/"


class Theirs:
    """http-message-signatures, an implementation that is not ours."""

    def __init__(self):
        self.theirs = pytest.importorskip("http_message_signatures")
        resolver = type(
            "Keys",
            (self.theirs.HTTPSignatureKeyResolver,),
            {
                "resolve_public_key": lambda *_: KEY._private.public_key(),
                "resolve_private_key": lambda *_: KEY._private,
            },
        )
        self.how = {
            "signature_algorithm": self.theirs.algorithms.ED25519,
            "key_resolver": resolver(),
        }


def test_another_implementation_verifies_ours():
    theirs = Theirs()
    now = int(time.time())
    request = SimpleNamespace(method="POST", url=URL, headers=dict(message(created=now)))
    verifier = theirs.theirs.HTTPMessageVerifier(**theirs.how)
    (result,) = verifier.verify(request, max_age=dt.timedelta(minutes=5), expect_tag=TAG, body=BODY)
    assert result.parameters["keyid"] == KEY.public.key_id
    assert result.nonce == NONCE


def test_ours_verifies_another_implementation():
    theirs = Theirs()
    request = SimpleNamespace(
        method="POST", url=URL, headers={"Content-Type": "application/taxii+json"}
    )
    theirs.theirs.HTTPMessageSigner(**theirs.how).sign(
        request,
        key_id=KEY.public.key_id,
        created=dt.datetime.fromtimestamp(NOW, dt.UTC),
        nonce=NONCE,
        tag=TAG,
        covered_component_ids=("@method", "@authority", "@path", "@query", "content-type"),
        body=BODY,
    )
    assert verify(request.headers).nonce == NONCE
