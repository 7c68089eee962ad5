"""One database behind one shape: SQLite in a file, or PostgreSQL shared by replicas.

Work is a plain function of a connection. Readings run side by side; writings run one at a time in
a process, each one transaction, on the disk when `write` returns.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from stillwatch.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Concatenate

    from sqlalchemy import URL, Connection, Engine

__all__ = ["Database"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_READERS = 4


class Database:
    """A database and the threads that use it.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user@host/name``; a folder with a socket is
            ``?host=/folder``, and ``sslmode`` and ``sslrootcert`` mean what they do to libpq.

    Raises:
        ConfigurationError: the URL names neither.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        """For set-up and tests; a running hub goes through `read` and `write`."""
        self.shared = self.engine.dialect.name == "postgresql"
        """Other replicas write too."""
        self._readers = ThreadPoolExecutor(_READERS, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")

    async def read(
        self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """Run work that reads, and return what it returns.

        Raises:
            OutputError: the database is away.
        """
        job = functools.partial(self._run, False, work, *args, **kwargs)  # noqa: FBT003
        return await asyncio.get_running_loop().run_in_executor(self._readers, job)

    async def write(
        self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """Run work as one transaction and return what it returns, once that is on the disk.

        Raises:
            OutputError: the database is away or full; nothing was written.
        """
        job = functools.partial(self._run, True, work, *args, **kwargs)  # noqa: FBT003
        return await asyncio.get_running_loop().run_in_executor(self._writer, job)

    async def write_apart(
        self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """Run a small transaction beside the writer: for a database that takes several at once."""
        job = functools.partial(self._run, True, work, *args, **kwargs)  # noqa: FBT003
        return await asyncio.get_running_loop().run_in_executor(self._readers, job)

    def now(
        self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """Run work as one transaction in this thread: for commands."""
        done: _R = self._run(True, work, *args, **kwargs)  # noqa: FBT003
        return done

    def now_reading(
        self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """Run work that reads in this thread: for commands."""
        done: _R = self._run(False, work, *args, **kwargs)  # noqa: FBT003
        return done

    def close(self) -> None:
        """Wait for work under way and let go of all connections."""
        self._writer.shutdown()
        self._readers.shutdown()
        self.engine.dispose()

    def _run(self, writes: bool, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, FBT001 - see read and write
        try:
            with self.engine.connect() as connection:
                if writes and not self.shared:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                elif not self.shared:
                    connection.exec_driver_sql("BEGIN")
                done = work(connection, *args, **kwargs)
                connection.commit()
                return done
        except (SQLAlchemyError, ssl.SSLError) as error:  # the driver lets TLS speak for itself
            words = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise OutputError(
                f"the database does not answer as it should: {words}",
                where=self.engine.url.render_as_string(hide_password=True),
                todo="check that it runs and has room, and that its tables were made: init",
            ) from error


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "the database's URL cannot be read",
            todo="give sqlite:///path or postgresql://user@host/name",
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = sa.create_engine(
            parsed, pool_size=_READERS + 2, connect_args={"check_same_thread": False, "timeout": 30}
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if backend == "postgresql":
        engine = sa.create_engine(
            parsed.set(drivername="postgresql+pg8000", query={}),
            pool_size=_READERS + 2,
            pool_pre_ping=True,
            connect_args=_socket(parsed) | _encryption(parsed),
        )
        # pg8000 sends rows of executemany one by one, a round trip each
        engine.dialect.use_insertmanyvalues_wo_returning = True
        return engine
    raise ConfigurationError(
        f"tables are not kept in {backend}",
        todo="give sqlite:///path or postgresql://user@host/name",
    )


def _socket(url: URL) -> dict[str, str]:
    """Return how pg8000 is told of a folder with a socket, which libpq takes as a host."""
    folder = url.query.get("host")
    if not isinstance(folder, str) or not folder.startswith("/"):
        return {}
    return {"unix_sock": f"{folder}/.s.PGSQL.{url.port or 5432}"}


def _encryption(url: URL) -> dict[str, Any]:
    """Return how pg8000 is told of libpq's ``sslmode`` and ``sslrootcert``.

    Without them TLS is taken where the server offers it, and its certificate is not looked at.

    Raises:
        ConfigurationError: the mode is none, or the authorities cannot be read.
    """
    mode, authorities = url.query.get("sslmode", "prefer"), url.query.get("sslrootcert")
    plain = {"disable": False, "allow": None, "prefer": None, "require": True}
    if isinstance(mode, str) and mode in plain:
        return {"ssl_context": plain[mode]}
    if mode not in {"verify-ca", "verify-full"}:
        raise ConfigurationError(
            "there is no such sslmode",
            where=ascii(mode),
            todo="write disable, prefer, require, verify-ca or verify-full",
        )
    try:
        context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the authorities of the database's certificate cannot be used: {error}",
            where=ascii(authorities),
            todo="name a file in PEM as sslrootcert",
        ) from error
    context.check_hostname = mode == "verify-full"
    return {"ssl_context": context}


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's
    # SQLAlchemy begins nothing: work says BEGIN or BEGIN IMMEDIATE itself
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "secure_delete=ON",
        "wal_autocheckpoint=4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
