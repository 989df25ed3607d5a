"""Resources and their versions in the database.

One process writes. A write transaction holds the lock from its start, and the instant it stamps
never goes back, so that a reader who sees an update has seen every earlier one: a sweep by
_lastUpdated misses nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import make_url

from services.fhir.indexing import index_rows
from services.fhir.tables import DATE, PAST, RESOURCE, TABLES, VALUE
from shared.database import create_tables, open_engine
from shared.fhir.dates import instant

Resource = dict[str, Any]

_VERSIONED = [column.name for column in PAST.c]


@dataclass(frozen=True)
class Stored:
    """One version. updated: microseconds since 1970. body: its JSON, empty where deleted."""

    key: int
    kind: str
    id: str
    version: int
    updated: int
    deleted: bool
    method: str
    body: str

    @property
    def reference(self) -> str:
        return f"{self.kind}/{self.id}"

    @property
    def location(self) -> str:
        return f"{self.reference}/_history/{self.version}"

    @property
    def etag(self) -> str:
        return f'W/"{self.version}"'

    def resource(self) -> Resource:
        parsed: Resource = json.loads(self.body)
        return parsed


@dataclass
class Transaction:
    """An open database transaction. base: this server's URL as the client wrote it. now: stamp
    of its writes. written: what it has written so far."""

    connection: Connection
    base: str
    now: int = 0
    written: list[Stored] = field(default_factory=list)


class Store:
    """Opens the database; creates what is missing. Raises ValueError for a URL that is not of
    a SQLite file."""

    def __init__(self, url: str) -> None:
        if make_url(url).get_backend_name() != "sqlite":
            raise ValueError(
                "the embedded FHIR server keeps its data in SQLite: leave CHARTSIFT_DATABASE_URL "
                "empty for it, or use a FHIR server of your own"
            )
        self._engine = open_engine(url)
        create_tables(self._engine, TABLES)
        self._lock = threading.Lock()
        with self.reading("") as transaction:
            latest = transaction.connection.scalar(select(func.max(RESOURCE.c.updated)))
        self._latest: int = latest or 0

    @contextmanager
    def reading(self, base: str) -> Iterator[Transaction]:
        """A consistent view; takes no lock."""
        with self._engine.connect().execution_options(read_only=True) as connection:
            yield Transaction(connection, base)

    @contextmanager
    def writing(self, base: str) -> Iterator[Transaction]:
        """One transaction, durable at the end of the block, without effect if it raises."""
        with self._lock, self._engine.begin() as connection:
            self._latest = max(self._latest, time.time_ns() // 1_000_000 * 1000)
            yield Transaction(connection, base, self._latest)

    def close(self) -> None:
        self._engine.dispose()


def current(transaction: Transaction, kind: str, id: str) -> Stored | None:
    """The current version, deleted or not; None if the id was never used."""
    where = (RESOURCE.c.kind == kind, RESOURCE.c.id == id)
    row = transaction.connection.execute(select(RESOURCE).where(*where)).one_or_none()
    return Stored(**row._mapping) if row else None


def at_version(transaction: Transaction, kind: str, id: str, version: str) -> Stored | None:
    """One version, past or current; None if there is none."""
    latest = current(transaction, kind, id)
    if latest is None or not version.isascii() or not version.isdigit() or len(version) > 9:
        return None
    if int(version) == latest.version:
        return latest
    where = (PAST.c.key == latest.key, PAST.c.version == int(version))
    row = transaction.connection.execute(select(PAST).where(*where)).one_or_none()
    return Stored(kind=kind, id=id, **row._mapping) if row else None


def put(
    transaction: Transaction, resource: Resource, id: str, method: str, before: Stored | None
) -> Stored:
    """Writes a valid resource as the version after `before` (its current version)."""
    kind = resource["resourceType"]
    meta = resource.get("meta", {}) | {
        "versionId": str(before.version + 1 if before else 1),
        "lastUpdated": instant(transaction.now),
    }
    whole = {"resourceType": kind, "id": id, "meta": meta} | {
        name: value for name, value in resource.items() if name not in ("id", "meta")
    }
    body = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    if before is None:
        stored = _insert(transaction, kind, id, method, body)
    else:
        stored = _replace(transaction, before, method, body)
    values, dates = index_rows(kind, whole, transaction.base)
    connection, key = transaction.connection, stored.key
    if values:
        rows = [{"param": param, "value": value, "key": key} for param, value in values]
        connection.execute(insert(VALUE), rows)
    if dates:
        spans = [{"param": p, "low": low, "high": high, "key": key} for p, low, high in dates]
        connection.execute(insert(DATE), spans)
    return stored


def remove(transaction: Transaction, before: Stored) -> Stored:
    """Deletes a resource: a version without body, found by no search."""
    return _replace(transaction, before, "DELETE", "")


def _insert(transaction: Transaction, kind: str, id: str, method: str, body: str) -> Stored:
    new = {"kind": kind, "id": id, "version": 1, "updated": transaction.now, "deleted": False,
           "method": method, "body": body}  # fmt: skip
    statement = insert(RESOURCE).returning(RESOURCE.c.key)
    key = transaction.connection.execute(statement, new).scalar_one()
    return _written(transaction, Stored(key, kind, id, 1, transaction.now, False, method, body))


def _replace(transaction: Transaction, before: Stored, method: str, body: str) -> Stored:
    connection, key = transaction.connection, before.key
    after = replace(
        before,
        version=before.version + 1,
        updated=transaction.now,
        deleted=not body,
        method=method,
        body=body,
    )
    connection.execute(insert(PAST), {name: getattr(before, name) for name in _VERSIONED})
    changed = {name: getattr(after, name) for name in _VERSIONED if name != "key"}
    connection.execute(update(RESOURCE).where(RESOURCE.c.key == key), changed)
    connection.execute(delete(VALUE).where(VALUE.c.key == key))
    connection.execute(delete(DATE).where(DATE.c.key == key))
    return _written(transaction, after)


def _written(transaction: Transaction, stored: Stored) -> Stored:
    transaction.written.append(stored)
    return stored
