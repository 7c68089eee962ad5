"""Members that show a certificate in place of signing, over real TLS."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import os
import signal
import ssl
import time
import warnings

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hub_process import Hub, run

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.share.exchange.credentials import enrol_certificate
from stillwatch.share.exchange.member import Member, join
from stillwatch.share.exchange.publishing import Draft, Terms, drafted
from stillwatch.share.nkeys import user_key
from stillwatch.share.objects import Network, canonical, signed

TAXII = "application/taxii+json;version=2.1"
OBJECTS = "/taxii2/api/collections/indicators/objects/"
CREDENTIALS = "/exchange/v1/credentials"


def certificate(name, *, days=30, ca=False, key=None, hosts=(), issuer=None, told=True):
    """Return certificate and key in PEM."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if told:
        public = key.public_key()
        for extension in (
            x509.SubjectKeyIdentifier.from_public_key(public),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(public),
        ):
            made = made.add_extension(extension, critical=False)
    if hosts:
        names = [x509.IPAddress(ipaddress.ip_address(host)) for host in hosts]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signer = issuer or key
    signed = made.sign(signer, None if isinstance(signer, Ed25519PrivateKey) else hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return signed.public_bytes(Encoding.PEM), secret


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("tls")
    chain, key = certificate("hub", ca=True, hosts=["127.0.0.1"])
    (root / "chain.pem").write_bytes(chain)
    (root / "chain.key").write_bytes(key)
    (root / "hub").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(root / "chain.pem"))
        patch.setenv("REQUESTS_CA_BUNDLE", str(root / "chain.pem"))
        hub = Hub(
            root / "hub", "--tls-certificate", str(root / "chain.pem"),
            "--tls-key", str(root / "chain.key"), "--tls-members",
        )  # fmt: skip
        hub.root = root
        yield hub
        hub.kill(signal.SIGTERM)


@pytest.fixture
def member(world, tmp_path):
    made = []

    def make(name, *, shown=True):
        folder = tmp_path / name
        join(folder, world.url, world.invite(name), name, clock=time.time)
        with Member(folder, clock=time.time) as new:
            if shown:
                enrolled(new)
        made.append(Member(folder, clock=time.time))
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


def enrolled(member, overlap=0):
    return enrol_certificate(
        member.client, member.home, member.id, now=time.time(), days=30, overlap=overlap
    )


def client(world, path=None):
    """Return a client that signs nothing and shows a certificate."""
    context = ssl.create_default_context(cafile=world.root / "chain.pem")
    if path is not None:
        context.load_cert_chain(path)
    return httpx.Client(base_url=world.url, verify=context, trust_env=False)


def item(member, number):
    now = time.time()
    content = Network(entity="asn", value=str(number), mine=300, others=200)
    return drafted(
        [Draft(f"c-{number}", content, now - 9.0, now)],
        store=member.store, member=member.id, secret=member.home.secret(), terms=Terms(), now=now,
    )[0]  # fmt: skip


def refused(answer, status, rule):
    assert (answer.status_code, answer.json()["error_code"]) == (status, rule), answer.text


def test_a_member_reads_and_publishes_without_signing(member):
    one, other = member("Cert A"), member("Cert B")
    asked = []
    for each in (one, other):
        each.client._http.event_hooks = {"request": [asked.append]}
    assert one.publish([item(one, 212_000)], approved_by="Ada").refused == ()
    assert other.pull().objects == 1
    assert asked
    assert not any("signature" in request.headers for request in asked)


def test_a_certificate_says_who_asks_and_nothing_else_does(world, member):
    one, other = member("Cert C"), member("Cert D")
    with client(world, one.home.certificate) as shown:
        assert shown.get("/exchange/v1/me").json()["member"] == one.id
        theirs = canonical(item(other, 212_001))
        headers = {"Content-Type": TAXII, "Accept": TAXII}
        answer = shown.post(OBJECTS, content=b'{"objects":[%b]}' % theirs, headers=headers)
        assert answer.status_code == 422
    with client(world) as bare:
        refused(bare.get("/exchange/v1/me"), 401, "R-1")
    other.client._http._transport = httpx.HTTPTransport(verify=context_of(world, one))
    other.client._http._auth.spares = False  # signs as one member, shows the other's certificate
    with pytest.raises(RefusedError, match="another member's"):
        other.client.get("/exchange/v1/me")


def context_of(world, member):
    context = ssl.create_default_context(cafile=world.root / "chain.pem")
    context.load_cert_chain(member.home.certificate)
    return context


def test_certificates_rotate_and_end_also_on_open_connections(world, member):
    one = member("Cert E")
    first = one.home.certificate.read_bytes()
    old = world.root / "old.pem"
    old.write_bytes(first)
    with client(world, old) as before:
        assert before.get("/exchange/v1/me").status_code == 200
        name = enrolled(one, overlap=3600)
        assert before.get("/exchange/v1/me").status_code == 200
        with client(world, one.home.certificate) as after:
            shown = after.get("/exchange/v1/me").json()["credentials"]
        assert [entry["until"] is None for entry in shown] == [False, True]
        assert shown[1]["id"] == name
        one.client.post(f"{CREDENTIALS}/retire", {"id": shown[0]["id"]})
        refused(before.get("/exchange/v1/me"), 401, "R-1")
    with client(world, old) as again:
        refused(again.get("/exchange/v1/me"), 401, "R-1")


