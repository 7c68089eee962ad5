"""Tables of the measures in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "measures_0001"
down_revision = None
branch_labels = ("measures",)

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "measures_head",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("actions", sa.BigInteger(), nullable=False),
        sa.Column("action_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "measures_actions",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "measures",
        sa.Column("measure_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("measure_id"),
    )
    op.create_index(op.f("ix_measures_expires"), "measures", ["expires"], unique=False)
    op.create_table(
        "measures_kills",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("resume", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope"),
    )
    op.create_table(
        "measures_canaries",
        sa.Column("set_id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("action", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("set_id"),
    )
    op.create_index(
        op.f("ix_measures_canaries_campaign"), "measures_canaries", ["campaign"], unique=False
    )
    op.create_table(
        "measures_decoys",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("planted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
