"""The consumer loop on a real bus."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, TypeAdapter
from sqlalchemy.exc import OperationalError

from shared import worker
from shared.bus import Bus, BusUnavailable, Consumer, Delivery, Message, open_bus
from shared.criteria.catalog import CatalogUnavailable
from shared.fhir.errors import FhirUnavailable
from shared.worker import Later, Poison, consume, decode

TOPIC, GROUP = "notes", "extract"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    return open_bus(f"sqlite:///{tmp_path}/bus.db?lease=1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the delays."""
    monkeypatch.setattr(worker, "_growing", lambda times: min(2.0**times, 480) / 100)


@asynccontextmanager
async def running(bus: Bus, handle: Callable[[Delivery], Awaitable[None]], **options: Any) -> Any:
    stop = asyncio.Event()
    loop = asyncio.create_task(consume(bus, TOPIC, GROUP, handle, stop=stop, **options))
    try:
        yield loop
    finally:
        stop.set()
        await asyncio.wait_for(loop, 20)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def lag(bus: Bus) -> int:
    with bus.consumer(TOPIC, GROUP) as consumer:
        return consumer.lag()


def named(*names: str) -> list[Message]:
    return [Message(name[0], name.encode()) for name in names]


def value(delivery: Delivery) -> str:
    return delivery.message.value.decode()


async def test_every_message_is_handled_once_and_committed(bus: Bus) -> None:
    bus.publish(TOPIC, [Message(f"p{n % 7}", str(n).encode()) for n in range(100)])
    handled: list[str] = []

    async def handle(delivery: Delivery) -> None:
        handled.append(value(delivery))

    async with running(bus, handle):
        await until(lambda: lag(bus) == 0)
    assert sorted(handled, key=int) == [str(n) for n in range(100)]


async def test_messages_of_one_patient_are_handled_in_order(bus: Bus) -> None:
    bus.publish(TOPIC, [Message(f"p{n % 3}", str(n).encode()) for n in range(60)])
    handled: list[int] = []

    async def handle(delivery: Delivery) -> None:
        number = int(value(delivery))
        await asyncio.sleep(0.01 if number % 2 else 0)
        handled.append(number)

    async with running(bus, handle, concurrency=3):
        await until(lambda: len(handled) == 60)
    for patient in range(3):
        of_patient = [number for number in handled if number % 3 == patient]
        assert of_patient == sorted(of_patient)


async def test_a_slow_message_delays_nobody_else_and_stays_in_hand(bus: Bus) -> None:
    bus.publish(TOPIC, named("a-slow", "b1", "c1", "d1", "e1"))
    handled: list[str] = []
    release = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        if value(delivery) == "a-slow":
            await release.wait()
        handled.append(value(delivery))

    async with running(bus, handle, concurrency=2):
        await until(lambda: len(handled) == 4)
        with bus.consumer(TOPIC, GROUP) as other:
            for _ in range(15):  # longer than a silent member would keep it
                assert await asyncio.to_thread(other.poll, 1, 0.1) == []
        release.set()
        await until(lambda: lag(bus) == 0)
    assert sorted(handled) == ["a-slow", "b1", "c1", "d1", "e1"]


async def test_poison_becomes_a_dead_letter_at_once_and_the_rest_goes_on(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "a2", "b1"))
    handled: list[str] = []

    async def handle(delivery: Delivery) -> None:
        if value(delivery) == "a1":
            raise Poison("no note in it")
        handled.append(value(delivery))

    async with running(bus, handle):
        await until(lambda: lag(bus) == 0)
    (letter,) = bus.dead_letters(TOPIC)
    assert (letter.reason, letter.attempts, letter.message.value) == ("no note in it", 1, b"a1")
    assert sorted(handled) == ["a2", "b1"]


async def test_a_failing_message_is_tried_max_attempts_times(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "b1"))
    attempts: list[int] = []

    async def handle(delivery: Delivery) -> None:
        if value(delivery) == "a1":
            attempts.append(delivery.attempt)
            raise KeyError("creatinine 2.9 of Mrs Example")

    async with running(bus, handle, max_attempts=3):
        await until(lambda: lag(bus) == 0)
    assert attempts == [1, 2, 3]
    assert [letter.reason for letter in bus.dead_letters(TOPIC)] == ["KeyError"]


