"""What the stand-in can do wrong when asked to, as real servers do."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from training.dataset.records import ItemType


class FaultKind(StrEnum):
    GARBAGE = "garbage"  # words that are no JSON
    PROSE = "prose"  # good items in a code fence between sentences, with trailing commas
    CUT_OFF = "cut-off"  # stops in the middle of an item, finish_reason "length"
    EMPTY = "empty"  # no content
    FILTERED = "filtered"  # finish_reason "content_filter"
    DELAY = "delay"  # answers after `seconds`
    TOO_MANY = "too-many"  # HTTP 429 with Retry-After `seconds`
    ERROR = "error"  # HTTP 500
    NO_SCHEMA = "no-schema"  # HTTP 400 where a JSON Schema is asked for
    TOO_LONG = "too-long"  # HTTP 400 in the words of vLLM
    NOT_CHAT = "not-chat"  # HTTP 200 with something else
    ELSEWHERE = "elsewhere"  # HTTP 307 to another host


class Fault(BaseModel):
    """times: requests that it befalls; None: all. note_id, kind: only these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: FaultKind
    times: int | None = Field(None, ge=1)
    seconds: float = Field(0.0, ge=0)
    note_id: str | None = None
    kind: ItemType | None = None


class Faults:
    """Set by tests while the server runs."""

    def __init__(self, *first: Fault) -> None:
        self._lock = threading.Lock()
        self._faults = list(first)
        self._met: Counter[int] = Counter()

    def replace(self, *faults: Fault) -> None:
        with self._lock:
            self._faults = list(faults)
            self._met.clear()

    def next(self, note_id: str | None, kind: ItemType | None, structured: bool) -> Fault | None:
        """The first fault that befalls such a request; counts it."""
        with self._lock:
            for at, fault in enumerate(self._faults):
                spent = fault.times is not None and self._met[at] >= fault.times
                other = (fault.note_id or note_id) != note_id or (fault.kind or kind) != kind
                spared = fault.fault is FaultKind.NO_SCHEMA and not structured
                if not (spent or other or spared):
                    self._met[at] += 1
                    return fault
        return None
