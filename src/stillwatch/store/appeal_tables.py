"""Tables of the appeals desk. Times are microseconds since 1970, UTC."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["METADATA", "appeals", "outbox"]

METADATA = sa.MetaData()

# SQLite numbers rows by an INTEGER PRIMARY KEY alone; a BIGINT one would be a second index.
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

appeals = sa.Table(
    "appeals",
    METADATA,
    sa.Column("appeal_id", sa.Text, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("contested", sa.LargeBinary, nullable=False),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("filed", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided", sa.BigInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
)
"""Appeals; ``state`` is waiting, upheld (the decision stands) or granted. ``note`` is for analysts,
``told`` for the account holder; ``token_hash`` is the SHA-256 of the link's token, which is held by
nobody but the account holder."""

outbox = sa.Table(
    "appeals_outbox",
    METADATA,
    sa.Column("number", _Number, primary_key=True),
    sa.Column("appeal_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("made", sa.BigInteger, nullable=False),
    sa.Column("delivered", sa.BigInteger),
)
"""What has to be said of an outcome: ``update`` to the replicas, ``exchange`` to the peers."""
