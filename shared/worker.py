"""The loop of every worker: messages of a topic are handled beside the poll loop.

    await consume(bus, Topic.NOTES, "extract", handle, concurrency=4, stop=stop)

One patient's messages are handled one after the other, different patients' side by side. A
message is committed after `handle` returned, so whatever `handle` does must be durable by then
and harmless when repeated. A message that fails is put aside and holds up nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import OperationalError

from shared.bus import Bus, BusUnavailable, Delivery
from shared.criteria.catalog import CatalogUnavailable
from shared.fhir.errors import FhirUnavailable
from shared.polling import Ending, Outcome, Polling
from shared.students.errors import StudentUnavailable
from shared.telemetry import describe, get_logger

LONGEST_DELAY = 480.0
"""Seconds between two attempts, at most."""

AWAY = (
    BusUnavailable,
    CatalogUnavailable,
    FhirUnavailable,
    StudentUnavailable,
    OperationalError,  # of a database
    httpx.TransportError,
)
"""Something that all messages need does not answer."""

Handle = Callable[[Delivery], Awaitable[None]]
OnDeadLetter = Callable[[Delivery, str], Awaitable[None]]
E = TypeVar("E")

log = get_logger()


class Poison(Exception):
    """This message can never be handled: a dead letter at once. The reason is stored with it and
    must hold no patient text."""


class Later(Exception):
    """Not now, and not this message's fault; other messages go on. delay: seconds after which it
    is tried again; None: longer each time."""

    def __init__(self, reason: str, delay: float | None = None) -> None:
        super().__init__(reason)
        self.delay = delay


def decode(adapter: TypeAdapter[E], delivery: Delivery) -> E:
    """The event in a message. Raises Poison if it is none of `adapter`'s."""
    try:
        return adapter.validate_json(delivery.message.value)
    except ValidationError as error:
        raise Poison(f"not an event of this topic: {describe(error)}") from None


async def consume(
    bus: Bus,
    topic: str,
    group: str,
    handle: Handle,
    *,
    stop: asyncio.Event,
    concurrency: int = 4,
    batch_size: int | None = None,
    max_attempts: int = 5,
    grace: float = 20.0,
    on_dead_letter: OnDeadLetter | None = None,
) -> None:
    """Handles messages until `stop` is set; then finishes what it works on within `grace`
    seconds and gives the rest back.

    What `handle` raises decides what becomes of its message:
    - Poison: dead letter at once.
    - Later: again after 1, 2, 4, ... 480 seconds, or as it asks; as often as it takes.
    - one of AWAY: so too, and nothing else is begun for a while, longer each time in a row.
    - anything else: again after 1, 2, 4, ... seconds, a dead letter after `max_attempts`. Ends of
      the process with the message in hand count as attempts.

    concurrency: patients handled side by side. batch_size: messages in hand, at most (default:
    twice the concurrency). on_dead_letter: called before a message is given up; if it fails, the
    message is tried again.
    """
    most = batch_size or 2 * concurrency
    working = _Working(handle, on_dead_letter, concurrency, max_attempts)
    loop = asyncio.get_running_loop()

    def receive(deliveries: Sequence[Delivery]) -> None:
        loop.call_soon_threadsafe(working.receive, deliveries)

    polling = Polling(bus, topic, group, most, receive)
    working.polling = polling
    with ThreadPoolExecutor(1, thread_name_prefix=f"poll-{topic}") as thread:
        polled = loop.run_in_executor(thread, polling.run)
        stopped = asyncio.create_task(stop.wait())
        try:
            either: set[asyncio.Future[Any]] = {polled, stopped}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            polling.hold(True)
            await working.finish(0.0 if polled.done() else grace)
        finally:
            stopped.cancel()
            working.cancel()
            polling.leave()
            await polled


