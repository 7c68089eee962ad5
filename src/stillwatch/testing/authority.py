"""A timestamp authority with a root of its own: it speaks RFC 3161, and nobody has to believe it.

What it stamps is what any authority would stamp, so that commands can be tried and bundles verified
without a service elsewhere.  Its clock is this machine's and its keys die with the process.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stillwatch.testing.bodies import read_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.testing.endpoint import Message, Receive, Send

__all__ = ["TimestampAuthority"]

_SEQUENCE, _SET, _INTEGER, _OCTETS, _OID, _TIME = 0x30, 0x31, 0x02, 0x04, 0x06, 0x18
_BOOLEAN, _GROUP, _TEXT = 0x01, 0xA0, 0x0C
_POLICY = "2.999.1"  # of the arc for examples
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_TST_INFO, _SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.1.4", "1.2.840.113549.1.9.16.2.47"
_SHA256, _ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"


class TimestampAuthority:
    """An ASGI application that answers timestamp queries over SHA-256 digests.

    Args:
        name: of the authority, in its certificates.
        clock: tells the time that it stamps with.

    >>> TimestampAuthority("example").root.startswith(b"-----BEGIN CERTIFICATE-----")
    True
    """

    def __init__(
        self, name: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        begin = clock() - timedelta(days=1)
        root = _certificate(f"{name} root", root_key, None, begin, stamps=False)
        own = _certificate(name, self._key, (root, root_key), begin, stamps=True)
        self.name = name
        """Its name."""
        self.root = root.public_bytes(Encoding.PEM)
        """Its root certificate, PEM."""
        self._clock = clock
        self._made = 0
        self._certificate = own.public_bytes(Encoding.DER)
        issuer, serial = own.issuer.public_bytes(), _number(own.serial_number)
        self._issuer_and_serial = _der(_SEQUENCE, issuer, serial)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        headers = [(b"content-type", b"application/timestamp-reply")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.answer(body)})

    def answer(self, query: bytes) -> bytes:
        """Return the response to a query, both DER; one that cannot be read is rejected."""
        try:
            imprint, nonce = _asked(query)
        except (ValueError, IndexError):
            text = _der(_SEQUENCE, _der(_TEXT, b"a query over a SHA-256 digest is needed"))
            return _der(_SEQUENCE, _der(_SEQUENCE, _number(2), text))
        self._made += 1
        time = self._clock().astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()
        info = _der(
            _SEQUENCE,
            *(_number(1), _oid(_POLICY), imprint, _number(self._made)),
            *(_der(_TIME, time), _der(_BOOLEAN, b"\xff"), nonce),
        )
        granted = _der(_SEQUENCE, _number(0))
        return _der(_SEQUENCE, granted, _der(_SEQUENCE, _oid(_SIGNED_DATA), self._signed(info)))

    def _signed(self, info: bytes) -> bytes:
        """Return CMS signed data (RFC 5652) around a TSTInfo."""
        hashed, signs = _der(_SEQUENCE, _oid(_SHA256)), _der(_SEQUENCE, _oid(_ECDSA_SHA256))
        certified = _der(_OCTETS, hashlib.sha256(self._certificate).digest())
        attributes = [
            (_CONTENT_TYPE, _oid(_TST_INFO)),
            (_MESSAGE_DIGEST, _der(_OCTETS, hashlib.sha256(info).digest())),
            (_SIGNING_CERTIFICATE, _der(_SEQUENCE, _der(_SEQUENCE, _der(_SEQUENCE, certified)))),
        ]
        # DER sorts the members of a set
        held = sorted(_der(_SEQUENCE, _oid(n), _der(_SET, value)) for n, value in attributes)
        signature = self._key.sign(_der(_SET, *held), ec.ECDSA(SHA256()))
        signer = _der(
            _SEQUENCE,
            *(_number(1), self._issuer_and_serial, hashed, _der(_GROUP, *held), signs),
            _der(_OCTETS, signature),
        )
        content = _der(_SEQUENCE, _oid(_TST_INFO), _der(_GROUP, _der(_OCTETS, info)))
        body = _der(
            _SEQUENCE,
            *(_number(3), _der(_SET, hashed), content),
            *(_der(_GROUP, self._certificate), _der(_SET, signer)),
        )
        return _der(_GROUP, body)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    begin: datetime,
    *,
    stamps: bool,
) -> x509.Certificate:
    """Return a root's certificate, or one by it that may stamp and nothing else."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = (subject, key) if by is None else (by[0].subject, by[1])
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("encipher_only", "decipher_only"),
        ),
        False,
    )
    signs = x509.KeyUsage(
        digital_signature=stamps, key_cert_sign=not stamps, crl_sign=not stamps, **usage
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=not stamps, path_length=None), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if stamps:
        only = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(only, critical=True)
    return made.sign(signer, SHA256())


def _asked(query: bytes) -> tuple[bytes, bytes]:
    """Return a query's message imprint and its nonce, empty where it has none, both DER.

    Raises:
        ValueError: it is no query over a SHA-256 digest.
        IndexError: it ends too early.
    """
    (_, whole), *rest = _values(query)
    (version, _), (imprint, inner), *others = _values(_body(whole))
    (_, algorithm), (_, digest) = _values(_body(inner))
    (oid, _), *_ = _values(_body(algorithm))
    sound = oid == _OID and _body(algorithm).startswith(_oid(_SHA256)) and len(_body(digest)) == 32
    if rest or version != _INTEGER or imprint != _SEQUENCE or not sound:
        raise ValueError
    return inner, next((held for tag, held in others if tag == _INTEGER), b"")


def _values(raw: bytes) -> list[tuple[int, bytes]]:
    """Return the DER values in bytes, each with its tag."""
    found = []
    while raw:
        end = _head(raw) + _length(raw)
        if end > len(raw):
            raise ValueError
        found.append((raw[0], raw[:end]))
        raw = raw[end:]
    return found


def _head(raw: bytes) -> int:
    return 2 if raw[1] < 0x80 else 2 + (raw[1] & 0x7F)


def _length(raw: bytes) -> int:
    return raw[1] if raw[1] < 0x80 else int.from_bytes(raw[2 : _head(raw)], "big")


def _body(raw: bytes) -> bytes:
    return raw[_head(raw) :]


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def _number(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    packed = b""
    for arc in (40 * first + second, *rest):
        low = bytes([arc & 0x7F])
        while arc := arc >> 7:
            low = bytes([0x80 | arc & 0x7F]) + low
        packed += low
    return _der(_OID, packed)
