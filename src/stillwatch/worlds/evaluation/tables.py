"""Figures as tables for a terminal and as Markdown for documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.worlds.evaluation.bounds import Rate
    from stillwatch.worlds.evaluation.calibration import CalibrationResult
    from stillwatch.worlds.evaluation.evaluating import Evaluation
    from stillwatch.worlds.evaluation.false_positives import GroupRate

__all__ = ["Table", "comparison", "markdown", "tables", "text"]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells ready to print."""

    title: str
    """What the table shows."""
    header: tuple[str, ...]
    """Column names."""
    rows: tuple[tuple[str, ...], ...]
    """Cells as text, each row as long as the header."""


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _small(value: float | None) -> str:
    return "-" if value is None else f"{value:.5f}"


def _hours(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _count(rate: Rate) -> str:
    return f"{rate.hits}/{rate.total}"


def text(table: Table) -> str:
    """Return a table as aligned lines for a terminal."""
    lines = [table.header, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    body = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, *(f"  {line}" for line in body)])


def markdown(table: Table) -> str:
    """Return a table as GitHub-flavoured Markdown, numbers to the right."""

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"

    rule = line(("---", *("--:" for _ in table.header[1:])))
    return "\n".join([f"**{table.title}**", "", line(table.header), rule, *map(line, table.rows)])


def _summary(e: Evaluation) -> Table:
    d, f, p = e.detection, e.false_positives, e.purity
    worst = max((g.rate.high for g in f.cohorts if g.enough), default=None)
    few = sum(not g.enough for g in f.cohorts)
    kind = f" ({d.worst_kind_name})" if d.worst_kind_name else ""
    rows = (
        ("macro recall over campaigns", _share(d.macro_recall)),
        ("worst kind of adversary" + kind, _share(d.worst_kind)),
        ("worst campaign", _share(d.worst_campaign)),
        ("attack accounts flagged", _count(d.account_recall)),
        ("account precision", f"{_share(f.account_precision.share)}"),
        ("benign flagged", _count(f.overall)),
        ("benign false-positive rate", _small(f.overall.share)),
        ("  upper 95 % bound", _small(f.overall.high)),
        (f"worst cohort's upper bound ({few} cohorts too small)", _share(worst)),
        ("leaked before an account's flag, mean", _share(d.leaked_before_flag)),
        ("leaked before declaration, mean", _share(d.leaked_before_declaration)),
        ("leaked before declaration, worst", _share(d.worst_leaked_before_declaration)),
        ("hours from first harvest to declaration", _hours(d.hours_to_declare)),
        ("campaigns declared / false", f"{p.declared} / {p.false}"),
        ("flagged accounts in another's campaign", _share(p.merged.share)),
        ("purity of declared campaigns", _share(p.purity)),
        ("equal rates over languages, p", _share(f.language_p)),
        ("  within cohorts, p", _share(f.language_p_within_cohorts)),
        ("grey flagged / to be blocked", f"{_count(e.grey.flagged)} / {e.grey.blocked}"),
        ("calibration error, all / flagged", _pair(e.calibration, e.calibration_flagged)),
    )
    worlds = "1 world" if e.worlds == 1 else f"{e.worlds} worlds"
    title = f"Summary: {worlds}, {e.accounts:,} accounts, {e.exchanges:,} exchanges"
    return Table(title, ("figure", "value"), rows)


def _pair(first: CalibrationResult, second: CalibrationResult) -> str:
    return f"{_share(first.ece)} / {_share(second.ece)}"


def _kinds(e: Evaluation) -> Table:
    header = (
        "kind",
        "campaigns",
        "accounts",
        "recall",
        "worst",
        "declared",
        "leaked (flag)",
        "leaked (declared)",
        "hours",
        "merged",
    )
    rows = tuple(
        (
            k.kind,
            str(k.campaigns),
            str(k.accounts),
            _share(k.recall),
            _share(k.worst),
            str(k.declared),
            _share(k.leaked_before_flag),
            _share(k.leaked_before_declaration),
            _hours(k.hours_to_declare),
            _share(k.merged.share),
        )
        for k in e.kinds
    )
    return Table("By kind of adversary", header, rows)


def _campaigns(e: Evaluation) -> Table:
    header = ("campaign", "kind", "found", "recall", "harvest", "leaked (declared)", "hours", "ids")
    rows = tuple(
        (
            c.campaign,
            c.kind,
            _count(c.recall),
            _share(c.recall.share),
            str(c.harvest),
            _share(c.leaked_before_declaration),
            _hours(c.hours_to_declare),
            str(c.declared_as),
        )
        for c in e.campaigns
    )
    return Table("By campaign", header, rows)


def _groups(title: str, groups: tuple[GroupRate, ...]) -> Table:
    header = (title.rsplit(maxsplit=1)[-1], "flagged", "rate", "upper 95 %", "note")
    rows = tuple(
        (
            g.name,
            _count(g.rate),
            _small(g.rate.share),
            _small(g.rate.high),
            "" if g.enough else "too few",
        )
        for g in groups
    )
    return Table(title, header, rows)


def _precision(e: Evaluation) -> Table:
    rows = tuple(
        (f"{100 * p.base_rate:g} %", _share(p.precision), _share(p.low))
        for p in e.false_positives.precision
    )
    return Table("Precision at base rates", ("attackers", "precision", "at least"), rows)


def _reliability(title: str, result: CalibrationResult) -> Table:
    rows = tuple(
        (
            f"{b.low:.1f} to {b.high:.1f}",
            str(b.accounts),
            _share(b.mean_score),
            _share(b.attack_share),
        )
        for b in result.bins
        if b.accounts
    )
    title = f"{title}: Brier {_small(result.brier)}, error {_small(result.ece)}"
    return Table(title, ("probability", "accounts", "said", "true"), rows)


def tables(evaluation: Evaluation) -> tuple[Table, ...]:
    """Return every table of an evaluation; those without rows are left out."""
    e = evaluation
    every = (
        _summary(e),
        _kinds(e),
        _campaigns(e),
        _groups("False positives by cohort", e.false_positives.cohorts),
        _groups("False positives by language", e.false_positives.languages),
        _groups("Grey accounts by cohort", e.grey.cohorts),
        _precision(e),
        _reliability("Calibration, accounts seen", e.calibration),
        _reliability("Calibration, flagged accounts", e.calibration_flagged),
    )
    return tuple(t for t in every if t.rows)


def comparison(named: Mapping[str, Evaluation]) -> Table:
    """Return one row a method: the figures that decide, in one line.

    What is said of campaigns (merged, leaked) is left out where a method declares none.

    Args:
        named: evaluations of one world, or of the same worlds pooled, by method.
    """
    header = (
        "method",
        "macro recall",
        "worst kind",
        "precision",
        "false positives in 10,000",
        "worst cohort",
        "merged",
        "leaked",
    )
    rows = []
    for name, e in named.items():
        d, f = e.detection, e.false_positives
        cohorts = [g.rate.share for g in f.cohorts if g.rate.share is not None]
        share = f.overall.share
        rows.append(
            (
                name,
                _share(d.macro_recall),
                _share(d.worst_kind),
                _share(f.account_precision.share),
                "-" if share is None else f"{1e4 * share:.1f}",
                _share(max(cohorts, default=None)),
                _share(e.purity.merged.share if e.purity.declared else None),
                _share(d.leaked_before_declaration if e.purity.declared else None),
            )
        )
    return Table("Methods", header, tuple(rows))
