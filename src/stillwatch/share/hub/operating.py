"""What an operator does to a hub beside serving: each act is one transaction, and is audited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillwatch.errors import ConfigurationError
from stillwatch.ledger import Checkpoint, SigningKey
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.share.hub.journal import Journal
from stillwatch.share.hub.times import written

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from stillwatch.share.hub.roster import Member, Roster
    from stillwatch.share.hub.writer import Change
    from stillwatch.store import Database

__all__ = ["act", "named_member", "signer"]


def signer(key: SigningKey) -> Callable[[int, bytes], str]:
    """Return what makes the log's checkpoints."""

    def sign(size: int, root: bytes) -> str:
        return sign_checkpoint(Checkpoint(key.name, size, root), [key]).encode().decode()

    return sign


def act(
    database: Database,
    key: SigningKey,
    name: str,
    about: str,
    work: Change,
    *,
    now: int,
    chance: Callable[[int], bytes],
) -> Any:  # noqa: ANN401 - the work's own
    """Do an operator's work in a transaction of its own and return what it returns.

    A hub that serves from the same database takes it up within its `HubSettings.poll`.

    Args:
        database: the hub's.
        key: of its log.
        name: of the act, for the audit log.
        about: what it is done to, for the audit log.
        work: the work.
        now: microseconds since 1970.
        chance: gives so many random bytes.
    """

    def transact(connection: Connection) -> Any:  # noqa: ANN401 - the work's own
        journal = Journal(connection, None, None, now, chance)
        done = work(journal)
        journal.audit({"time": written(now), "operator": name, "about": about})
        journal.finish(signer(key))
        return done

    return database.now(transact)


def named_member(roster: Roster, name: str) -> Member:
    """Return the member of an id or name that has not left.

    Raises:
        ConfigurationError: there is none.
    """
    found = [
        member
        for member in roster.members.values()
        if member.id == name or (member.name == name and member.state != "left")
    ]
    if not found:
        raise ConfigurationError(
            "there is no such member", where=name, todo="see stillwatch hub members"
        )
    return found[-1]
