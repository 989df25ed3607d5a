"""What ingest does beside answering requests: steps repeated for ever, each on its own.

A step that fails is logged and tried again after 1, 2, 4 ... 30 seconds; the others go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from shared.bus import BusUnavailable
from shared.fhir.client import FhirUnavailable
from shared.telemetry import describe, get_logger

Step = Callable[[], Awaitable[bool]]
"""One round of work; True if there may be more to do at once."""

_OUTAGES = (BusUnavailable, FhirUnavailable)
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
_SETTLED = 60.0


@dataclass
class Loop:
    """One step and how it fares. pause: seconds between rounds, ended early by `wake`.

    trouble: why the last round failed, None if it did not.
    """

    name: str
    step: Step
    pause: float
    trouble: str | None = None
    failures: int = 0
    _ours: bool = False
    _began_at: float = 0.0
    _wake: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def wake(self) -> None:
        """The next round begins at once."""
        self._wake.set()

    @property
    def broken(self) -> bool:
        """The last round failed by an error of ours, not by an outage of what it needs, which it
        waits out; a round that has gone on for a while since is taken for sound."""
        return self._ours and not 0 < self._began_at < time.monotonic() - _SETTLED

    async def run(self) -> None:
        while True:
            self._wake.clear()
            self._began_at = time.monotonic()
            try:
                more = await self.step()
            except Exception as error:
                self._failed(error)
                await asyncio.sleep(min(_FIRST_WAIT * 2 ** (self.failures - 1), _LONGEST_WAIT))
                continue
            self.trouble, self._ours, self.failures = None, False, 0
            if not more:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.pause):
                        await self._wake.wait()

    def _failed(self, error: Exception) -> None:
        self.failures = min(self.failures + 1, 10)
        self._began_at = 0.0
        self.trouble, self._ours = describe(error), not isinstance(error, _OUTAGES)
        if self._ours:
            get_logger().error("background task failed, goes on", task=self.name, exc_info=error)
        else:
            get_logger().warning("background task waits", task=self.name, reason=self.trouble)


class Background:
    """`async with Background(loops) as background:` runs them until the block ends."""

    def __init__(self, loops: Mapping[str, tuple[Step, float]]) -> None:
        self.loops = {name: Loop(name, step, pause) for name, (step, pause) in loops.items()}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def wake(self, *names: str) -> None:
        for name in names:
            self.loops[name].wake()

    def broken(self) -> dict[str, str]:
        """Why each loop that does not do its work does not; empty if all do."""
        found = {name: loop.trouble or "" for name, loop in self.loops.items() if loop.broken}
        return found | {name: "it has ended" for name, task in self._tasks.items() if task.done()}

    async def __aenter__(self) -> Background:
        self._tasks = {
            name: asyncio.create_task(loop.run(), name=name) for name, loop in self.loops.items()
        }
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