def test_who_is_suspended_is_refused_with_a_certificate(world, member):
    one = member("Cert F")
    with client(world, one.home.certificate) as shown:
        assert shown.get("/exchange/v1/me").status_code == 200
        run("hub", "suspend", "Cert F", "--state", world.state)
        end = time.monotonic() + 10
        while (answer := shown.get("/exchange/v1/me")).status_code == 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        refused(answer, 403, "H-1")


def test_what_changes_keys_is_signed_certificate_or_not(world, member):
    one = member("Cert G")
    with client(world, one.home.certificate) as shown:
        for path, body in (
            ("/exchange/v1/keys", {"verify_key": "x", "proof": "x"}),
            ("/exchange/v1/keys/retire", {"key_id": "x"}),
            (CREDENTIALS, {"kind": "tls", "value": "x"}),
            (f"{CREDENTIALS}/retire", {"id": "x"}),
        ):
            refused(shown.post(path, json=body), 401, "H-1")
        refused(shown.post("/exchange/v1/leave"), 401, "H-1")


def test_an_unknown_certificate_does_not_connect(world, tmp_path):
    chain, key = certificate("identity--11111111-1111-4111-8111-111111111111")
    path = tmp_path / "unknown.pem"
    path.write_bytes(chain + key)
    with client(world, path) as shown, pytest.raises(httpx.TransportError):
        shown.get("/exchange/v1/me")


def test_h_15_only_a_members_own_certificate_is_enrolled(member):
    one, other = member("Cert H", shown=False), member("Cert I")
    theirs = other.home.certificate.read_bytes().partition(b"-----BEGIN PRIVATE")[0]
    stranger = ec.generate_private_key(ec.SECP256R1())
    for value, rule in (
        (theirs, "H-15"),  # names the other member
        (certificate(other.id)[0], "H-15"),
        (certificate(one.id, ca=True)[0], "H-15"),
        (certificate(one.id, days=500)[0], "H-15"),
        (certificate(one.id, issuer=stranger)[0], "H-15"),  # its key signed nothing
        (certificate(one.id, told=False)[0], "H-15"),
        (b"nonsense", "H-15"),
    ):
        with pytest.raises(RefusedError) as caught:
            one.client.post(CREDENTIALS, {"kind": "tls", "value": value.decode()})
        assert caught.value.rule == rule
    again = {"kind": "tls", "value": theirs.decode()}
    with pytest.raises(RefusedError) as caught:
        other.client.post(CREDENTIALS, again)
    assert caught.value.rule == "H-6"
    ed25519 = certificate(one.id, key=Ed25519PrivateKey.generate())[0]
    one.client.post(CREDENTIALS, {"kind": "tls", "value": ed25519.decode()})


def test_h_15_only_a_members_own_nats_key_is_enrolled(member):
    one, other = member("Cert J", shown=False), member("Cert K", shown=False)
    key = Ed25519PrivateKey.generate()
    name = user_key(key.public_key().public_bytes_raw())

    def body(value, by):
        proof = key.sign(f"stillwatch-exchange/v1 nats\n{by.id}\n{value}\n".encode())
        return {"kind": "nats", "value": value, "proof": base64.b64encode(proof).decode()}

    for bad in (
        body(name, other),
        {**body(name, one), "value": name[:-1] + "A"},
        {**body(name, one), "proof": "x"},
        {**body(name, one), "value": "SU" + name[2:]},
    ):
        with pytest.raises(RefusedError) as caught:
            one.client.post(CREDENTIALS, bad)
        assert caught.value.rule in {"H-15", "H-0"}
    for bad in ({"kind": "x", "value": ""}, {**body(name, one), "overlap_seconds": 99_999}):
        with pytest.raises(RefusedError, match="H-0"):
            one.client.post(CREDENTIALS, bad)
    one.client.post(CREDENTIALS, body(name, one))
    with pytest.raises(RefusedError, match="H-6"):
        other.client.post(CREDENTIALS, body(name, other))
    for _ in range(3):
        key = Ed25519PrivateKey.generate()
        one.client.post(CREDENTIALS, body(user_key(key.public_key().public_bytes_raw()), one))
    key = Ed25519PrivateKey.generate()
    with pytest.raises(UnreachableError, match="429"):  # H-8
        one.client.post(CREDENTIALS, body(user_key(key.public_key().public_bytes_raw()), one))


def test_a_taxii_client_that_cannot_sign_reads_and_writes(world, member):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        taxii2client = pytest.importorskip("taxii2client.v21")
    one = member("Cert L")
    path = str(one.home.certificate)
    found = taxii2client.Collection(
        f"{world.url}/taxii2/api/collections/{one.membership.collection}/",
        cert=path,
        verify=os.environ["REQUESTS_CA_BUNDLE"],
    )
    made = json.loads(canonical(signed(item(one, 212_005), one.home.key())))
    status = found.add_objects({"objects": [made]})
    assert status.success_count == 1
    assert made in found.get_object(made["id"])["objects"]
    found._conn.close()


def test_a_client_whose_certificate_does_not_arrive_signs(hub, tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    folder = tmp_path / "plain"
    join(folder, hub.url, hub.invite("Cert M"), "Cert M", clock=time.time)
    with Member(folder, clock=time.time) as plain:
        plain.client._http._auth.spares = True
        assert plain.pull().members > 0
        assert plain.client._http._auth.spares is False
