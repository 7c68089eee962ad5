"""Both operators and their members as separate processes on loopback."""

from __future__ import annotations

import ipaddress
import json
import shutil
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from operators import DAY, SMALL, Pair, Service, command, signed
from rfc9497_vectors import KEY, PUBLIC, VECTORS

from stillwatch.errors import ConfigurationError, RefusedError, UnreachableError
from stillwatch.ledger import SigningKey
from stillwatch.share.oprf import (
    OperatorAddress,
    Steps,
    audit,
    connected,
    encode,
    expect,
    group,
    meet,
    register,
    terms_of_new,
    terms_of_refresh,
)
from stillwatch.share.oprf.protocol import blind, evaluate, finalise
from stillwatch.share.oprf.shares import read_shares
from stillwatch.share.oprf.wire import EvaluateRequest

MAILS = ["anna@example.com", "otto@example.com"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Both services, and epoch 1 made by a third process over HTTP (P-1)."""
    made = Pair.make(tmp_path_factory.mktemp("pair"), SMALL)
    with made.stack:
        made.serve()
        done = command("ceremony", "meet", made.services[1].url, "--state", made.a.path)
        assert done.returncode == 0, done.stderr
        yield made


def whole_key(pair, kind, epoch=1):
    """Return the key that exists nowhere, for a test to compare with."""
    paths = [home.share_path(epoch) for home in (pair.a, pair.b)]
    return group.scalar_add(*(read_shares(path).scalars()[kind] for path in paths))


def body(pair, values=("a@b.example",), kind="email", purpose="suspicion", **changes):
    record = pair.member().epochs()[1]
    elements = [item.hex() for item in blind([encode(kind, v) for v in values]).elements]
    held = {"epoch": 1, "generation": record.generation, "kind": kind, "purpose": purpose}
    return json.dumps({**held, "elements": elements, **changes}).encode()


def problem(pair, request, status):
    answer = pair.http.send(request)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    held = answer.json()
    assert held["status"] == status
    assert held["title"].startswith(f"{held['rule']}: ")
    assert held["type"] == f"urn:stillwatch:rule:{held['rule']}"
    return held["rule"]


def test_p_1_a_ceremony_over_http_leaves_each_with_its_own_share(pair):
    record = pair.a.certificates()[1].record
    assert pair.b.certificates()[1].record == record
    held = [read_shares(home.share_path(1)) for home in (pair.a, pair.b)]
    for kind, keys in record.keys.items():
        publics = [group.base_times(shares.scalars()[kind]).hex() for shares in held]
        assert publics == [keys.a, keys.b]
        assert group.base_times(whole_key(pair, kind)).hex() == keys.sum
    assert len({keys.sum for keys in record.keys.values()}) == 3


def test_p_5_pseudonyms_are_those_of_the_whole_key(pair):
    made = list(pair.member().evaluate("email", MAILS, purpose="suspicion"))
    key = whole_key(pair, "email")
    batch = blind([encode("email", value) for value in MAILS])
    public = group.base_times(key)
    wanted = finalise(batch, [evaluate(key, public, batch.elements)], public)
    assert [item.value for item in made] == [value.hex() for value in wanted]
    assert {(item.kind, item.epoch) for item in made} == {("email", 1)}


def test_p_2_one_value_of_two_types_has_unrelated_pseudonyms(pair):
    text = "Q1HJZ28RKA1EBL470G9XYG90R5D3E"
    (par,) = pair.member().evaluate("par", [text], purpose="sign-up")
    batch = blind([encode("par", text)])
    key = whole_key(pair, "email")
    other = finalise(batch, [evaluate(key, group.base_times(key), batch.elements)],
                     group.base_times(key))  # fmt: skip
    assert par.value != other[0].hex()


def test_p_3_more_than_a_batch_goes_in_batches(pair):
    values = [f"x{n}@example.com" for n in range(101)]
    made = list(pair.member().evaluate("email", values, purpose="suspicion"))
    assert len({item.value for item in made}) == 101


def test_p_3_an_over_large_or_empty_batch_is_refused(pair):
    point = group.base_times(group.random_scalar()).hex()
    for elements in ([point] * 101, []):
        request = signed(pair.services[0].url, body(pair, elements=elements), pair.key)
        assert problem(pair, request, 400) == "P-3"
    request = signed(pair.services[0].url, body(pair, elements=[point] * 400), pair.key)
    assert problem(pair, request, 413) == "P-3"


def test_p_3_a_replayed_request_is_refused_and_a_repeated_batch_is_not_charged(pair):
    url, raw = pair.services[0].url, body(pair)
    request = signed(url, raw, pair.key)
    assert pair.http.send(request).status_code == 200
    assert problem(pair, request, 400) == "P-3"
    before = pair.member().counters(own=True)[0].counters
    assert pair.http.send(signed(url, raw, pair.key)).status_code == 200
    assert pair.http.send(signed(pair.services[1].url, raw, pair.key)).status_code == 200
    assert pair.member().counters(own=True)[0].counters == before


def test_p_3_requests_of_others_are_refused(pair):
    url, raw = pair.services[0].url, body(pair)
    stranger = SigningKey.generate("stranger")
    assert problem(pair, signed(url, raw, stranger), 401) == "R-9"
    assert problem(pair, signed(url, raw, pair.key, sent=body(pair)), 401) == "R-12"
    other = pair.services[1].url
    turned = signed(other, raw, pair.key)
    moved = httpx.Request("POST", f"{url}/oprf/v1/evaluate", headers=turned.headers, content=raw)
    assert problem(pair, moved, 401) == "R-11"
    plain = httpx.Request("POST", f"{url}/oprf/v1/evaluate", content=raw)
    assert problem(pair, plain, 401) == "R-1"
    assert problem(pair, signed(url, raw, pair.key, route="/oprf/v1/ceremony"), 401) == "R-9"


@pytest.mark.parametrize(
    "change",
    [
        {"elements": 7},
        {"kind": "device"},
        {"purpose": "curiosity"},
        {"epoch": 0},
        {"note": "unknown field"},
        {"epoch": "1"},
    ],
    ids=str,
)
def test_p_3_other_forms_are_refused(pair, change):
    raw = json.dumps(json.loads(body(pair)) | change).encode()
    assert problem(pair, signed(pair.services[0].url, raw, pair.key), 400) == "P-3"


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 9000, b"\xff\xfe", b"null"])
def test_p_3_what_is_no_request_is_refused(pair, raw):
    assert problem(pair, signed(pair.services[0].url, raw, pair.key), 400) == "P-3"


@pytest.mark.parametrize("bad", ["00" * 32, "ff" * 32, "", "zz" * 32, "01" + "00" * 31, "E2" * 32])
def test_p_4_the_identity_and_what_is_no_element_are_refused(pair, bad):
    point = group.base_times(group.random_scalar()).hex()
    request = signed(pair.services[0].url, body(pair, elements=[point, bad]), pair.key)
    assert problem(pair, request, 400) == "P-4"


def test_p_10_mail_and_phone_are_for_suspicion_alone(pair):
    for kind, value in (("email", "a@b.example"), ("phone", "+49 170 1234567")):
        raw = body(pair, [value], kind, "sign-up")
        assert problem(pair, signed(pair.services[0].url, raw, pair.key), 403) == "P-10"
        with pytest.raises(RefusedError, match="P-10"):
            list(pair.member().evaluate(kind, [value], purpose="sign-up"))
    par = "Q1HJZ28RKA1EBL470G9XYG90R5D3E"
    assert list(pair.member().evaluate("par", [par], purpose="payment-change"))


def test_p_7_a_quota_is_spent_and_other_types_go_on(pair):
    numbers = [f"+49 170 12345{n:02}" for n in range(6)]
    member = pair.member()
    assert len(list(member.evaluate("phone", numbers[:5], purpose="suspicion"))) == 5
    with pytest.raises(RefusedError, match="your quota of the day has 0 of 5") as caught:
        list(member.evaluate("phone", numbers[5:], purpose="suspicion"))
    assert caught.value.rule == "P-7"
    assert list(member.evaluate("email", MAILS, purpose="suspicion"))


def test_p_7_all_members_together_have_a_quota(pair):
    key = SigningKey.generate("lab-two")
    for home in (pair.a, pair.b):
        (home.path / "members" / "lab-two.vkey").write_text(key.public.encode())
    time.sleep(2.1)  # the services read the list of members every 2 seconds
    second = pair.member(key)
    numbers = [f"+49 171 12345{n:02}" for n in range(4)]
    with pytest.raises(RefusedError, match="of the day of all members has 3 of 8"):
        list(second.evaluate("phone", numbers, purpose="suspicion"))
    assert list(second.evaluate("phone", numbers[:3], purpose="suspicion"))


def test_p_7_counters_agree_until_one_operator_sees_more(pair, tmp_path):
    first, second = pair.member().counters()
    assert first.counters
    assert [c.kind for c in first.counters] == ["email", "par", "phone"]
    spare = first.counters[0].elements - second.counters[0].elements
    file = pair.operators_file(tmp_path)
    while spare:  # earlier tests asked one operator alone
        url = pair.services[spare > 0].url
        assert pair.http.send(signed(url, body(pair), pair.key)).status_code == 200
        spare -= 1 if spare > 0 else -1
    first, second = pair.member().counters()
    assert first.counters == second.counters
    pair.http.send(signed(pair.services[0].url, body(pair), pair.key))
    done = command("counters", "--operators", file)
    assert done.returncode == 12
    assert "P-7" in done.stderr


def test_p_8_a_refresh_changes_the_shares_and_no_pseudonym(pair):
    member = pair.member()
    before = list(member.evaluate("email", MAILS, purpose="suspicion"))
    shares = [home.share_path(1).read_bytes() for home in (pair.a, pair.b)]
    sums = {k: v.sum for k, v in pair.a.certificates()[1].record.keys.items()}
    for generation in (1, 2):
        terms = terms_of_refresh(pair.a, 1)
        meet(pair.a, terms, pair.services[1].url, pair.http, time.time)
        record = pair.b.certificates()[1].record
        assert record.generation == generation
        assert {k: v.sum for k, v in record.keys.items()} == sums
    fresh = [home.share_path(1).read_bytes() for home in (pair.a, pair.b)]
    assert not set(fresh) & set(shares)
    # this member knows generation 0 alone, which neither operator holds any longer
    assert list(member.evaluate("email", MAILS, purpose="suspicion")) == before


def test_p_3_pseudonyms_from_the_command_line(pair, tmp_path):
    pair.key.write(tmp_path / "lab.key")
    (tmp_path / "mails").write_text("\n".join(MAILS) + "\n")
    words = ["--operators", pair.operators_file(tmp_path), "--key", tmp_path / "lab.key"]
    done = command("evaluate", tmp_path / "mails", *words, "--type", "email", "--json")
    assert done.returncode == 0, done.stderr
    made = [json.loads(line) for line in done.stdout.splitlines()]
    member = list(pair.member().evaluate("email", MAILS, purpose="suspicion"))
    assert [item["value"] for item in made] == [item.value for item in member]


def test_p_7_the_audit_log_holds_no_element(pair):
    raw = body(pair)
    pair.http.send(signed(pair.services[0].url, raw, pair.key))
    done = command("audit", "--state", pair.a.path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"charged", "repeated", "P-3", "P-4", "P-7", "P-10"} <= {row["outcome"] for row in rows}
    assert {row["member"] for row in rows} == {"lab-one", "lab-two"}
    assert msgspec.json.decode(raw, type=EvaluateRequest).elements[0] not in done.stdout


def test_p_5_an_operator_that_is_down_is_waited_for(pair):
    service = pair.services[1]
    service.stop()
    with pytest.raises(UnreachableError) as caught:
        list(pair.member().evaluate("email", MAILS, purpose="suspicion"))
    assert service.url in caught.value.where
    member = pair.member(patience=30)
    member._records = {1: pair.a.certificates()[1].record}
    again = threading.Timer(0.5, service.begin)
    again.start()
    made = list(member.evaluate("email", MAILS, purpose="suspicion"))
    again.join()
    service.ready()
    assert len(made) == 2
    last = []
    for home in (pair.a, pair.b):
        with connected(home.path / "operator.db") as database:
            last.append(list(audit(database))[-1])
    assert last[0].outcome == "charged"
    assert last[0].batch == last[1].batch


def test_p_5_a_lying_operator_is_named(pair):
    words = [__file__.replace("test_two_operators", "lying_operator"), str(pair.b.path)]
    liar = Service(words).begin()
    pair.stack.callback(liar.stop)
    liar.ready()
    addresses = pair.member()._operators
    member = pair.member()
    member._operators = (addresses[0], OperatorAddress(liar.url, addresses[1].key))
    with pytest.raises(RefusedError, match="P-5: the proof does not hold") as caught:
        list(member.evaluate("email", MAILS, purpose="suspicion"))
    assert caught.value.where == liar.url


def test_p_1_both_operators_on_one_machine_are_refused(tmp_path):
    made = Pair.make(tmp_path)
    made.epoch(int(time.time()))
    settings = made.b.path / "operator.toml"
    settings.write_text(settings.read_text().replace("machine-b", "machine-a"))
    register(made.a)
    done = command("serve", "--state", made.b.path, "--port", 0)
    assert (done.returncode, done.stdout) == (3, "")
    assert "P-1: the other operator of this exchange runs on this machine" in done.stderr
    shutil.copy(made.b.share_path(1), made.a.path / "shares" / "epoch-000009.json")
    with pytest.raises(ConfigurationError, match="P-1: the folder holds a share of the other"):
        register(made.a)


@pytest.fixture(scope="module")
def overlapping(tmp_path_factory):
    """Two open epochs; the second's keys are that of RFC 9497's vectors, split at random."""
    now = int(time.time())
    made = Pair.make(tmp_path_factory.mktemp("overlapping"))
    made.epoch(now - int(119.9 * DAY))
    made.epoch(now - int(29.9 * DAY), split=KEY)
    with made.stack:
        yield made.serve()


@pytest.mark.parametrize("vector", VECTORS)
def test_p_5_vectors_of_rfc_9497_through_both_operators(overlapping, vector):
    blinds = iter(bytes.fromhex(item) for item in vector["blinds"])
    batch = blind([bytes.fromhex(item) for item in vector["inputs"]], lambda: next(blinds))
    assert [item.hex() for item in batch.elements] == vector["elements"]
    assert overlapping.a.certificates()[2].record.keys["email"].sum == PUBLIC.hex()
    made = overlapping.member()._evaluated("email", batch, "suspicion", 2)
    assert [item.value for item in made] == vector["outputs"]


def test_p_8_epochs_overlap_and_a_lost_one_ends(overlapping):
    made = overlapping
    member = made.member()
    (newest,) = member.evaluate("email", MAILS[:1], purpose="suspicion")
    (oldest,) = member.evaluate("email", MAILS[:1], purpose="suspicion", epoch=1)
    assert (newest.epoch, oldest.epoch) == (2, 1)
    assert newest.value != oldest.value
    made.b.share_path(2).unlink()
    with pytest.raises(RefusedError, match="P-8: shares of generation 0 are not held"):
        list(member.evaluate("email", MAILS[:1], purpose="suspicion"))
    url = made.services[1].url
    for lost, why in (((2,), "nobody here has agreed that epoch 2"), ((), "before the last")):
        terms = terms_of_new(made.a, int(time.time()), lost)
        with pytest.raises(RefusedError, match=f"P-8: .*{why}"):
            meet(made.a, terms, url, made.http, time.time)
        Steps(made.a, terms, int(time.time())).abandon()
    expect(made.b, (2,))
    terms = terms_of_new(made.a, int(time.time()), (2,))
    assert meet(made.a, terms, url, made.http, time.time).record.epoch == 3
    (third,) = made.member().evaluate("email", MAILS[:1], purpose="suspicion")
    assert third.epoch == 3
    with pytest.raises(RefusedError, match="P-8: epoch 2 is not open"):
        list(member.evaluate("email", MAILS[:1], purpose="suspicion", epoch=2))
    assert list(member.evaluate("email", MAILS[:1], purpose="suspicion", epoch=1)) == [oldest]


@pytest.mark.slow
def test_a_service_with_a_certificate_is_encrypted(tmp_path):
    made = Pair.make(tmp_path)
    chain, key = certificate(tmp_path)
    words = ["-m", "stillwatch", "oprf", "serve", "--state", str(made.a.path)]
    service = Service([*words, "--tls-certificate", str(chain), "--tls-key", str(key)]).begin()
    with made.stack:
        made.stack.callback(service.stop)
        assert service.ready().url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=chain)
        with httpx.Client(verify=context) as http:
            assert http.get(f"{service.url}/oprf/v1/epochs").json() == {"epochs": []}
    made.http.close()


def certificate(folder):
    """Write a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "operator")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False  # noqa: FBT003
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)  # noqa: FBT003
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    chain, secret = folder / "chain.pem", folder / "chain.key"
    chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, secret
