"""Writes the secrets that a first start needs, each once; what is there stays.

Usage: ``python deploy/first_secrets.py FOLDER [--name NAME]... [--postgres HOST] [--valkey HOST]``.
Prints the public key that takes the place of ``@SCAN_KEY@`` in ``serve.toml``.  The certificate is
its own authority and good for 90 days: replace it by one that members and browsers trust.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import argparse
import datetime as dt
import ipaddress
import os
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stillwatch.disk import write_whole
from stillwatch.ledger import SigningKey

DAYS = 90


def put(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, where there is none."""
    if not path.exists():
        write_whole(path, text.encode(), private=True)


def certificate(names: list[str], now: dt.datetime) -> tuple[str, str]:
    """Return a certificate for names and addresses, good from now, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([alternative(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(own, critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, *form).decode()
    return made.public_bytes(serialization.Encoding.PEM).decode(), private


def usage() -> x509.KeyUsage:
    """Return what the key is for: it serves, and is its own authority."""
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def alternative(name: str) -> x509.GeneralName:
    """Return a name or an address as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write_secrets(folder: Path, names: list[str], *, postgres: str, valkey: str) -> str:
    """Write what is missing; return the public key of those who send updates."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / "tls.crt").exists():
        chain, private = certificate(names, dt.datetime.now(dt.UTC))
        put(folder / "tls.key", private)
        put(folder / "tls.crt", chain)
    put(folder / "sketch.key", f"{secrets.token_hex(32)}\n")
    for name in ("api", "admin"):
        put(folder / f"{name}.token", f"{secrets.token_urlsafe(32)}\n")
    for name in ("postgres", "valkey"):
        put(folder / f"{name}.password", secrets.token_urlsafe(24))
    word = {name: (folder / f"{name}.password").read_text() for name in ("postgres", "valkey")}
    put(folder / "redis.url", f"redis://:{word['valkey']}@{valkey}/0\n")
    for part in ("hub", "console"):
        url = f"postgresql://stillwatch:{word['postgres']}@{postgres}/{part}"
        lines = [f"STILLWATCH_{part.upper()}_{act}_DATABASE={url}\n" for act in ("INIT", "SERVE")]
        put(folder / f"{part}.env", "".join(lines))
    if not (folder / "scan.key").exists():
        SigningKey.generate("scan").write(folder / "scan.key")
    return SigningKey.read(folder / "scan.key").public.encode()


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", action="append", help="Name or address in the certificate.")
    parser.add_argument("--postgres", default="postgres:5432")
    parser.add_argument("--valkey", default="valkey:6379")
    given = parser.parse_args()
    os.umask(0o077)
    names = given.name or ["localhost", "127.0.0.1", "hub", "serve", "console"]
    print(write_secrets(given.folder, names, postgres=given.postgres, valkey=given.valkey))  # noqa: T201


if __name__ == "__main__":
    main()