@pytest.mark.parametrize(
    "error",
    [
        FhirUnavailable("away"),
        BusUnavailable("away"),
        CatalogUnavailable("away"),
        OperationalError("SELECT", None, Exception("locked")),
        httpx.ConnectError("away"),
        Later("busy"),
        Later("busy", 0.01),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_is_away_is_waited_for_as_often_as_it_takes(bus: Bus, error: Exception) -> None:
    bus.publish(TOPIC, named("a1", "b1", "c1"))
    tries = 0
    handled: list[str] = []

    async def handle(delivery: Delivery) -> None:
        nonlocal tries
        tries += 1
        if tries <= 9:
            raise error
        handled.append(value(delivery))

    async with running(bus, handle, max_attempts=2):
        await until(lambda: lag(bus) == 0)
    assert sorted(handled) == ["a1", "b1", "c1"]
    assert bus.dead_letters() == []


async def test_an_outage_does_not_drag_the_whole_topic_through_failures(bus: Bus) -> None:
    bus.publish(TOPIC, [Message(f"p{n}", str(n).encode()) for n in range(200)])
    touched: set[str] = set()
    away = True

    async def handle(delivery: Delivery) -> None:
        touched.add(value(delivery))
        if away:
            raise FhirUnavailable("away", retry_after=0.2)

    async with running(bus, handle, concurrency=2, batch_size=4):
        await until(lambda: len(touched) >= 4)
        assert len(touched) < 50
        away = False
        await until(lambda: lag(bus) == 0)
    assert len(touched) == 200


async def test_the_hook_tells_of_a_dead_letter_before_it_is_one(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1"))
    told: list[tuple[str, str]] = []

    async def handle(delivery: Delivery) -> None:
        raise Poison("no note in it")

    async def tell(delivery: Delivery, reason: str) -> None:
        told.append((value(delivery), reason))
        if len(told) == 1:
            raise BusUnavailable("away")
        assert bus.dead_letters() == []

    async with running(bus, handle, on_dead_letter=tell):
        await until(lambda: lag(bus) == 0)
    assert told == [("a1", "no note in it")] * 2
    assert len(bus.dead_letters()) == 1


async def test_one_message_put_off_holds_up_no_other(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "b1"))
    handled: list[str] = []

    async def handle(delivery: Delivery) -> None:
        if value(delivery) == "a1":
            raise Later("busy", delay=60)
        handled.append(value(delivery))

    async with running(bus, handle, concurrency=1):
        await until(lambda: handled == ["b1"])
    assert lag(bus) == 1


async def test_a_cancelled_worker_gives_back_what_it_holds(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "a2"))
    begun = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        begun.set()
        await asyncio.Event().wait()

    loop = asyncio.create_task(consume(bus, TOPIC, GROUP, handle, stop=asyncio.Event()))
    await begun.wait()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    with bus.consumer(TOPIC, GROUP) as consumer:
        assert [value(d) for d in consumer.poll(2, 5)] == ["a1", "a2"]


async def test_stopping_finishes_what_has_begun_and_gives_back_the_rest(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "a2", "b1"))
    begun, release = asyncio.Event(), asyncio.Event()
    finished: list[str] = []

    async def handle(delivery: Delivery) -> None:
        begun.set()
        await release.wait()
        finished.append(value(delivery))

    stop = asyncio.Event()
    loop = asyncio.create_task(consume(bus, TOPIC, GROUP, handle, stop=stop, concurrency=1))
    await begun.wait()
    stop.set()
    await asyncio.sleep(0.05)
    release.set()
    await asyncio.wait_for(loop, 20)
    assert finished == ["a1"]
    with bus.consumer(TOPIC, GROUP) as consumer:
        rest = consumer.poll(3, 5)
    assert [(value(d), d.attempt) for d in rest] == [("a2", 1), ("b1", 1)]


async def test_work_that_outlasts_the_grace_is_given_back(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1"))
    begun = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with running(bus, handle, grace=0.05):
        await begun.wait()
    assert lag(bus) == 1


async def test_a_message_that_ends_the_worker_each_time_is_given_up(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1"))
    with bus.consumer(TOPIC, GROUP) as earlier:
        for _ in range(2):
            earlier.retry(earlier.poll(1, 5)[0], "as after a crash", 0)

    async def handle(delivery: Delivery) -> None:
        raise AssertionError("must not be touched again")

    async with running(bus, handle, max_attempts=2):
        await until(lambda: lag(bus) == 0)
    assert "ended abruptly" in bus.dead_letters()[0].reason


class FlakyBus:
    """The real bus, away for the first tries of every kind of call."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.failures = {"consumer": 2, "poll": 2, "commit": 2}
        self._lock = threading.Lock()

    def fail(self, call: str) -> None:
        with self._lock:
            if self.failures[call] > 0:
                self.failures[call] -= 1
                raise BusUnavailable("away")

    def consumer(self, topic: str, group: str) -> Consumer:
        self.fail("consumer")
        consumer = self._bus.consumer(topic, group)
        poll, commit = consumer.poll, consumer.commit

        def flaky_poll(most: int, timeout: float) -> list[Delivery]:
            self.fail("poll")
            return poll(most, timeout)

        def flaky_commit(deliveries: Any) -> None:
            self.fail("commit")
            commit(deliveries)

        consumer.poll, consumer.commit = flaky_poll, flaky_commit  # type: ignore[method-assign]
        return consumer


async def test_a_bus_that_is_away_loses_no_outcome(bus: Bus) -> None:
    bus.publish(TOPIC, named("a1", "b1", "c1"))
    flaky = FlakyBus(bus)
    handled: list[str] = []

    async def handle(delivery: Delivery) -> None:
        handled.append(value(delivery))

    async with running(flaky, handle):  # type: ignore[arg-type]
        await until(lambda: lag(bus) == 0)
    assert sorted(handled) == ["a1", "b1", "c1"]
    assert set(flaky.failures.values()) == {0}


async def test_a_fault_in_the_poll_loop_ends_the_worker_with_it(bus: Bus) -> None:
    class Broken:
        def consumer(self, topic: str, group: str) -> Consumer:
            raise RuntimeError("a fault of ours")

    async def handle(delivery: Delivery) -> None:
        raise AssertionError

    with pytest.raises(RuntimeError):
        await consume(Broken(), TOPIC, GROUP, handle, stop=asyncio.Event())  # type: ignore[arg-type]


class Shape(BaseModel):
    age: int


def test_what_is_no_event_is_poison_without_its_content() -> None:
    adapter = TypeAdapter(Shape)
    assert decode(adapter, Delivery(TOPIC, Message("p", b'{"age": 3}'), "", 1)) == Shape(age=3)
    with pytest.raises(Poison) as poison:
        decode(adapter, Delivery(TOPIC, Message("p", b'{"age": "Mrs Example"}'), "", 1))
    assert "Example" not in str(poison.value)
