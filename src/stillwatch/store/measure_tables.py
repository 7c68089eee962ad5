"""Tables of the measures in force. Times are microseconds since 1970, UTC."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["METADATA", "actions", "canaries", "decoys", "head", "kills", "measures"]

METADATA = sa.MetaData()

# SQLite numbers rows by an INTEGER PRIMARY KEY alone; a BIGINT one would be a second index.
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

head = sa.Table(
    "measures_head",
    METADATA,
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("actions", sa.BigInteger, nullable=False),
    sa.Column("action_hash", sa.LargeBinary, nullable=False),
)
"""One row that every writing transaction locks: the end of the action log."""

actions = sa.Table(
    "measures_actions",
    METADATA,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    sa.Column("line", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
"""The action log, chained by hashes."""

measures = sa.Table(
    "measures",
    METADATA,
    sa.Column("measure_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)
"""Measures; ``state`` is open or lifted, ``envelope`` what was proposed and who signed it."""

kills = sa.Table(
    "measures_kills",
    METADATA,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("resume", sa.LargeBinary, nullable=False),
)
"""Kill switches that are pulled; ``resume`` is an envelope that two people have to sign."""

canaries = sa.Table(
    "measures_canaries",
    METADATA,
    sa.Column("set_id", sa.Text, primary_key=True),
    sa.Column("campaign", sa.Text, nullable=False, index=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("action", sa.BigInteger, nullable=False),
)
"""Sets of equivalent variants; ``action`` is the line of the log that holds the commitment."""

decoys = sa.Table(
    "measures_decoys",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("planted", sa.BigInteger, nullable=False),
)
"""Accounts that exist only for their credential to be taken; the credential is not held."""