class _Working:
    """What is in hand, in one line for each key."""

    polling: Polling

    def __init__(
        self,
        handle: Handle,
        on_dead_letter: OnDeadLetter | None,
        concurrency: int,
        max_attempts: int,
    ) -> None:
        self._handle, self._on_dead_letter = handle, on_dead_letter
        self._max_attempts = max_attempts
        self._slots = asyncio.Semaphore(concurrency)
        self._lines: dict[str, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._waits: dict[int, int] = {}  # message -> how often it waited for what was away
        self._outages = 0  # in a row
        self._resume_at = 0.0
        self._going = asyncio.Event()  # not set during an outage
        self._going.set()

    def receive(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            key = delivery.message.key
            if key in self._lines:
                self._lines[key].append(delivery)
            else:
                self._lines[key] = deque([delivery])
                task = asyncio.create_task(self._serve(key))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def finish(self, grace: float) -> None:
        """Waits for what has begun; what has not begun stays undone."""
        self._stopping = True
        self._going.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _serve(self, key: str) -> None:
        line = self._lines[key]
        while line:
            async with self._slots:
                await self._going.wait()
                if self._stopping:
                    return
                outcome = await self._work(line[0])
            line.popleft()
            self.polling.settle(outcome)
        del self._lines[key]

    async def _work(self, delivery: Delivery) -> Outcome:
        message = hash((delivery.message.key, delivery.message.value))
        try:
            if delivery.attempt > self._max_attempts:
                raise Poison(
                    f"{delivery.attempt - 1} attempts; the worker ended abruptly during the last"
                )
            await self._handle(delivery)
            self._outages = 0
            outcome = Outcome(delivery, Ending.DONE)
        except Exception as error:
            outcome = self._judge(delivery, error, self._waits.get(message, 0))
        if outcome.ending is Ending.DEAD and self._on_dead_letter:
            try:
                await self._on_dead_letter(delivery, outcome.reason)
            except Exception as error:
                wait = _growing(self._waits.get(message, 0))
                outcome = Outcome(delivery, Ending.AGAIN, describe(error), wait, counted=False)
        if outcome.ending is Ending.AGAIN and not outcome.counted:
            self._waits[message] = self._waits.get(message, 0) + 1
        else:
            self._waits.pop(message, None)
        return outcome

    def _judge(self, delivery: Delivery, error: Exception, waits: int) -> Outcome:
        reason = describe(error)
        told = {"topic": delivery.topic, "patient_id": delivery.message.key, "reason": reason}
        if isinstance(error, Poison):
            log.error("message given up", **told)
            return Outcome(delivery, Ending.DEAD, str(error))
        if isinstance(error, Later):
            wait = _growing(waits) if error.delay is None else error.delay
            log.info("message put off", **told, seconds=round(wait, 1))
            return Outcome(delivery, Ending.AGAIN, reason, wait, counted=False)
        if isinstance(error, AWAY):
            asked = getattr(error, "retry_after", None) or 0.0
            wait = max(_growing(waits), self._outage(), asked)
            log.warning("message waits for a service", **told, seconds=round(wait, 1))
            return Outcome(delivery, Ending.AGAIN, reason, wait, counted=False)
        if delivery.attempt >= self._max_attempts:
            log.error("message given up", **told, attempts=delivery.attempt, exc_info=error)
            return Outcome(delivery, Ending.DEAD, reason)
        log.warning("message failed", **told, attempts=delivery.attempt, exc_info=error)
        return Outcome(delivery, Ending.AGAIN, reason, _growing(delivery.attempt - 1))

    def _outage(self) -> float:
        """Begins nothing for a while, longer each time in a row, so that an outage does not drag
        the whole topic through failures. Returns the seconds until work goes on."""
        now = time.monotonic()
        if self._going.is_set():
            pause = _growing(self._outages)
            self._outages += 1
            self._resume_at = now + pause
            self._going.clear()
            self.polling.hold(True)
            asyncio.get_running_loop().call_later(pause, self._resume)
        return self._resume_at - now

    def _resume(self) -> None:
        self._going.set()
        if not self._stopping:
            self.polling.hold(False)


def _growing(times: int) -> float:
    """Seconds: 1, 2, 4, ... up to LONGEST_DELAY."""
    return min(2.0 ** min(times, 20), LONGEST_DELAY)
