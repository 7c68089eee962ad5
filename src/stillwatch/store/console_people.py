"""Tables of the people who use the console. Times are microseconds since 1970, UTC."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["METADATA", "people", "sessions", "sign_ins", "waiting"]

METADATA = sa.MetaData()

# SQLite numbers rows by an INTEGER PRIMARY KEY alone; a BIGINT one would be a second index.
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

people = sa.Table(
    "console_people",
    METADATA,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("password", sa.Text),
    sa.Column("issuer", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("issuer", "subject", name="console_people_subject"),
)
"""People; ``roles`` are words with spaces between. ``password`` is what scrypt made of it, null for
those who come by OpenID Connect, who are known by ``issuer`` and ``subject``."""

sessions = sa.Table(
    "console_sessions",
    METADATA,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("began", sa.BigInteger, nullable=False),
    sa.Column("seen", sa.BigInteger, nullable=False, index=True),
)
"""Sessions; ``token_hash`` is the SHA-256 of the cookie's token, ``form`` what forms must carry."""

waiting = sa.Table(
    "console_waiting",
    METADATA,
    sa.Column("cookie_hash", sa.LargeBinary, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("verifier", sa.Text, nullable=False),
    sa.Column("onward", sa.Text, nullable=False),
    sa.Column("made", sa.BigInteger, nullable=False, index=True),
)
"""Browsers that were sent to the identity provider and have not come back."""

sign_ins = sa.Table(
    "console_sign_ins",
    METADATA,
    sa.Column("number", _Number, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Index("console_sign_ins_name", "name", "at"),
    sa.Index("console_sign_ins_address", "address", "at"),
)
"""Who signed in and out, who was refused, and every change of people; rows are only added. The name
of an attempt is kept where it is somebody's, since people type passwords there."""
