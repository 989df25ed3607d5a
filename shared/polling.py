"""The thread that owns a consumer: it polls all the time, whatever the work takes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from shared.bus import Bus, BusUnavailable, Consumer, Delivery
from shared.telemetry import describe, get_logger

_WAIT = 0.05
_LONGEST_OUTAGE_PAUSE = 5.0

log = get_logger()


class Ending(Enum):
    DONE = auto()
    AGAIN = auto()
    DEAD = auto()


@dataclass(frozen=True)
class Outcome:
    """How the work on one delivery ended. delay (seconds), counted: for AGAIN, see
    `Consumer.retry`."""

    delivery: Delivery
    ending: Ending
    reason: str = ""
    delay: float = 0.0
    counted: bool = True


class Polling:
    """Takes up to `most` messages in hand, passes them to `receive` (called in this thread) and
    tells the bus the outcomes that `settle` gave it. A bus that is away is waited for; outcomes
    wait too."""

    def __init__(
        self,
        bus: Bus,
        topic: str,
        group: str,
        most: int,
        receive: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._bus, self._topic, self._group = bus, topic, group
        self._most, self._receive = most, receive
        self._settled: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._unsent: list[Outcome] = []
        self._in_hand = 0
        self._holding = threading.Event()
        self._leaving = threading.Event()

    def settle(self, outcome: Outcome) -> None:
        self._settled.put(outcome)

    def hold(self, on: bool) -> None:
        """While on, what is in hand is kept and nothing new is taken."""
        if on:
            self._holding.set()
        else:
            self._holding.clear()

    def leave(self) -> None:
        """Ends `run` after the outcomes so far; gives the rest in hand back."""
        self._leaving.set()
        self._settled.put(None)

    def run(self) -> None:
        """Until `leave`. Errors other than BusUnavailable end it: they are faults of ours."""
        consumer: Consumer | None = None
        pause = _WAIT
        try:
            while not self._leaving.is_set():
                try:
                    consumer = consumer or self._bus.consumer(self._topic, self._group)
                    self._turn(consumer)
                    pause = _WAIT
                except BusUnavailable as error:
                    log.warning("bus away", topic=self._topic, error=describe(error))
                    self._leaving.wait(pause)
                    pause = min(2 * pause, _LONGEST_OUTAGE_PAUSE)
            if consumer:
                self._collect(None)
                self._tell(consumer)
        finally:
            if consumer:
                consumer.close()

    def _turn(self, consumer: Consumer) -> None:
        free = 0 if self._holding.is_set() else self._most - self._in_hand
        taken = consumer.poll(free, _WAIT if self._settled.empty() else 0) if free else []
        if taken:
            self._in_hand += len(taken)
            self._receive(taken)
        elif not free:
            consumer.poll(0, 0)  # still here
            self._collect(_WAIT)
        self._collect(None)
        self._tell(consumer)

    def _collect(self, wait: float | None) -> None:
        """Outcomes that are there; with `wait`, seconds, until the first one comes."""
        try:
            while True:
                outcome = self._settled.get(timeout=wait) if wait else self._settled.get_nowait()
                wait = None
                if outcome:
                    self._unsent.append(outcome)
        except queue.Empty:
            return

    def _tell(self, consumer: Consumer) -> None:
        """Repeats all of them if the bus fails half-way: each is harmless when told twice."""
        if not self._unsent:
            return
        done = [o.delivery for o in self._unsent if o.ending is Ending.DONE]
        if done:
            consumer.commit(done)
        for outcome in self._unsent:
            match outcome.ending:
                case Ending.AGAIN:
                    consumer.retry(
                        outcome.delivery, outcome.reason, outcome.delay, counted=outcome.counted
                    )
                case Ending.DEAD:
                    consumer.dead_letter(outcome.delivery, outcome.reason)
        self._in_hand -= len(self._unsent)
        self._unsent.clear()
