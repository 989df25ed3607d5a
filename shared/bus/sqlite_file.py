"""The file of the embedded bus: its tables and its transactions.

message         what was published; seq is its place on the topic
consumer_group  each group that ever joined; everything up to `cursor` it has been given
pending         what a group has been given and has not finished: waiting (member is null;
                not before `due`) or in the hands of a member
member          who is alive; a member whose lease ran out loses what it holds
dead_letter     what a group gave up on, with a copy of the message
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.bus.interface import BusUnavailable
from shared.database import create_folder_of, prepare_sqlite

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    headers TEXT NOT NULL,
    only_group TEXT
);
CREATE INDEX IF NOT EXISTS message_topic ON message (topic, seq);
CREATE TABLE IF NOT EXISTS consumer_group (
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    PRIMARY KEY (topic, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (
    topic TEXT NOT NULL,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    due REAL NOT NULL,
    attempt INTEGER NOT NULL,
    member TEXT,
    PRIMARY KEY (topic, seq, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pending_held ON pending (topic, name, key, member)
    WHERE member IS NOT NULL;
CREATE INDEX IF NOT EXISTS pending_member ON pending (member) WHERE member IS NOT NULL;
CREATE TABLE IF NOT EXISTS member (
    id TEXT PRIMARY KEY,
    lease_until REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letter (
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    headers TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at REAL NOT NULL
);
"""


class BusFile:
    """One connection to the file; any thread may use it, one at a time."""

    def __init__(self, path: Path) -> None:
        """Creates file, folder and tables where missing. Raises BusUnavailable."""
        self._path = path
        self._lock = threading.Lock()
        with self._explained():
            create_folder_of(path)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            prepare_sqlite(self._connection)
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start; durable after the block."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Single statements, without any lock."""
        with self._lock, self._explained():
            yield self._connection

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError) as error:
            raise BusUnavailable(
                f"the bus file {self._path} cannot be used ({error}); "
                "is its disk full, its folder writable, another process stuck on it?"
            ) from error
