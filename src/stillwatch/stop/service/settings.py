"""What an operator sets: ``serve.toml``, a closed schema (docs/reference/serve.md)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import VerifyKey
from stillwatch.stop.service.updates import KINDS, Kind, Trusted

__all__ = [
    "BucketSettings",
    "LakeSettings",
    "Listener",
    "Overload",
    "Settings",
    "TrustSettings",
    "UpdateSettings",
    "read_settings",
]

_Share = Annotated[float, Meta(gt=0)]
_Count = Annotated[int, Meta(ge=1, le=1 << 32)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Listener(_Table, frozen=True):
    """Where one server listens."""

    address: str
    """``HOST:PORT``; port 0 takes a free one."""
    tls_certificate: Path | None = None
    """Certificate chain, PEM; needed beyond loopback."""
    tls_key: Path | None = None
    """Its key, PEM."""
    token_file: Path | None = None
    """File of the bearer token that callers must show; needed beyond loopback."""

    def place(self) -> tuple[str, int]:
        """Return host and port.

        Raises:
            ConfigurationError: the address is none.

        >>> Listener(address="[::1]:8720").place()
        ('::1', 8720)
        """
        host, _, port = self.address.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
            raise ConfigurationError(
                "this is no address and port",
                where=ascii(self.address),
                todo="write it as 127.0.0.1:8720",
            )
        return host, int(port)


class BucketSettings(_Table, frozen=True):
    """``[buckets]``: where limits are counted."""

    url: str = ""
    """``redis://``, ``rediss://`` or ``unix://``; empty counts in each process."""
    url_file: Path | None = None
    """File of the URL, where it has a password."""
    prefix: str = "stillwatch"
    """Of all keys."""
    deadline: _Share = 0.02
    """Seconds that a charge waits."""
    failures: _Count = 5
    """Failures in a row after which Redis is left alone."""
    pause: _Share = 1.0
    """Seconds for which it is."""
    local: _Count = 1 << 21
    """Buckets of a process, 24 bytes each."""


class _Key(_Table, frozen=True):
    key: str
    kinds: list[Kind]


class UpdateSettings(_Table, frozen=True):
    """``[updates]``: what replicas are told, and by whom."""

    nats: str = ""
    """``nats://`` or ``tls://``; empty for none."""
    credentials: Path | None = None
    """File of a NATS user's JWT and seed."""
    stream: str = "STILLWATCH"
    """Stream of JetStream."""
    prefix: str = "stillwatch.updates"
    """Of its subjects."""
    trusted: list[_Key] = field(default_factory=list)
    """Keys whose updates are believed, each for its kinds; nobody else is."""

    def keys(self) -> tuple[Trusted, ...]:
        """Return the keys.

        Raises:
            ConfigurationError: one is none.
        """
        try:
            return tuple(
                Trusted(VerifyKey.decode(one.key), frozenset(one.kinds)) for one in self.trusted
            )
        except RefusedError as error:
            raise ConfigurationError(
                str(error), where="updates.trusted", todo=f"kinds are {', '.join(KINDS)}"
            ) from error


class LakeSettings(_Table, frozen=True):
    """``[lake]``: where exchanges go."""

    folder: Path | None = None
    """The lake; none keeps no exchange."""
    observations: Path | None = None
    """Where exchanges of accounts with zero retention are observed to; needs ``key_file``."""
    keep_answers: bool = False
    """Whether the text of answers is kept."""
    seconds: _Share = 10.0
    """After which what came is written."""
    exchanges: _Count = 20_000
    """That may wait."""
    megabytes: _Count = 256
    """Of text that may wait."""


class Overload(_Table, frozen=True):
    """``[overload]``: from when on requests are not decided any more."""

    in_flight: _Count = 512
    """Decisions under way."""
    late: _Share = 0.25
    """Seconds that the event loop may run late."""


