"""What a member shows on a connection: a NATS key, a certificate; made here and enrolled."""

from __future__ import annotations

import base64
import datetime as dt
import os
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stillwatch.disk import write_whole
from stillwatch.errors import OutputError
from stillwatch.share.nkeys import keep_seed, private_key, read_seed, user_key, user_seed

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.share.exchange.client import HubClient
    from stillwatch.share.exchange.membership import Home

__all__ = ["enrol_certificate", "enrol_nats_key", "nats_seed"]

_ENROL = "/exchange/v1/credentials"


def nats_seed(home: Home) -> str:
    """Return the seed of the member's NATS key.

    Raises:
        StillwatchError: there is none, or others can read it.
    """
    return read_seed(home.nats_seed)


def enrol_nats_key(client: HubClient, home: Home, member: str, *, overlap: int) -> str:
    """Make a NATS key, enrol it, and keep it in the place of the one before; return its name.

    Args:
        client: asks the hub; signs.
        home: keeps the seed.
        member: id of this member.
        overlap: seconds that the key before it stays good.

    Raises:
        RefusedError: the hub refuses; the key before stays in use.
        UnreachableError: the hub is away.
    """
    seed = user_seed(os.urandom(32))
    key = private_key(seed)
    name = user_key(key.public_key().public_bytes_raw())
    proof = key.sign(f"stillwatch-exchange/v1 nats\n{member}\n{name}\n".encode())
    proven = base64.b64encode(proof).decode()
    client.post(
        _ENROL, {"kind": "nats", "value": name, "proof": proven, "overlap_seconds": overlap}
    )
    keep_seed(home.nats_seed, seed)
    return name


def enrol_certificate(
    client: HubClient, home: Home, member: str, *, now: float, days: int, overlap: int
) -> str:
    """Make a certificate and its key, enrol and keep them; return its SHA-256 in hexadecimal.

    Args:
        client: asks the hub; signs.
        home: keeps both, in one file.
        member: id of this member, which the certificate names.
        now: seconds since 1970.
        days: for which it is good, 398 at most.
        overlap: seconds that the certificate before it stays good.

    Raises:
        RefusedError: the hub refuses; the certificate before stays in use.
        UnreachableError: the hub is away.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, member)])
    begins = dt.datetime.fromtimestamp(now, dt.UTC) - dt.timedelta(minutes=10)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    shown = made.public_bytes(Encoding.PEM)
    body = {"kind": "tls", "value": shown.decode(), "overlap_seconds": overlap}
    client.post(_ENROL, body)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _keep(home.certificate, shown + secret)
    return made.fingerprint(hashes.SHA256()).hex()


def _keep(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content, private=True)
    except OSError as error:
        raise OutputError(
            f"a key cannot be kept: {error.strerror}",
            where=str(path),
            todo="make room, and enrol another",
        ) from error
