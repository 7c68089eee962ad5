"""What peers' indicators say of accounts here, by the time at which it was known here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["RECOGNISED", "Peers", "known_to_peers", "no_peers", "peers_of", "recognised"]

RECOGNISED = 4.6
"""Nats from which on peers' indicators recognise an account: where one in a hundred is the actor's,
it is then rather its than not."""
_MOST = 6.0
"""Nats that indicators of one actor add to one account at most."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Matches with peers' indicators in columns, by time; M matches of A actors."""

    time: NDArray[np.int64]
    """(M,) when the match was known, microseconds since 1970, ascending."""
    account: NDArray[np.int32]
    """(M,) code of the account."""
    actor: NDArray[np.int32]
    """(M,) code of the campaign that the peer declared."""
    nats: NDArray[np.float64]
    """(M,) log ratio that the account is the actor's, of all its matches until then; at most 6."""
    actors: tuple[str, ...]
    """Names of the campaigns by code, ascending."""

    def known(self, time: int) -> NDArray[np.float64]:
        """Return (A, N') nats of each actor for the accounts up to the last one matched.

        Args:
            time: of the look, microseconds; matches at or after it are not known.
        """
        n = int(np.searchsorted(self.time, time))
        width = int(self.account.max(initial=-1)) + 1
        found = np.zeros((len(self.actors), width))
        np.maximum.at(found, (self.actor[:n], self.account[:n]), self.nats[:n])
        return found


def no_peers() -> Peers:
    """Return that no indicator matched."""
    nothing = np.zeros(0, np.int32)
    return Peers(np.zeros(0, np.int64), nothing, nothing, np.zeros(0), ())


def peers_of(ids: pa.Array, table: pa.Table | None) -> Peers:
    """Return the matches of a table, without accounts that are not known.

    Args:
        ids: account ids, ascending.
        table: columns as in ``records.INTELLIGENCE``, or None.
    """
    if table is None or table.num_rows == 0:
        return no_peers()
    place = pc.index_in(table.column("account_id").cast(ids.type), value_set=ids)
    place = np.asarray(pc.fill_null(place, -1).combine_chunks(), np.int32)
    names = table.column("actor").to_pylist()
    actors = tuple(sorted(set(names)))
    code = {name: number for number, name in enumerate(actors)}
    actor = np.array([code[name] for name in names], np.int32)
    time = np.asarray(table.column("time").cast(pa.int64()).combine_chunks(), np.int64)
    nats = np.asarray(table.column("log_ratio").combine_chunks(), np.float64)
    nats = np.clip(np.nan_to_num(nats), 0.0, _MOST)
    order = np.lexsort((nats, actor, place, time))
    order = order[place[order] >= 0]
    return Peers(time[order], place[order], actor[order], nats[order], actors)


def recognised(view: View) -> NDArray[np.float64]:
    """Return (A, N') nats of each actor for the accounts, as known at a look."""
    return view.once("peers", lambda: view.log.peers.known(view.time))


def known_to_peers(view: View) -> NDArray[np.int32]:
    """Return the accounts that indicators of any actor recognise at a look, ascending."""
    return np.flatnonzero((recognised(view) >= RECOGNISED).any(axis=0)).astype(np.int32)