class TrustSettings(_Table, frozen=True):
    """``[trust]``: headers that the gateway's own authentication sets."""

    account: str = "x-stillwatch-account"
    organization: str = "x-stillwatch-organization"
    end_user: str = "x-stillwatch-end-user"
    asn: str = "x-stillwatch-asn"
    tls_fingerprint: str = "x-stillwatch-ja4"
    zero_retention: str = "x-stillwatch-zero-retention"
    hops: Annotated[int, Meta(ge=0, le=16)] = 0


class Settings(_Table, frozen=True):
    """A decision service; every path is relative to the file."""

    policy: Path | None = None
    """Policy file; without one, shadow mode under the policy that says nothing."""
    analysts: Path | None = None
    """People whose signatures count."""
    measures: Path | None = None
    """Snapshot of approved measures, as ``stillwatch measures`` writes it."""
    scan: Path | None = None
    """Output folder of ``stillwatch scan``."""
    intelligence: Path | None = None
    """What ``stillwatch exchange match`` wrote."""
    indicators: Path | None = None
    """What ``stillwatch exchange watch --hand-over`` writes."""
    accounts: Path | None = None
    """Account table, Parquet."""
    key_file: Path | None = None
    """Secret of the sketches and buckets, as ``observe --key-file`` reads it."""
    appeal_key_file: Path | None = None
    """Key of the tokens in appeal links, 32 bytes; shared with ``stillwatch appeals serve``."""
    state: Path | None = None
    """Folder that keeps verdicts and indicators over a restart."""
    known_accounts: _Count = 1 << 20
    """Accounts whose state is held, 328 bytes each."""
    known_segments: _Count = 1 << 22
    """Segments of text whose holders are counted, 40 bytes each."""
    drain: _Share = 20.0
    """Seconds that the end may take after SIGTERM."""
    watch: _Share = 1.0
    """Seconds between looks at files."""
    log: Literal["debug", "info", "warning", "error"] = "info"
    trace: str = ""
    """Endpoint of OTLP/HTTP that traces go to; empty for none."""
    api: Listener | None = field(default_factory=lambda: Listener(address="127.0.0.1:8720"))
    """``[api]``: decisions over HTTP."""
    ext_proc: Listener | None = None
    """``[ext_proc]``: Envoy's external processing."""
    rate_limit: Listener | None = None
    """``[rate_limit]``: Envoy's rate limit service."""
    admin: Listener = field(default_factory=lambda: Listener(address="127.0.0.1:8729"))
    """``[admin]``: health and metrics."""
    buckets: BucketSettings = field(default_factory=BucketSettings)
    updates: UpdateSettings = field(default_factory=UpdateSettings)
    lake: LakeSettings = field(default_factory=LakeSettings)
    overload: Overload = field(default_factory=Overload)
    trust: TrustSettings = field(default_factory=TrustSettings)


def read_settings(path: Path) -> Settings:
    """Return the settings in a file, its paths made absolute.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: a key is unknown, or a value is not of its kind.
    """
    raw = read_small(path, "the settings", 1 << 20)
    base = path.absolute().parent

    def made(kind: type, value: Any) -> Any:  # noqa: ANN401 - as msgspec calls it
        if kind is Path and isinstance(value, str) and value:
            return base / value
        raise ValueError("Expected a path")

    try:
        settings = msgspec.convert(tomllib.loads(raw.decode("utf-8")), Settings, dec_hook=made)
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise ConfigurationError(
            f"the settings cannot be used: {error}", where=str(path), todo="docs/reference/serve.md"
        ) from error
    _check(settings, str(path))
    return settings


def _check(settings: Settings, where: str) -> None:
    lake, updates = settings.lake, settings.updates
    faults = {
        "lake.observations needs key_file": lake.observations and not settings.key_file,
        "updates.nats needs state, which remembers what was heard": updates.nats
        and not settings.state,
        "updates.nats needs updates.trusted, keys of those who may say something": updates.nats
        and not updates.trusted,
        "measures needs analysts, whose signatures count": settings.measures
        and not settings.analysts,
        "buckets.url and buckets.url_file": settings.buckets.url and settings.buckets.url_file,
    }
    for fault, found in faults.items():
        if found:
            raise ConfigurationError(
                f"settings that do not go together: {fault}", where=where, todo="add or remove one"
            )
    updates.keys()
