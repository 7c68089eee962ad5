"""Tables of the console's cases; the log of actions can only grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "console_cases_0001"
down_revision = None
branch_labels = ("console_cases",)

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _scans()
    _campaigns()
    _evidence()
    _network()
    _accounts()
    _log()
    _requests()
    _peers()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION console_actions_grow() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the log of actions can only grow'; END $$"
        )
        op.execute(
            "CREATE TRIGGER console_actions_grow BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON console_actions FOR EACH STATEMENT EXECUTE FUNCTION console_actions_grow()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER console_actions_{act.lower()} BEFORE {act} ON console_actions "
            "BEGIN SELECT RAISE(ABORT, 'the log of actions can only grow'); END"
        )


def _scans() -> None:
    op.create_table(
        "console_days",
        sa.Column("day", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("exchanges", sa.BigInteger(), nullable=False),
        sa.Column("leaked", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("blocked", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("likely", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "console_groups",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("log_e", sa.Float(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("explained", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "console_head",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("actions", sa.BigInteger(), nullable=False),
        sa.Column("action_hash", sa.LargeBinary(), nullable=False),
        sa.Column("imports", sa.BigInteger(), nullable=False),
        sa.Column("exchange_mark", sa.Text(), nullable=False),
        sa.Column("attribution_mark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "console_runs",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=True),
        sa.Column("loaded", sa.BigInteger(), nullable=False),
        sa.Column("exchanges", sa.BigInteger(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("campaigns", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.Column("harvested", sa.BigInteger(), nullable=False),
        sa.Column("leaked", sa.BigInteger(), nullable=False),
        sa.Column("groups_tested", sa.BigInteger(), nullable=False),
        sa.Column("alpha", sa.Float(), nullable=False),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _campaigns() -> None:
    op.create_table(
        "console_campaigns",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("kind_confidence", sa.Float(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.Column("exchanges", sa.BigInteger(), nullable=False),
        sa.Column("leaked", sa.BigInteger(), nullable=False),
        sa.Column("log_e", sa.Float(), nullable=True),
        sa.Column("log_odds", sa.Float(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("review_only", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("split_from", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=True),
        sa.Column("first_run", sa.BigInteger(), nullable=False),
        sa.Column("last_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    op.create_index("console_campaigns_parent", "console_campaigns", ["split_from"], unique=False)
    op.create_index(
        "console_campaigns_state", "console_campaigns", ["state", "declared_at"], unique=False
    )
    op.create_index("console_campaigns_waiting", "console_campaigns", ["waiting"], unique=False)
    op.create_table(
        "console_details",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id"),
    )


def _evidence() -> None:
    op.create_table(
        "console_bins",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("exchanges", sa.BigInteger(), nullable=False),
        sa.Column("leaked", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("blocked", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "time"),
    )
    op.create_table(
        "console_streams",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("exchanges", sa.BigInteger(), nullable=False),
        sa.Column("leaked", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "kind", "name"),
    )
    op.create_table(
        "console_votes",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("log_e", sa.Float(), nullable=False),
        sa.Column("crowd", sa.Text(), nullable=False),
        sa.Column("crowds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "family"),
    )


def _network() -> None:
    op.create_table(
        "console_edges",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "name", "account"),
    )
    op.create_index("console_edges_account", "console_edges", ["account"], unique=False)
    op.create_table(
        "console_entities",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("others", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "name"),
    )
    op.create_table(
        "console_members",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("flagged_at", sa.BigInteger(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "account"),
    )
    op.create_index("console_members_account", "console_members", ["account"], unique=False)
    op.create_index(
        "console_members_rank",
        "console_members",
        ["campaign_id", "probability", "account"],
        unique=False,
    )
    op.create_index(
        "console_members_shares", "console_members", ["campaign_id", "shares"], unique=False
    )


def _accounts() -> None:
    op.create_table(
        "console_accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("flagged_at", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("reasons", sa.LargeBinary(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_index(
        "console_accounts_campaign", "console_accounts", ["campaign_id", "score"], unique=False
    )
    op.create_index(
        "console_accounts_flagged",
        "console_accounts",
        ["gone", "flagged_at", "account"],
        unique=False,
    )
    op.create_index("console_accounts_id", "console_accounts", ["gone", "account"], unique=False)
    op.create_index(
        "console_accounts_measure",
        "console_accounts",
        ["measure", "gone", "flagged_at"],
        unique=False,
    )
    op.create_index(
        "console_accounts_score", "console_accounts", ["gone", "score", "account"], unique=False
    )
    op.create_table(
        "console_history",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("now", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(
        "console_history_account", "console_history", ["account", "number"], unique=False
    )
    op.create_index(
        "console_history_campaign",
        "console_history",
        ["campaign_id", "account", "number"],
        unique=False,
    )
    op.create_index("console_history_mark", "console_history", ["mark"], unique=False)
    op.create_table(
        "console_reasons",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )


def _log() -> None:
    op.create_table(
        "console_actions",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("console_actions_about", "console_actions", ["about", "number"], unique=False)
    op.create_index(
        "console_actions_campaign", "console_actions", ["campaign_id", "number"], unique=False
    )
    op.create_index("console_actions_time", "console_actions", ["time"], unique=False)
    op.create_index("console_actions_who", "console_actions", ["who", "number"], unique=False)
    op.create_table(
        "console_decisions",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("console_decisions_account", "console_decisions", ["account"], unique=False)
    op.create_index(
        "console_decisions_campaign", "console_decisions", ["campaign_id", "number"], unique=False
    )
    op.create_index(
        "console_decisions_other", "console_decisions", ["other", "number"], unique=False
    )


def _requests() -> None:
    op.create_table(
        "console_approvals",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "who"),
    )
    op.create_table(
        "console_requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("needed", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("declined_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("console_requests_at", "console_requests", ["at"], unique=False)
    op.create_index("console_requests_campaign", "console_requests", ["campaign_id"], unique=False)
    op.create_index("console_requests_state", "console_requests", ["state", "until"], unique=False)


def _peers() -> None:
    op.create_table(
        "console_attribution",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "actor"),
    )
    op.create_table(
        "console_exchange",
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=False),
        sa.Column("false_positive", sa.BigInteger(), nullable=False),
        sa.Column("contested", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("object_id", "direction"),
    )
    op.create_index("console_exchange_campaign", "console_exchange", ["campaign_id"], unique=False)
    op.create_index("console_exchange_modified", "console_exchange", ["modified"], unique=False)
    op.create_index(
        "console_exchange_state", "console_exchange", ["state", "modified"], unique=False
    )
    op.create_table(
        "console_publishers",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("misses", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Float(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("publisher"),
    )
