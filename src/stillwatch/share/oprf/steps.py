"""A ceremony's steps on an operator's folder: each can be repeated after a crash, and none undone.

Every message is written down before it leaves, and the same message is given again when it is asked
for again. Shares that a ceremony made are on the disk before the message that confirms them exists,
so that neither operator can be left with a share that the other has not.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import msgspec

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError, RefusedError, SourceNotFoundError
from stillwatch.ledger import dsse
from stillwatch.share.oprf import ceremony, epochs, group
from stillwatch.share.oprf.shares import ShareFile, read_secret, read_shares, write_secret
from stillwatch.share.oprf.terms import (
    is_record,
    pending,
    record_of,
    terms_of_new,
    terms_of_refresh,
    write_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillwatch.share.oprf.home import Home

__all__ = ["GRACE", "Steps"]

P = ParamSpec("P")
T = TypeVar("T")

GRACE = 600
"""Seconds that the shares before a refresh are kept for requests under way."""
_DAY = 86_400
_WINDOW = (epochs.PERIOD_DAYS + epochs.OVERLAP_DAYS) * _DAY


def _alone(step: Callable[Concatenate[Steps, P], T]) -> Callable[Concatenate[Steps, P], T]:
    """Let one step at a time be taken on a folder, by whichever thread or process."""

    @wraps(step)
    def taken(self: Steps, /, *given: P.args, **named: P.kwargs) -> T:
        if self._held:
            return step(self, *given, **named)
        path = self._home.path / "ceremony" / "lock"
        try:
            lock = sqlite3.connect(path, timeout=20, isolation_level=None)
            with closing(lock):
                lock.execute("begin exclusive")
                self._held = True
                return step(self, *given, **named)
        except sqlite3.Error as error:
            raise OutputError(
                f"the folder cannot be locked for a ceremony: {error}",
                where=str(path),
                todo="wait until the other command has ended",
            ) from error
        finally:
            self._held = False

    return taken


class Steps:
    """One ceremony on an operator's folder.

    Args:
        home: folder.
        terms: what for.
        now: seconds since 1970.
    """

    def __init__(self, home: Home, terms: epochs.Terms, now: int) -> None:
        self._home = home
        self._terms = terms
        self._now = now
        self._name = f"{terms.epoch:06}-{terms.generation:06}"
        self._draft_path = home.path / "shares" / f"draft-{self._name}.json"
        self._role = home.settings.operator
        self._held = False

    @_alone
    def commit(self) -> bytes:
        """Return the first message; draws where nothing was drawn yet.

        Raises:
            RefusedError: P-1 another ceremony is under way, or these terms are not next.
        """
        if not self._draft_path.exists():
            kept = self._path("commit", self._role)
            if kept.exists() and self._done():
                return read_small(kept, "a message")
            self._next()
            salt = secrets.token_bytes(32)
            draft = ceremony.drawn(self._terms, self._role, salt, group.random_scalar)
            write_secret(self._draft_path, msgspec.json.encode(draft))
        draft = self._draft()
        return self._said("commit", ceremony.sealed(draft.commit(), self._home.key))

    @_alone
    def reveal(self, peer_commit: bytes) -> bytes:
        """Return the second message, once the other's first is here (P-1).

        Raises:
            RefusedError: P-1 or L-18, see `ceremony.revealed`.
        """
        message = ceremony.opened_message(peer_commit, self._home.peer)
        if not isinstance(message, ceremony.Commit):  # P-1
            raise RefusedError("P-1", "the other operator's commitment is needed before a reveal")
        kept = self._path("reveal", self._role)
        if kept.exists() and (self._done() or self._heard("commit", peer_commit)):
            return read_small(kept, "a message")
        made = ceremony.revealed(self._draft(), message, group.random_scalar)
        self._hear("commit", peer_commit)
        return self._said("reveal", ceremony.sealed(made, self._home.key))

    @_alone
    def confirm(self, peer_reveal: bytes) -> bytes:
        """Check the other's second message, keep the new shares, and return the third message.

        Raises:
            RefusedError: P-1, P-4 or P-8, see `ceremony`.
        """
        kept = self._path("confirm", self._role)
        if kept.exists() and (self._done() or self._heard("reveal", peer_reveal)):
            return read_small(kept, "a message")
        message = ceremony.opened_message(peer_reveal, self._home.peer)
        if not isinstance(message, ceremony.Reveal):  # P-1
            raise RefusedError("P-1", "the other operator's reveal is needed before a confirmation")
        draft = self._draft()
        raw = read_small(self._path("commit", self._peer_role), "the other's commitment")
        commitment = ceremony.opened_message(raw, self._home.peer)
        if not isinstance(commitment, ceremony.Commit):  # P-1
            raise RefusedError("P-1", "what was kept as the other's commitment is none")
        publics = ceremony.verify_reveal(draft, commitment, message)
        self._hear("reveal", peer_reveal)
        shares, record = self._result(draft, commitment, publics)
        held = ShareFile(
            format="stillwatch-oprf-share-1",
            exchange=self._terms.exchange,
            operator=self._role,
            epoch=self._terms.epoch,
            generation=self._terms.generation,
            shares={kind: value.hex() for kind, value in shares.items()},
        )
        write_secret(self._share("next"), msgspec.json.encode(held))
        sealed = dsse.seal_envelope(epochs.RECORD_TYPE, epochs.packed(record), [self._home.key])
        return self._said("confirm", sealed)

    @_alone
    def finish(self, peer_confirm: bytes) -> epochs.Certificate:
        """Check the other's third message and put the new shares in place.

        Raises:
            RefusedError: P-1 the other did not sign the same record.
        """
        record_path = self._home.record_path(self._terms.epoch)
        if not self._done():
            epochs.opened(peer_confirm, [self._home.peer], 1)
            own = read_small(self._path("confirm", self._role), "the own confirmation")
            both = epochs.merged(own, peer_confirm)
            epochs.opened(both, (self._home.key.public, self._home.peer))
            self._activate()
            write_whole(record_path, both)
            self._draft_path.unlink(missing_ok=True)
        return self._home.certificates()[self._terms.epoch]

    @_alone
    def abandon(self) -> None:
        """Forget a ceremony that the other operator cannot finish.

        Raises:
            RefusedError: P-1 it was confirmed, so that the other may have finished it.
        """
        if self._path("confirm", self._role).exists():  # P-1
            raise RefusedError(
                "P-1",
                "the ceremony was confirmed: the other operator may hold its new share",
                todo="finish it with the other operator's confirmation",
            )
        self._draft_path.unlink(missing_ok=True)
        for path in (self._home.path / "ceremony").glob(f"{self._name}-*.json"):
            path.unlink()

    @_alone
    def take(self, raw: bytes) -> bytes:
        """Answer the other operator's next message with the own one of the same step."""
        if is_record(raw):
            confirmed = self._path("confirm", self._role)
            if not confirmed.exists():  # P-1
                raise RefusedError("P-1", "a confirmation comes before the reveals")
            own = read_small(confirmed, "the own confirmation")
            self.finish(raw)
            return own
        message = ceremony.opened_message(raw, self._home.peer)
        if isinstance(message, ceremony.Commit):
            own = self.commit()
            if not self._done():
                self._hear("commit", raw)
            return own
        kept = self._path("commit", self._peer_role)
        if not kept.exists():  # P-1
            raise RefusedError("P-1", "a reveal comes before its commitment")
        own = self.reveal(read_small(kept, "the other's commitment"))
        self.confirm(raw)
        return own

    @property
    def _peer_role(self) -> ceremony.Role:
        return ceremony.other(self._role)

    def _result(
        self, draft: ceremony.Draft, peer: ceremony.Commit, publics: dict[str, bytes]
    ) -> tuple[dict[str, bytes], epochs.EpochRecord]:
        if not self._terms.generation:
            return ceremony.made(draft, publics)
        own = draft.commit()
        commits = (own, peer) if self._role == "a" else (peer, own)
        before = record_of(self._home, self._terms.epoch)
        shares = read_shares(self._share()).scalars()
        return ceremony.refreshed(draft, publics, commits, shares, before)

    def _activate(self) -> None:
        """Put the next shares in place of the current ones, which are kept for a while."""
        after, live, before = self._share("next"), self._share(), self._share("previous")
        if after.exists():
            if live.exists():
                live.replace(before)
            after.replace(live)
            os.utime(live, (self._now, self._now))  # the time from which `GRACE` runs
        held = read_shares(live)
        if held.generation != self._terms.generation:
            raise ConfigurationError("the new shares are missing", where=str(live))

    def _next(self) -> None:
        """Refuse terms that do not follow from what there is (P-1, P-8)."""
        under_way = pending(self._home)
        if under_way is not None:  # P-1
            raise RefusedError(
                "P-1",
                f"a ceremony for epoch {under_way.epoch}.{under_way.generation} is under way",
                todo="finish it, or stillwatch oprf ceremony abandon",
            )
        if self._terms.generation:
            wanted = terms_of_refresh(self._home, self._terms.epoch)
            if not self._share().exists():
                raise SourceNotFoundError(
                    "the share is not there to be refreshed",
                    where=str(self._share()),
                    todo="restore it, or make the next epoch with --lost",
                )
        else:
            wanted = terms_of_new(self._home, self._terms.starts, tuple(self._terms.lost))
        if self._terms != wanted or abs(self._terms.starts - self._now) > _WINDOW:  # P-8
            raise RefusedError("P-8", "this is not the epoch or generation that comes next")

    def _draft(self) -> ceremony.Draft:
        try:
            draft = msgspec.json.decode(read_secret(self._draft_path), type=ceremony.Draft)
        except SourceNotFoundError:
            raise RefusedError(
                "P-1", "no ceremony of this epoch is under way here", todo="commit first"
            ) from None
        if draft.terms != self._terms:  # P-1
            raise RefusedError("P-1", "the ceremony under way has different terms")
        return draft

    def _done(self) -> bool:
        """Say whether this ceremony was finished before."""
        known = self._home.certificates().get(self._terms.epoch)
        return known is not None and known.record.generation >= self._terms.generation

    def _share(self, state: str = "") -> Path:
        return self._home.share_path(self._terms.epoch, state)

    def _path(self, step: str, role: str) -> Path:
        return self._home.path / "ceremony" / f"{self._name}-{step}-{role}.json"

    def _said(self, step: str, raw: bytes) -> bytes:
        path = self._path(step, self._role)
        if path.exists():
            return read_small(path, "a message")
        write_message(path, raw)
        return raw

    def _heard(self, step: str, raw: bytes) -> bool:
        path = self._path(step, self._peer_role)
        return path.exists() and read_small(path, "a message") == raw

    def _hear(self, step: str, raw: bytes) -> None:
        """Keep the other's message; a second, different one is refused (P-1)."""
        path = self._path(step, self._peer_role)
        if path.exists() and not self._heard(step, raw):  # P-1
            raise RefusedError("P-1", f"the other operator sends a second, different {step}")
        write_message(path, raw)
