"""What an operator sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.ledger import VerifyKey

__all__ = ["HubSettings", "Witness"]


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness of the log."""

    url: str
    """Prefix under which it takes ``add-checkpoint`` (C2SP tlog-witness)."""

    verify_key: str
    """Its key, as C2SP writes verifier keys."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Settings of one hub process."""

    origin: str
    """Scheme and authority under which members reach it, such as ``https://hub.example``."""

    title: str = "stillwatch exchange"
    """For people."""

    max_content_length: int = 8 << 20
    """Bytes of a request at most."""

    most_objects: int = 1000
    """Objects of an envelope at most."""

    page: int = 100
    """Objects of a page that asks for no limit."""

    most_page: int = 1000
    """Objects of a page at most."""

    streams: int = 8
    """Streams of one member at most."""

    patience: float = 30.0
    """Seconds that a stream waits for a member that does not read."""

    gather: float = 0.05
    """Seconds between two sendings of a stream; what comes meanwhile goes together."""

    heartbeat: float = 15.0
    """Seconds between a stream's comments."""

    poll: float = 1.0
    """Seconds between looks at what others wrote into the same database."""

    retention_days: int = 30
    """Days after ``valid_until`` when object and salt are erased."""

    audit_days: int = 400
    """Days after which lines of the audit log are erased; 0 keeps them for ever."""

    public_log: bool = False
    """Checkpoint, tiles and entries are for everybody."""

    witnesses: tuple[Witness, ...] = ()
    """Who is asked to cosign checkpoints."""

    oprf_operators: tuple[VerifyKey, ...] = ()
    """Keys of the two key operators, whose ceremonies go into the log; none for none."""

    nats: str = ""
    """URL of NATS, through which replicas hear of each other at once; empty for none."""

    nats_key: Path | None = None
    """File with the seed of the hub's NATS key; None where NATS asks for none."""

    nats_ca: Path | None = None
    """Certificates to trust for NATS, PEM; the system's where None."""

    nats_records: bool = False
    """Members read records from JetStream."""

    tls_members: bool = False
    """Members may show an enrolled certificate in place of signing."""

    requests_a_second: float = 50.0
    """Quota of a member that joins."""

    objects_a_second: float = 20.0
    """Quota of a member that joins."""

    tries_a_second: float = 0.1
    """Wrong tries to join from one network; bursts of a minute's."""

    basic: bool = False
    """Members with a reading token may read TAXII with HTTP Basic."""

    invited_wait: float = 0.2
    """Seconds that an answer to a wrong invitation takes."""
