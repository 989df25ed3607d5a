"""Databases of the services: SQLite files on one machine, PostgreSQL where a URL says so.

Table names start with the service's name (`ingest_note`), so that one PostgreSQL database can
hold the tables of all services. On SQLite each service has a file of its own.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

BUSY_SECONDS = 30.0
"""How long a writer waits for another process's transaction before it fails."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. SQLite forgets time zones, so it is stored in UTC and read back as UTC;
    refuses naive datetimes: `Field(sa_type=UtcDateTime)`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without time zone cannot be stored; give it one (UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


def open_engine(url: str) -> Engine:
    """Engine for `sqlite:///path` or `postgresql://...`; creates the folder of a SQLite file.

    Raises ValueError for any other URL. Statement parameters, which may be patient text, are
    kept out of error messages.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(
            "this database URL cannot be read; give sqlite:///path/to/file.db or postgresql://..."
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql":
            driver = parsed.set(drivername="postgresql+psycopg")
            return create_engine(driver, hide_parameters=True, pool_pre_ping=True)
        case other:
            raise ValueError(
                f"no support for {other!r} databases; give sqlite:///path or postgresql://..."
            )


def create_tables(engine: Engine, tables: Sequence[type[SQLModel] | Table]) -> None:
    """Creates those of `tables` that are missing. Safe when several processes start at once."""
    wanted = [
        table if isinstance(table, Table) else SQLModel.metadata.tables[str(table.__tablename__)]
        for table in tables
    ]
    with engine.begin() as connection:
        SQLModel.metadata.create_all(connection, tables=wanted)


@contextmanager
def session(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    """One transaction: committed at the end of the block, rolled back if it raises.

    On SQLite the transaction holds the write lock from its start, so that what it read cannot
    change before it writes, and a second writer waits instead of failing half-way. `read_only`
    takes no lock. Loaded objects stay readable after the block.
    """
    bound = engine.execution_options(read_only=True) if read_only else engine
    with Session(bound, expire_on_commit=False) as opened, opened.begin():
        yield opened


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Sets what every SQLite connection of ours needs.

    WAL: readers and the one writer do not block each other. synchronous=FULL: with WAL, NORMAL
    may lose the last commits when the power fails, and a note is acknowledged on the strength
    of its commit.
    """
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def create_folder_of(path: Path) -> None:
    """The folder of a database file; only its owner may look into a new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for its busy time-out while another process makes the same switch.
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _open_sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError(
            "a SQLite database in memory is seen by one thread alone; give a file: sqlite:///path"
        )
    create_folder_of(Path(url.database))
    engine = create_engine(url, hide_parameters=True)

    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not by the driver's guess
        prepare_sqlite(connection)

    def on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine
