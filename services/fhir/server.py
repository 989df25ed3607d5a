"""The server behind the routes: the store, its threads and the notifier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import anyio
from anyio import to_thread

from services.fhir.delivery import Notifier
from services.fhir.store import Store, Stored, Transaction
from shared.settings import Settings

S = TypeVar("S")
T = TypeVar("T")

_THREADS = 8


class Server:
    """Raises ValueError for a database URL that is not of a SQLite file."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.database("fhir"))
        self.max_body = settings.fhir_max_body_bytes
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.notifier = Notifier(
            self.store,
            settings.fhir_subscription_attempts,
            settings.fhir_subscription_backoff_seconds,
        )
        self._threads: anyio.CapacityLimiter | None = None

    async def start(self) -> None:
        await self.notifier.start()

    async def stop(self) -> None:
        await self.notifier.stop()
        self.store.close()

    async def run(self, work: Callable[[], T]) -> T:
        """Runs `work` in a thread. As many at once as there are database connections."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_THREADS)
        return await to_thread.run_sync(work, limiter=self._threads)

    async def read(self, base: str, work: Callable[[Transaction], T]) -> T:
        def reading() -> T:
            with self.store.reading(base) as transaction:
                return work(transaction)

        return await self.run(reading)

    async def write(
        self, base: str, prepare: Callable[[], S], work: Callable[[Transaction, S], T]
    ) -> T:
        """`prepare` parses and validates before the write lock is taken; `work` gets what it
        gives. Subscribers hear of it once it is durable."""

        def writing() -> tuple[T, list[Stored]]:
            prepared = prepare()
            with self.store.writing(base) as transaction:
                result = work(transaction, prepared)
            return result, transaction.written

        result, written = await self.run(writing)
        self.notifier.announce(written)
        return result
