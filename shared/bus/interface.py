"""What every bus offers. Nothing outside shared/bus knows which one it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self


@dataclass(frozen=True)
class Message:
    """key: the patient id; messages of one key are delivered in order to one consumer."""

    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """A message in the hands of one consumer. position: bus-internal, opaque to callers.
    attempt: 1 for the first delivery, counted up by `retry` and by redelivery after a crash."""

    topic: str
    message: Message
    position: str
    attempt: int


@dataclass(frozen=True)
class DeadLetter:
    """A message given up on. `reason` names the cause and holds no patient text."""

    id: str
    topic: str
    group: str
    message: Message
    reason: str
    attempts: int
    at: datetime


class Consumer(Protocol):
    """One member of a consumer group on one topic. Used from one thread."""

    def poll(self, max_messages: int, timeout: float) -> list[Delivery]:
        """Up to `max_messages`, waiting at most `timeout` seconds. Keeps the membership alive
        and extends what is already in this consumer's hands, so it is called all the time, also
        with max_messages=0 while work goes on."""
        ...

    def commit(self, deliveries: Sequence[Delivery]) -> None:
        """The effect is durable: never deliver these again."""
        ...

    def retry(self, delivery: Delivery, reason: str, delay: float, *, counted: bool = True) -> None:
        """Deliver again after `delay` seconds; later messages of the topic go on meanwhile.
        counted=False: what failed was not the message's fault (a server is away), so the next
        delivery has the same `attempt`. reason: for whoever watches; no patient text."""
        ...

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        """Give up on it; it waits for `Bus.replay` or `Bus.drop`."""
        ...

    def lag(self) -> int:
        """Messages of the topic that the group has not finished."""
        ...

    def close(self) -> None:
        """Leaves the group; what is not committed is delivered to another member."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Bus(Protocol):
    def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Durable on return, all or nothing for embedded, each acknowledged by all in-sync
        replicas on Kafka. Raises BusUnavailable."""
        ...

    def consumer(self, topic: str, group: str) -> Consumer: ...

    def dead_letters(self, topic: str | None = None, limit: int = 100) -> list[DeadLetter]: ...

    def replay(self, dead_letter_id: str) -> None:
        """Puts it back on its topic for its group and removes it. Raises KeyError."""
        ...

    def drop(self, dead_letter_id: str) -> None:
        """Raises KeyError."""
        ...

    def close(self) -> None: ...


class BusUnavailable(Exception):
    """The bus cannot be reached; the message says which URL and what to try."""
