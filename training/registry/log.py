"""The log of a registry: what happened to its students. The state is the fold of the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue


class Kind(StrEnum):
    ADDED = "added"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled-back"
    RETIRED = "retired"


class State(StrEnum):
    CANDIDATE = "candidate"
    IN_SERVICE = "in-service"
    RETIRED = "retired"


class Event(BaseModel):
    """`log/<number>.json`. Events are written once and never changed.

    id: of this one attempt to write it, so that a writer recognises its own event.
    version: the student concerned; after a roll-back, the one that is in service again.
    previous: in service until then. by: who did it.
    decision: the gate's, as JSON. reason: a person's words, where there are any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    number: int
    id: str
    kind: Kind
    version: str
    previous: str | None = None
    by: str
    at: datetime
    decision: dict[str, JsonValue] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Standings:
    """What the log amounts to.

    served: the students to go back to, oldest first; the last one is in service.
    added: the event that brought each student, in that order.
    events: how many there are in the log.
    """

    states: dict[str, State] = field(default_factory=dict)
    served: tuple[str, ...] = ()
    added: dict[str, Event] = field(default_factory=dict)
    events: int = 0

    @property
    def in_service(self) -> str | None:
        return self.served[-1] if self.served else None

    @property
    def before(self) -> str | None:
        """The student that a roll-back brings into service again."""
        return self.served[-2] if len(self.served) > 1 else None


def fold(events: Iterable[Event]) -> Standings:
    """A student that is retired by name is none to go back to; one that is replaced still is."""
    states: dict[str, State] = {}
    served: list[str] = []
    added: dict[str, Event] = {}
    count = 0
    for event in events:
        count += 1
        match event.kind:
            case Kind.ADDED:
                added.setdefault(event.version, event)
                states.setdefault(event.version, State.CANDIDATE)
            case Kind.PROMOTED:
                served.append(event.version)
            case Kind.ROLLED_BACK:
                states[served.pop()] = State.RETIRED
            case Kind.RETIRED:
                states[event.version] = State.RETIRED
                others = [version for version in served if version != event.version]
                served = [version for version, _ in groupby(others)]
        for version in served[:-1]:
            states[version] = State.RETIRED
        if served:
            states[served[-1]] = State.IN_SERVICE
    return Standings(states, tuple(served), added, count)
