"""Tables of the console's cases. Times are microseconds since 1970, UTC; accounts are text.

Counts by bin and by day are summed when a scan is imported; exchanges are not copied, and no text
of a prompt is held.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "METADATA",
    "accounts",
    "actions",
    "approvals",
    "attribution",
    "bins",
    "campaigns",
    "days",
    "decisions",
    "details",
    "edges",
    "entities",
    "exchange",
    "groups",
    "head",
    "history",
    "members",
    "publishers",
    "reasons",
    "requests",
    "runs",
    "streams",
    "votes",
]

METADATA = sa.MetaData()

# SQLite numbers rows by an INTEGER PRIMARY KEY alone; a BIGINT one would be a second index.
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


head = sa.Table(
    "console_head",
    METADATA,
    sa.Column("one", sa.Integer, primary_key=True),
    _count("actions"),
    sa.Column("action_hash", sa.LargeBinary, nullable=False),
    _count("imports"),
    _text("exchange_mark"),
    _text("attribution_mark"),
)
"""One row that every writing transaction locks: the end of the action log, and imports so far."""

runs = sa.Table(
    "console_runs",
    METADATA,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    _text("digest"),
    _text("folder"),
    _count("as_of"),
    sa.Column("first", sa.BigInteger),
    _count("loaded"),
    _count("exchanges"),
    _count("accounts"),
    _count("campaigns"),
    _count("flagged"),
    _count("harvested"),
    _count("leaked"),
    _count("groups_tested"),
    sa.Column("alpha", sa.Float, nullable=False),
    _text("account_type"),
    _text("currency"),
    _text("missing"),
    _text("events"),
)
"""Scans; ``digest`` is of what the scan said, ``missing`` and ``events`` are JSON."""

campaigns = sa.Table(
    "console_campaigns",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    _text("digest"),
    _text("state"),
    _text("standing"),
    _text("kind"),
    sa.Column("kind_confidence", sa.Float, nullable=False),
    _count("members"),
    _count("flagged"),
    _count("first_seen"),
    _count("declared_at"),
    _count("exchanges"),
    _count("leaked"),
    sa.Column("log_e", sa.Float),
    sa.Column("log_odds", sa.Float),
    _text("measure"),
    sa.Column("review_only", sa.Boolean, nullable=False),
    sa.Column("cost", sa.Float),
    _text("split_from"),
    _text("merged_into"),
    sa.Column("waiting", sa.BigInteger),
    _count("first_run"),
    _count("last_run"),
    sa.Index("console_campaigns_state", "state", "declared_at"),
    sa.Index("console_campaigns_waiting", "waiting"),
    sa.Index("console_campaigns_parent", "split_from"),
)
"""Campaigns, those of earlier scans and those that people made too; ``digest`` is of what the scan
said, ``last_run`` the scan that said it last."""

details = sa.Table(
    "console_details",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    _text("body"),
)
"""What is shown of a campaign and neither sorted nor filtered, as JSON."""

votes = sa.Table(
    "console_votes",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("family", sa.Text, primary_key=True),
    sa.Column("log_e", sa.Float, nullable=False),
    _text("crowd"),
    _count("crowds"),
)
"""Evidence by family; ``crowd`` is a JSON list of quantiles."""

members = sa.Table(
    "console_members",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Column("flagged_at", sa.BigInteger),
    _count("shares"),
    sa.Column("by_hand", sa.Boolean, nullable=False),
    sa.Index("console_members_account", "account"),
    sa.Index("console_members_rank", "campaign_id", "probability", "account"),
    sa.Index("console_members_shares", "campaign_id", "shares"),
)

entities = sa.Table(
    "console_entities",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _text("kind"),
    _count("held"),
    _count("others"),
)

edges = sa.Table(
    "console_edges",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Index("console_edges_account", "account"),
)
"""Which members hold which entity: the first few dozen that the scan lists."""

streams = sa.Table(
    "console_streams",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _count("exchanges"),
    _count("leaked"),
    _count("input_tokens"),
    _count("output_tokens"),
)

bins = sa.Table(
    "console_bins",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("time", sa.BigInteger, primary_key=True),
    _count("exchanges"),
    _count("leaked"),
    _count("created"),
    _count("blocked"),
)

days = sa.Table(
    "console_days",
    METADATA,
    sa.Column("day", _Number, primary_key=True, autoincrement=False),
    _count("exchanges"),
    _count("leaked"),
    _count("created"),
    _count("blocked"),
    sa.Column("low", sa.Float),
    sa.Column("likely", sa.Float),
    sa.Column("high", sa.Float),
)
"""Sums over the campaigns that the newest scan declared; money is what was taken that day."""

accounts = sa.Table(
    "console_accounts",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    _text("campaign_id"),
    sa.Column("flagged_at", sa.BigInteger),
    sa.Column("score", sa.Float, nullable=False),
    _text("measure"),
    sa.Column("reasons", sa.LargeBinary, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Index("console_accounts_id", "gone", "account"),
    sa.Index("console_accounts_score", "gone", "score", "account"),
    sa.Index("console_accounts_flagged", "gone", "flagged_at", "account"),
    sa.Index("console_accounts_campaign", "campaign_id", "score"),
    sa.Index("console_accounts_measure", "measure", "gone", "flagged_at"),
)
"""Verdicts of the newest scan; ``gone`` where it did not see the account."""

reasons = sa.Table(
    "console_reasons",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    _text("words"),
)
"""Lists of reasons, which many accounts have in common, as JSON."""

history = sa.Table(
    "console_history",
    METADATA,
    sa.Column("number", _Number, primary_key=True),
    _count("time"),
    _count("run"),
    _text("kind"),
    _text("campaign_id"),
    _text("account"),
    _text("was"),
    _text("now"),
    _text("mark"),
    sa.Index("console_history_account", "account", "number"),
    sa.Index("console_history_campaign", "campaign_id", "account", "number"),
    sa.Index("console_history_mark", "mark"),
)
"""What changed with each scan; ``mark`` is the file of revisions that said so, or empty. Rows
without an account are about a campaign, or count what changed for its accounts: ``was`` then holds
the account where it was one alone."""

groups = sa.Table(
    "console_groups",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    _count("accounts"),
    sa.Column("log_e", sa.Float, nullable=False),
    _text("rule"),
    sa.Column("explained", sa.Boolean, nullable=False),
    _text("body"),
)
"""Groups that the newest scan did not declare; ``body`` is their findings as JSON."""

actions = sa.Table(
    "console_actions",
    METADATA,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    _count("time"),
    _text("who"),
    _text("action"),
    _text("about"),
    _text("campaign_id"),
    sa.Column("line", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Index("console_actions_time", "time"),
    sa.Index("console_actions_about", "about", "number"),
    sa.Index("console_actions_campaign", "campaign_id", "number"),
    sa.Index("console_actions_who", "who", "number"),
)
"""The log, chained by hashes; triggers refuse to change or delete a row. ``line`` is canonical JSON
and counts; the columns beside it are for finding it."""

decisions = sa.Table(
    "console_decisions",
    METADATA,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    _text("action"),
    _text("campaign_id"),
    _text("other"),
    _text("account"),
    _text("body"),
    sa.Column("undone_by", sa.BigInteger),
    sa.Index("console_decisions_campaign", "campaign_id", "number"),
    sa.Index("console_decisions_other", "other", "number"),
    sa.Index("console_decisions_account", "account"),
)
"""Decisions by the number of their line; ``body`` is JSON: why, what stood before, and evidence
when it was decided."""

requests = sa.Table(
    "console_requests",
    METADATA,
    sa.Column("request_id", sa.Text, primary_key=True),
    _text("rung"),
    _text("campaign_id"),
    _text("account"),
    _count("accounts"),
    _text("grounds"),
    _text("why"),
    sa.Column("hours", sa.Float, nullable=False),
    _text("requested_by"),
    _count("at"),
    _count("until"),
    _count("needed"),
    _text("rule"),
    _text("state"),
    _text("declined_by"),
    sa.Index("console_requests_state", "state", "until"),
    sa.Index("console_requests_at", "at"),
    sa.Index("console_requests_campaign", "campaign_id"),
)

approvals = sa.Table(
    "console_approvals",
    METADATA,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("who", sa.Text, primary_key=True),
    _count("at"),
    _count("action"),
)
"""Who agrees to a request, who asked first."""

exchange = sa.Table(
    "console_exchange",
    METADATA,
    sa.Column("object_id", sa.Text, primary_key=True),
    sa.Column("direction", sa.Text, primary_key=True),
    _text("type"),
    _text("slot"),
    _text("publisher"),
    _text("campaign_id"),
    _count("modified"),
    sa.Column("ends", sa.BigInteger),
    _text("state"),
    _count("confirmed"),
    _count("false_positive"),
    _count("contested"),
    _text("words"),
    sa.Index("console_exchange_modified", "modified"),
    sa.Index("console_exchange_state", "state", "modified"),
    sa.Index("console_exchange_campaign", "campaign_id"),
)

publishers = sa.Table(
    "console_publishers",
    METADATA,
    sa.Column("publisher", sa.Text, primary_key=True),
    _text("name"),
    _text("state"),
    _count("hits"),
    _count("misses"),
    sa.Column("precision", sa.Float, nullable=False),
    sa.Column("own", sa.Boolean, nullable=False),
)
"""Members of the exchange and the record of their indicators."""

attribution = sa.Table(
    "console_attribution",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("probability", sa.Float, nullable=False),
    _text("words"),
)
"""Known actors that a campaign may be, as ``stillwatch signatures attribute`` said."""
