"""The hub's tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("hub",)

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_log()
    _make_members()
    _make_objects()
    _make_life()


def _make_log() -> None:
    op.create_table(
        "hub_audit",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "hub_entries",
        sa.Column("tile", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tile"),
    )
    op.create_table(
        "hub_head",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("roster", sa.BigInteger(), nullable=False),
        sa.Column("audited", sa.BigInteger(), nullable=False),
        sa.Column("audit_hash", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("cosigned_size", sa.BigInteger(), nullable=False),
        sa.Column("cosigned", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "hub_settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "hub_tiles",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tile", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "tile"),
    )


def _make_members() -> None:
    op.create_table(
        "hub_collections",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("alias"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "hub_invitations",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "hub_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("verify_key", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index(op.f("ix_hub_keys_member"), "hub_keys", ["member"], unique=False)
    op.create_table(
        "hub_members",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("sealing_key", sa.LargeBinary(), nullable=False),
        sa.Column("joined", sa.BigInteger(), nullable=False),
        sa.Column("objects_a_second", sa.Float(), nullable=False),
        sa.Column("requests_a_second", sa.Float(), nullable=False),
        sa.Column("reading_token", sa.LargeBinary(), nullable=True),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "hub_nonces",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_hub_nonces_until"), "hub_nonces", ["until"], unique=False)


def _make_objects() -> None:
    op.create_table(
        "hub_objects",
        sa.Column("leaf", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("collection", sa.BigInteger(), nullable=True),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("publisher", sa.BigInteger(), nullable=False),
        sa.Column("tlp", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=True),
        sa.Column("by_hub", sa.Boolean(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("superseded", sa.BigInteger(), nullable=True),
        sa.Column("remarked", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf"),
    )
    op.create_index("hub_objects_expiry", "hub_objects", ["valid_until"], unique=False)
    op.create_index("hub_objects_id", "hub_objects", ["id", "leaf"], unique=False)
    op.create_index("hub_objects_page", "hub_objects", ["collection", "added"], unique=True)
    op.create_table(
        "hub_statuses",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_hub_statuses_made"), "hub_statuses", ["made"], unique=False)


def _make_life() -> None:
    op.create_table(
        "hub_boxes",
        sa.Column("epoch", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("member", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", "member"),
    )
    op.create_table(
        "hub_epochs",
        sa.Column("epoch", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("drawer", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("epoch"),
    )
    op.create_table(
        "hub_outcomes",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("publisher", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target", "member"),
    )
    op.create_index("hub_outcomes_publisher", "hub_outcomes", ["publisher", "told"], unique=False)
    op.create_table(
        "hub_recalls",
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("collection", sa.BigInteger(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("modified", sa.Text(), nullable=False),
        sa.Column("publisher", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("told", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leaf", "member"),
    )
    op.create_index("hub_recalls_member", "hub_recalls", ["member", "told"], unique=False)
    op.create_index(op.f("ix_hub_recalls_object"), "hub_recalls", ["object"], unique=False)
    op.create_index(op.f("ix_hub_recalls_publisher"), "hub_recalls", ["publisher"], unique=False)
