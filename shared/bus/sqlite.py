"""The embedded bus: one SQLite file, for the processes of one machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from shared.bus.interface import Consumer, DeadLetter, Message
from shared.bus.sqlite_consumer import SqliteConsumer
from shared.bus.sqlite_file import BusFile

LEASE_SECONDS = 15.0
"""A consumer that has not polled for so long has died; its messages go to another."""


class SqliteBus:
    """Implements `Bus`. May be used from several threads; safe between processes."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for a URL that names no file, BusUnavailable."""
        self._path, self._lease = _parse(url)
        self._file = BusFile(self._path)

    def publish(self, topic: str, messages: Sequence[Message]) -> None:
        rows = [(topic, m.key, m.value, json.dumps(dict(m.headers))) for m in messages]
        with self._file.writing() as connection:
            connection.executemany(
                "INSERT INTO message (topic, key, value, headers) VALUES (?, ?, ?, ?)", rows
            )

    def consumer(self, topic: str, group: str) -> Consumer:
        return SqliteConsumer(BusFile(self._path), topic, group, self._lease)

    def dead_letters(self, topic: str | None = None, limit: int = 100) -> list[DeadLetter]:
        """Oldest first."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT id, topic, name, key, value, headers, reason, attempts, at "
                "FROM dead_letter WHERE ?1 IS NULL OR topic = ?1 ORDER BY at, id LIMIT ?2",
                (topic, limit),
            ).fetchall()
        return [
            DeadLetter(
                id=id,
                topic=of_topic,
                group=group,
                message=Message(key, value, json.loads(headers)),
                reason=reason,
                attempts=attempts,
                at=datetime.fromtimestamp(at, UTC),
            )
            for id, of_topic, group, key, value, headers, reason, attempts, at in rows
        ]

    def replay(self, dead_letter_id: str) -> None:
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO message (topic, key, value, headers, only_group) "
                "SELECT topic, key, value, headers, name FROM dead_letter WHERE id = ?",
                (dead_letter_id,),
            )
            gone = connection.execute("DELETE FROM dead_letter WHERE id = ?", (dead_letter_id,))
            if not gone.rowcount:
                raise KeyError(dead_letter_id)

    def drop(self, dead_letter_id: str) -> None:
        with self._file.writing() as connection:
            gone = connection.execute("DELETE FROM dead_letter WHERE id = ?", (dead_letter_id,))
            if not gone.rowcount:
                raise KeyError(dead_letter_id)

    def close(self) -> None:
        self._file.close()


def _parse(url: str) -> tuple[Path, float]:
    try:
        parsed = make_url(url)
        lease = float(str(parsed.query.get("lease", LEASE_SECONDS)))
        if not parsed.database or parsed.database == ":memory:" or lease <= 0:
            raise ValueError
    except (ArgumentError, ValueError):
        raise ValueError(
            f"{url!r} names no bus file; give sqlite:///path/to/bus.db, "
            "with ?lease=SECONDS to change after how long a silent consumer counts as dead"
        ) from None
    return Path(parsed.database), lease
