"""The README that lies beside every world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.records import ACCOUNT, ACCOUNT_EVENT, EXCHANGE, PROVIDER_EVENT, Field

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.building import Settings
    from stillwatch.worlds.simulation.planning import Plan

__all__ = ["readme"]

_IDENTIFIERS = (
    ("account_id", "id of the account"),
    ("type", "email, phone or par"),
    ("value", "clear synthetic value"),
    ("valid_from", "when it began to hold, UTC"),
)
_TRUTH_ACCOUNTS = (
    ("account_id", "id of the account"),
    ("cohort", "population that the account belongs to"),
    ("campaign", "campaign of an attacker's account, else null"),
    ("kind", "benign, grey or attack"),
    ("language", "language the holder writes in, ISO 639-1"),
)
_TRUTH_EXCHANGES = (
    ("exchange_id", "id of the exchange"),
    ("harvest", "true where a campaign harvests the answer"),
)


def readme(settings: Settings, made: Plan, exchanges: int, harvest: int) -> str:
    """Return the README of one provider's world."""
    sizes: dict[str, int] = {}
    for _, quota in made.calls:
        name = quota.campaign or quota.slug
        sizes[name] = sizes.get(name, 0) + quota.accounts
    text = "built-in generator" if settings.text is None else "a directory of prompts"
    summary = (
        f"{exchanges:,} exchanges ({harvest:,} harvested) of {made.accounts:,} accounts in ",
        f"{settings.days} days from {settings.start.isoformat()}; seed {settings.seed}, ",
        f"prevalence {settings.prevalence:g}, regime {settings.regime}, text from {text}.",
    )
    lines = [
        "# A simulated world",
        "",
        "".join(summary),
        "All people, numbers, addresses and companies are made up.",
        "",
    ]
    absent = ("response", "messages")
    log = [f for f in EXCHANGE if f.name not in absent]
    lines += _table("exchanges/day=YYYY-MM-DD/part-0.parquet, in time order", _documented(log))
    lines += _table("accounts.parquet", _documented(ACCOUNT))
    lines += _table("account_events.parquet", _documented(ACCOUNT_EVENT))
    lines += _table("provider_events.parquet", _documented(PROVIDER_EVENT))
    lines += _table("identifiers.parquet, for the vault alone", _IDENTIFIERS)
    lines += _table("truth_accounts.parquet", _TRUTH_ACCOUNTS)
    lines += _table("truth_exchanges.parquet", _TRUTH_EXCHANGES)
    lines += ["## Accounts by cohort and campaign", "", "| name | accounts |", "|---|---|"]
    lines += [f"| {name} | {size:,} |" for name, size in sizes.items()]
    return "\n".join(lines) + "\n"


def _documented(fields: tuple[Field, ...] | list[Field]) -> tuple[tuple[str, str], ...]:
    return tuple((f.name, f.doc) for f in fields)


def _table(title: str, columns: tuple[tuple[str, str], ...]) -> list[str]:
    rows = [f"| {name} | {doc} |" for name, doc in columns]
    return [f"## {title}", "", "| column | what it holds |", "|---|---|", *rows, ""]
