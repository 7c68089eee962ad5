"""One table of a database, through SQLAlchemy."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pyarrow as pa

from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    MissingExtraError,
    SourceNotFoundError,
)
from stillwatch.find.sources.interface import FileLayout, InputFile
from stillwatch.find.sources.records import pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Table

    from stillwatch.find.sources.interface import RawBatch, Selection

__all__ = ["Sql", "sql_file"]

EXAMPLE = "postgresql+psycopg://user@host/logs#exchanges"

NOT_DATABASES = frozenset({"file", "ftp", "http", "https", "s3", "gs", "abfs", "hdfs"})


def sql_file(location: str) -> InputFile:
    """Return the table that a URL names, shown without its password.

    Args:
        location: ``dialect://…#table`` or ``dialect://…?table=table``; the table may carry a
            schema, as in ``audit.exchanges``.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        ConfigurationError: it is no database URL, or names no table.
    """
    url, table = _split(location)
    return InputFile(location, f"{url.render_as_string(hide_password=True)}#{table}")


def _split(location: str) -> tuple[URL, str]:
    scheme = location.partition("://")[0]
    try:
        from sqlalchemy import make_url  # noqa: PLC0415 - optional
        from sqlalchemy.exc import ArgumentError  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError(
            "reading a database needs SQLAlchemy",
            where=scheme + "://…",
            todo="pip install 'stillwatch[sql]' and the database's driver",
        ) from None
    if scheme in NOT_DATABASES:
        raise ConfigurationError(
            f"inputs at {scheme}:// are not read",
            where=scheme + "://…",
            todo="copy or mount the files, and give their path",
        )
    address, _, table = location.partition("#")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # its message may repeat the password
        raise ConfigurationError(
            "the input is not a database URL",
            where=scheme + "://…",
            todo=f"write {EXAMPLE}",
        ) from None
    named = url.query.get("table")
    url = url.difference_update_query(["table"])
    table = table or (named if isinstance(named, str) else "")
    if not table:
        raise ConfigurationError(
            "the database URL names no table",
            where=url.render_as_string(hide_password=True),
            todo=f"add the table after #, as in {EXAMPLE}",
        )
    return url, table


class Sql:
    """A table or view; rows are streamed in order of the primary key, where there is one."""

    name = "sql"
    suffixes: tuple[str, ...] = ()

    def recognises(self, head: bytes) -> bool:  # noqa: ARG002
        """Whether a file is in this format: never, a URL tells it."""
        return False

    def layout(self, file: InputFile) -> FileLayout:
        """Return the columns of the table."""
        with _connected(file) as (_, table):
            types = {column.name: _type(column.type) for column in table.columns}
            return FileLayout(tuple(types), types=types)

    def integer_ids(self, file: InputFile, column: str) -> bool:
        """Whether the column is declared as an integer."""
        return bool(pa.types.is_integer(self.layout(file).types.get(column, pa.string())))

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield the rows; a row's position is its place in the order of reading."""
        from sqlalchemy import select  # noqa: PLC0415 - optional

        with _connected(file) as (connection, table):
            columns = [table.c[name] for name in dict.fromkeys(selection.names.values())]
            query = select(*columns).order_by(*table.primary_key.columns)
            result = connection.execution_options(yield_per=selection.batch_rows).execute(query)
            at = 0
            for rows in result.mappings().partitions():
                yield pack([dict(row) for row in rows], range(at, at + len(rows)), selection)
                at += len(rows)


def _type(declared: object) -> pa.DataType:
    try:
        python = declared.python_type  # type: ignore[attr-defined]
    except NotImplementedError:
        return pa.string()
    return pa.int64() if python is int else pa.string()


@contextmanager
def _connected(file: InputFile) -> Iterator[tuple[Connection, Table]]:
    from sqlalchemy import MetaData, Table, create_engine  # noqa: PLC0415 - optional
    from sqlalchemy.exc import NoSuchModuleError, NoSuchTableError, SQLAlchemyError  # noqa: PLC0415

    url, name = _split(file.path)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        # SQLite makes a file that is not there; a log that is not there is an error.
        _require_file(str(url.database), file)
    schema, _, bare = name.rpartition(".")
    engine = None
    try:
        engine = create_engine(url)
        with engine.connect() as connection:
            table = Table(bare, MetaData(), schema=schema or None, autoload_with=connection)
            yield connection, table
    except (NoSuchModuleError, ImportError) as error:
        raise MissingExtraError(
            f"the database's driver is not installed: {error}",
            where=file.shown,
            todo="install it, such as pip install 'psycopg[binary]'",
        ) from None
    except NoSuchTableError:
        raise SourceNotFoundError(
            f"the database has no table {name}", where=file.shown, todo="check the name after #"
        ) from None
    except (SQLAlchemyError, ValueError, TypeError, ArithmeticError) as error:
        # A driver that cannot convert a cell repeats it in its words, which may be a person's.
        known = isinstance(error, SQLAlchemyError)
        why = _without_password(error, url) if known else "a value is not of its column's type"
        raise InputFormatError(
            f"the database cannot be read: {why}",
            where=file.shown,
            todo="check host, user, rights and that the server runs",
        ) from None
    finally:
        if engine is not None:
            engine.dispose()


def _require_file(path: str, file: InputFile) -> None:
    try:
        with open(path, "rb"):  # noqa: PTH123
            return
    except OSError as error:
        raise SourceNotFoundError(
            f"the database file cannot be opened: {error.strerror}",
            where=file.shown,
            todo="check the path; an absolute one has four slashes after sqlite:",
        ) from None


def _without_password(error: Exception, url: URL) -> str:
    cause = getattr(error, "orig", None) or error
    text = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    for secret in {url.password, parse_qs(url.render_as_string()).get("password", [None])[0]}:
        if secret:
            text = text.replace(str(secret), "***")
    return text
