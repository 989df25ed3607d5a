"""A member of a consumer group on the embedded bus."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from shared.bus.interface import Delivery, Message
from shared.bus.sqlite_file import BusFile

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 0.08
_CHUNK = 256

_WAITING = """
    FROM pending WHERE topic = :topic AND name = :group AND member IS NULL AND due <= :now
    AND key NOT IN (
        SELECT key FROM pending
        WHERE topic = :topic AND name = :group AND member IS NOT NULL AND member <> :member)
"""
_UNSEEN = """
    FROM message WHERE topic = :topic AND seq > (
        SELECT cursor FROM consumer_group WHERE topic = :topic AND name = :group)
"""


class SqliteConsumer:
    """Implements `Consumer`.

    Of one key only one member holds messages at any time. A member keeps its lease by polling;
    when the lease runs out, what it held goes to others, and what it commits later is ignored.
    """

    def __init__(self, file: BusFile, topic: str, group: str, lease: float) -> None:
        """lease: seconds. A new group starts at the earliest message that is retained."""
        self._file, self._topic, self._group, self._lease = file, topic, group, lease
        self._member = uuid.uuid4().hex
        self._extend_at = 0.0
        self._closed = False
        with file.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO consumer_group (topic, name, cursor) VALUES (?, ?, 0)",
                (topic, group),
            )
            self._stay(connection)

    def poll(self, max_messages: int, timeout: float) -> list[Delivery]:
        give_up = time.monotonic() + timeout
        pause = _SHORTEST_PAUSE
        while True:
            if time.monotonic() >= self._extend_at:
                with self._file.writing() as connection:
                    self._stay(connection)
            if max_messages > 0 and self._something_waits():
                with self._file.writing() as connection:
                    taken = self._take(connection, max_messages)
                if taken:
                    return taken
            left = give_up - time.monotonic()
            if max_messages <= 0 or left <= 0:
                return []
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def commit(self, deliveries: Sequence[Delivery]) -> None:
        with self._file.writing() as connection:
            for delivery in deliveries:
                self._finish(connection, delivery)

    def retry(self, delivery: Delivery, reason: str, delay: float, *, counted: bool = True) -> None:
        member, seq = _place(delivery)
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE pending SET member = NULL, due = ?, attempt = attempt - ? "
                "WHERE topic = ? AND seq = ? AND name = ? AND member = ?",
                (time.time() + delay, not counted, self._topic, seq, self._group, member),
            )

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        message = delivery.message
        with self._file.writing() as connection:
            if self._finish(connection, delivery):
                connection.execute(
                    "INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        uuid.uuid4().hex,
                        self._topic,
                        self._group,
                        message.key,
                        message.value,
                        json.dumps(dict(message.headers)),
                        reason,
                        delivery.attempt,
                        time.time(),
                    ),
                )

    def lag(self) -> int:
        with self._file.reading() as connection:
            lag: int = connection.execute(
                "SELECT (SELECT count(*) FROM pending WHERE topic = :topic AND name = :group) + "
                f"(SELECT count(*) {_UNSEEN} AND (only_group IS NULL OR only_group = :group))",
                self._names(),
            ).fetchone()[0]
        return lag

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE pending SET member = NULL, attempt = attempt - 1 WHERE member = ?",
                (self._member,),
            )
            connection.execute("DELETE FROM member WHERE id = ?", (self._member,))
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _stay(self, connection: sqlite3.Connection) -> None:
        """Extends the own lease, ends those that ran out, deletes what all groups finished."""
        now = time.time()
        self._extend_at = time.monotonic() + self._lease / 3
        expired = "SELECT id FROM member WHERE lease_until < ?"
        connection.execute(f"UPDATE pending SET member = NULL WHERE member IN ({expired})", (now,))
        connection.execute("DELETE FROM member WHERE lease_until < ?", (now,))
        kept = connection.execute(
            "UPDATE member SET lease_until = ? WHERE id = ?", (now + self._lease, self._member)
        )
        if not kept.rowcount:
            self._member = uuid.uuid4().hex  # joins anew, with empty hands
            connection.execute(
                "INSERT INTO member (id, lease_until) VALUES (?, ?)",
                (self._member, now + self._lease),
            )
        connection.execute(
            "DELETE FROM message WHERE topic = :topic "
            "AND seq <= (SELECT min(cursor) FROM consumer_group WHERE topic = :topic) "
            "AND NOT EXISTS (SELECT 1 FROM pending p "
            "WHERE p.topic = :topic AND p.seq = message.seq)",
            {"topic": self._topic},
        )

    def _something_waits(self) -> bool:
        """Looks without the write lock, so that an idle consumer is in nobody's way."""
        with self._file.reading() as connection:
            row = connection.execute(
                f"SELECT EXISTS (SELECT 1 {_WAITING}) OR EXISTS (SELECT 1 {_UNSEEN})",
                self._names(),
            ).fetchone()
        return bool(row[0])

    def _take(self, connection: sqlite3.Connection, most: int) -> list[Delivery]:
        waiting = f"SELECT seq, attempt {_WAITING} ORDER BY seq LIMIT :most"
        names = self._names() | {"most": most}
        found = connection.execute(waiting, names).fetchall()
        while len(found) < most and self._give_unseen(connection):
            found = connection.execute(waiting, names).fetchall()
        connection.executemany(
            "UPDATE pending SET member = ?, attempt = attempt + 1 "
            "WHERE topic = ? AND seq = ? AND name = ?",
            [(self._member, self._topic, seq, self._group) for seq, _ in found],
        )
        return [self._delivery(connection, seq, attempt + 1) for seq, attempt in found]

    def _give_unseen(self, connection: sqlite3.Connection) -> bool:
        """Hands the group the next messages of the topic; False when it has been given all."""
        rows = connection.execute(
            f"SELECT seq, key, only_group {_UNSEEN} ORDER BY seq LIMIT {_CHUNK}", self._names()
        ).fetchall()
        connection.executemany(
            "INSERT INTO pending (topic, seq, name, key, due, attempt) VALUES (?, ?, ?, ?, 0, 0)",
            [
                (self._topic, seq, self._group, key)
                for seq, key, only_group in rows
                if only_group in (None, self._group)
            ],
        )
        if rows:
            connection.execute(
                "UPDATE consumer_group SET cursor = ? WHERE topic = ? AND name = ?",
                (rows[-1][0], self._topic, self._group),
            )
        return bool(rows)

    def _delivery(self, connection: sqlite3.Connection, seq: int, attempt: int) -> Delivery:
        key, value, headers = connection.execute(
            "SELECT key, value, headers FROM message WHERE seq = ?", (seq,)
        ).fetchone()
        message = Message(key, value, json.loads(headers))
        return Delivery(self._topic, message, f"{self._member}/{seq}", attempt)

    def _finish(self, connection: sqlite3.Connection, delivery: Delivery) -> bool:
        """False if the delivery is no longer in the hands that it was put into."""
        member, seq = _place(delivery)
        done = connection.execute(
            "DELETE FROM pending WHERE topic = ? AND seq = ? AND name = ? AND member = ?",
            (self._topic, seq, self._group, member),
        )
        return bool(done.rowcount)

    def _names(self) -> dict[str, str | float | int]:
        return {
            "topic": self._topic,
            "group": self._group,
            "member": self._member,
            "now": time.time(),
        }


def _place(delivery: Delivery) -> tuple[str, int]:
    member, _, seq = delivery.position.partition("/")
    return member, int(seq)
