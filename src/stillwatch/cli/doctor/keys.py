"""D-9 to D-11: keys and secrets, certificates and credentials, listeners."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import os
import re
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli.doctor.installation import Place
from stillwatch.cli.doctor.interface import Finding, fail, ok, warn
from stillwatch.errors import StillwatchError
from stillwatch.listening import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation
    from stillwatch.stop.service.settings import Listener

__all__ = ["expiring", "listeners", "secrets"]

_DAY = 86_400.0
_SOON = 14
"""Days before its end from which on a certificate is told."""
_SECRETS = ("key", "key_file", "signing_key", "token_key", "tls_key", "credentials", "own_key")
_JWT = re.compile(r"-----BEGIN NATS USER JWT-----\s+(\S+)\s")
_LONGEST = 1 << 16


def secrets(found: Installation) -> Iterator[Finding]:
    """D-9: keys and secrets are there, hold something, and are for their owner alone."""
    for place in (*found.named(*_SECRETS), *_of_serve(found), *_in_folders(found)):
        path = Path(place.value)
        try:
            about = path.stat()
            held = path.read_bytes()[:_LONGEST].strip()
        except OSError as error:
            yield fail(
                f"{place.variable} cannot be read: {error.strerror}",
                "put it there, readable by the user of the service alone",
                str(path),
            )
            continue
        mode = stat.S_IMODE(about.st_mode)
        signing = held.startswith(b"PRIVATE+KEY+")
        if not held:
            yield fail(f"{place.variable} is empty", "put the secret in", str(path))
        elif os.name != "nt" and (mode & stat.S_IRWXO or (signing and mode & stat.S_IRWXG)):
            yield fail(
                f"{place.variable} can be read by others (mode {mode:o})",
                f"make a new one, since others may hold it; or chmod 600 {path}",
                str(path),
            )
        elif os.name != "nt" and mode & stat.S_IRWXG:
            yield warn(
                f"{place.variable} can be read by its group (mode {mode:o})",
                f"chmod 600 {path}, or see that nobody else is in the group",
                str(path),
            )
        else:
            yield ok(f"{place.variable} is for its owner alone (mode {mode:o})", str(path))


def expiring(found: Installation) -> Iterator[Finding]:
    """D-10: certificates fit their keys, and neither they nor NATS credentials end soon."""
    for command, certificate, key in _pairs(found):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        except (OSError, ValueError) as error:
            yield fail(
                f"{command}: certificate and key cannot be used: {type(error).__name__}",
                "give files in PEM that belong together, the key without a password",
                certificate,
            )
            continue
        yield _until(f"{command}: the certificate", _end_of(certificate), found.now, certificate)
    for place in (*found.named("credentials"), *_credentials_of_serve(found)):
        end = _end_of_credentials(Path(place.value))
        if end is not None:
            yield _until("the NATS credentials", end, found.now, place.value)


def listeners(found: Installation) -> Iterator[Finding]:
    """D-11: what listens beyond this machine is encrypted, and asks callers who they are."""
    for command in sorted({one.command for one in found.settings}):
        own = found.of(command)
        if not {"host", "port", "tls_certificate", "tls_key"} & own.keys():
            continue
        host = own.get("host", "127.0.0.1")
        one, other = own.get("tls_certificate"), own.get("tls_key")
        yield _listener(command, host, both=bool(one and other), one=bool(one or other))
    if found.serve is None:
        return
    for name in ("api", "ext_proc", "rate_limit", "admin"):
        listener: Listener | None = getattr(found.serve, name)
        if listener is None:
            continue
        try:
            host, _ = listener.place()
        except StillwatchError as error:
            yield fail(f"serve {name}: {error.what}", error.todo, error.where)
            continue
        pair = [path for path in (listener.tls_certificate, listener.tls_key) if path]
        yield _listener(f"serve {name}", host, both=len(pair) == 2, one=bool(pair))
        if not is_loopback(host) and listener.token_file is None:
            yield fail(
                f"serve {name}: asks callers for no token beyond this machine",
                "name a token_file, or listen at 127.0.0.1",
                listener.address,
            )


def _listener(name: str, host: str, *, both: bool, one: bool) -> Finding:
    if one and not both:
        return fail(f"{name}: a certificate or its key is missing", "give both, or none", host)
    if both or is_loopback(host):
        return ok(f"{name}: {'TLS' if both else 'this machine alone'}", host)
    return fail(
        f"{name}: would listen beyond this machine without TLS",
        "give a certificate and its key, or listen at 127.0.0.1",
        host,
    )


def _until(what: str, end: float, now: float, where: str) -> Finding:
    day = dt.datetime.fromtimestamp(end, dt.UTC).strftime("%Y-%m-%d")
    days = (end - now) / _DAY
    if days <= 0:
        return fail(f"{what} ended on {day}", "put a new one in its place", where)
    if days < _SOON:
        return warn(f"{what} ends on {day}", "put a new one in its place", where)
    return ok(f"{what} is good until {day}", where)


def _pairs(found: Installation) -> Iterator[tuple[str, str, str]]:
    for command in sorted({one.command for one in found.settings}):
        own = found.of(command)
        if own.get("tls_certificate") and own.get("tls_key"):
            yield command, own["tls_certificate"], own["tls_key"]
    for name in ("api", "ext_proc", "rate_limit", "admin"):
        one = getattr(found.serve, name, None)
        if one is not None and one.tls_certificate and one.tls_key:
            yield f"serve {name}", str(one.tls_certificate), str(one.tls_key)


def _of_serve(found: Installation) -> Iterator[Place]:
    serve = found.serve
    if serve is None:
        return
    named = {"key_file": serve.key_file, "appeal_key_file": serve.appeal_key_file}
    named |= {"buckets.url_file": serve.buckets.url_file}
    named |= {"updates.credentials": serve.updates.credentials}
    for name in ("api", "ext_proc", "rate_limit", "admin"):
        listener = getattr(serve, name)
        if listener is not None:
            named |= {
                f"{name}.token_file": listener.token_file,
                f"{name}.tls_key": listener.tls_key,
            }
    for name, path in named.items():
        if path is not None:
            yield Place(str(path), name, "serve")


def _credentials_of_serve(found: Installation) -> Iterator[Place]:
    if found.serve is not None and found.serve.updates.credentials is not None:
        yield Place(str(found.serve.updates.credentials), "updates.credentials", "serve")


def _in_folders(found: Installation) -> Iterator[Place]:
    """Yield the keys that lie in folders of state."""
    names = {"hub": ("hub.key",), "witness": ("witness.key",), "exchange": ("signing.key",)}
    seen = set()
    for place in found.named("state", "home"):
        for name in names.get(place.command.partition(" ")[0], ()):
            path = Path(place.value) / name
            # a folder that is not there yet is told by D-7
            if path not in seen and path.parent.is_dir():
                seen.add(path)
                yield Place(str(path), name, place.command)


def _end_of(certificate: str) -> float:
    """Return when the first certificate of a chain ends, seconds since 1970."""
    from cryptography import x509  # noqa: PLC0415 - every extra that serves TLS brings it

    chain = x509.load_pem_x509_certificates(Path(certificate).read_bytes())
    return chain[0].not_valid_after_utc.timestamp()


def _end_of_credentials(path: Path) -> float | None:
    """Return when a NATS user's JWT ends, seconds since 1970; None where it does not say."""
    try:
        match = _JWT.search(path.read_text("ascii")[:_LONGEST])
        body = (match[1] if match else "").split(".")[1]
        end = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))).get("exp")
    except (OSError, ValueError, IndexError, AttributeError, binascii.Error):
        return None
    return float(end) if isinstance(end, int | float) and end else None
