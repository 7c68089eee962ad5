"""The hub's tables. Times are microseconds since 1970, UTC; ids of other rows are small numbers."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "METADATA",
    "audit",
    "boxes",
    "collections",
    "credentials",
    "entries",
    "epochs",
    "head",
    "invitations",
    "keys",
    "members",
    "nonces",
    "objects",
    "outcomes",
    "recalls",
    "settings",
    "statuses",
    "tiles",
]

METADATA = sa.MetaData()

# SQLite numbers rows by an INTEGER PRIMARY KEY alone; a BIGINT one would be a second index.
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

settings = sa.Table(
    "hub_settings",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""Name and identity of the hub; written once by ``hub init``."""

head = sa.Table(
    "hub_head",
    METADATA,
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("added", sa.BigInteger, nullable=False),
    sa.Column("roster", sa.BigInteger, nullable=False),
    sa.Column("audited", sa.BigInteger, nullable=False),
    sa.Column("audit_hash", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("cosigned_size", sa.BigInteger, nullable=False),
    sa.Column("cosigned", sa.Text, nullable=False),
)
"""One row that every writing transaction locks: leaves, last date_added, version of the
roster, audit chain, checkpoints."""

collections = sa.Table(
    "hub_collections",
    METADATA,
    sa.Column("number", _Number, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("alias", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("everybody", sa.Boolean, nullable=False),
    sa.Column("members", sa.Text, nullable=False),
)
"""Collections; ``members`` is a JSON list of numbers, which counts unless ``everybody``."""

members = sa.Table(
    "hub_members",
    METADATA,
    sa.Column("number", _Number, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("sealing_key", sa.LargeBinary, nullable=False),
    sa.Column("joined", sa.BigInteger, nullable=False),
    sa.Column("objects_a_second", sa.Float, nullable=False),
    sa.Column("requests_a_second", sa.Float, nullable=False),
    sa.Column("reading_token", sa.LargeBinary),
    sa.Column("limited", sa.Boolean, nullable=False),
)
"""Members; ``state`` is active, suspended or left, ``roles`` words with spaces between."""

keys = sa.Table(
    "hub_keys",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("member", sa.BigInteger, nullable=False, index=True),
    sa.Column("verify_key", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger),
)

credentials = sa.Table(
    "hub_credentials",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("member", sa.BigInteger, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger),
)
"""Certificates (kind tls, in DER, by their SHA-256) and NATS keys (kind nats, by their text)."""

invitations = sa.Table(
    "hub_invitations",
    METADATA,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("member", sa.BigInteger),
    sa.Column("key_id", sa.Text),
)

objects = sa.Table(
    "hub_objects",
    METADATA,
    sa.Column("leaf", _Number, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.BigInteger),
    sa.Column("added", sa.BigInteger, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("modified", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("publisher", sa.BigInteger, nullable=False),
    sa.Column("tlp", sa.Text, nullable=False),
    sa.Column("audience", sa.Text),
    sa.Column("by_hub", sa.Boolean, nullable=False),
    sa.Column("revoked", sa.Boolean, nullable=False),
    sa.Column("valid_until", sa.BigInteger),
    sa.Column("superseded", sa.BigInteger),
    sa.Column("remarked", sa.Boolean, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Index("hub_objects_page", "collection", "added", unique=True),
    sa.Index("hub_objects_id", "id", "leaf"),
    sa.Index("hub_objects_expiry", "valid_until"),
)
"""What the log's leaves commit to; erasing a row erases the record and leaves the log as it is.

``audience`` is null for every reader of the collection, else a JSON list of numbers. ``superseded``
is the date_added of the version that took its place; ``remarked`` says that that one has another
marking or audience.
"""

tiles = sa.Table(
    "hub_tiles",
    METADATA,
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("tile", _Number, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

entries = sa.Table(
    "hub_entries",
    METADATA,
    sa.Column("tile", _Number, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
"""Commitments, 32 bytes each, 256 a row."""

statuses = sa.Table(
    "hub_statuses",
    METADATA,
    sa.Column("id", sa.LargeBinary, primary_key=True),
    sa.Column("member", sa.BigInteger, nullable=False),
    sa.Column("made", sa.BigInteger, nullable=False, index=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

outcomes = sa.Table(
    "hub_outcomes",
    METADATA,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("member", sa.BigInteger, primary_key=True),
    sa.Column("publisher", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("told", sa.BigInteger, nullable=False),
    sa.Index("hub_outcomes_publisher", "publisher", "told"),
)
"""The newest word of each member on each indicator of another."""

recalls = sa.Table(
    "hub_recalls",
    METADATA,
    sa.Column("leaf", sa.BigInteger, primary_key=True),
    sa.Column("member", sa.BigInteger, primary_key=True),
    sa.Column("collection", sa.BigInteger, nullable=False),
    sa.Column("object", sa.Text, nullable=False, index=True),
    sa.Column("modified", sa.Text, nullable=False),
    sa.Column("publisher", sa.BigInteger, nullable=False, index=True),
    sa.Column("deadline", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("told", sa.BigInteger),
    sa.Index("hub_recalls_member", "member", "told"),
)
"""Who owes word on which recall."""

epochs = sa.Table(
    "hub_epochs",
    METADATA,
    sa.Column("epoch", _Number, primary_key=True, autoincrement=False),
    sa.Column("drawer", sa.BigInteger, nullable=False),
    sa.Column("starts", sa.BigInteger, nullable=False),
    sa.Column("ends", sa.BigInteger, nullable=False),
    sa.Column("commitment", sa.LargeBinary, nullable=False),
)

boxes = sa.Table(
    "hub_boxes",
    METADATA,
    sa.Column("epoch", _Number, primary_key=True, autoincrement=False),
    sa.Column("member", _Number, primary_key=True, autoincrement=False),
    sa.Column("box", sa.LargeBinary, nullable=False),
)

nonces = sa.Table(
    "hub_nonces",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("until", sa.BigInteger, nullable=False, index=True),
)

audit = sa.Table(
    "hub_audit",
    METADATA,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    sa.Column("line", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
