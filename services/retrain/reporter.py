"""What the process of a run tells the database, and hears from it, while it works."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.retrain.claims import Claim, Result, Standing, beat, end, give_back
from shared.telemetry import describe, get_logger

EVERY = 1.0  # seconds between signs of life
PATIENCE = 600.0  # seconds for which the end of a run is told again while the database is away
GONE = 70  # status of a process that found its run given to another


class Reporter:
    """`with Reporter(engine, claim) as reporter:`; lines are sent in the background, so that a
    database that is slow or away does not hold up the training. Ends this process as soon as the
    run is given to another one."""

    def __init__(self, engine: Engine, claim: Claim, every: float = EVERY) -> None:
        self._engine = engine
        self._claim = claim
        self._every = every
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._asked_to_stop = threading.Event()
        self._interrupted = threading.Event()
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="reporter", daemon=True)

    def say(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)

    def interrupt(self) -> None:
        """The process has to end, and the run goes on in another one."""
        self._interrupted.set()

    def should_stop(self) -> bool:
        return self._asked_to_stop.is_set() or self._interrupted.is_set()

    @property
    def interrupted(self) -> bool:
        """Interrupted, and no person wants the run stopped."""
        return self._interrupted.is_set() and not self._asked_to_stop.is_set()

    def finish(self, result: Result) -> None:
        self._leave()
        lines = self._taken()
        self._surely(lambda: end(self._engine, self._claim, result, lines))

    def hand_back(self, why: str) -> None:
        self._leave()
        lines = self._taken()
        self._surely(lambda: give_back(self._engine, self._claim, why, lines))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._leaving.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._leaving.is_set():
            lines = self._taken()
            try:
                standing = beat(self._engine, self._claim, lines)
            except SQLAlchemyError as error:
                get_logger().warning("database away, the run goes on", error=describe(error))
                with self._lock:
                    self._lines[:0] = lines
            else:
                if standing is Standing.GONE:
                    get_logger().error("the run was given to another process")
                    os._exit(GONE)
                if standing is Standing.STOP:
                    self._asked_to_stop.set()
            self._leaving.wait(self._every)

    def _taken(self) -> list[str]:
        with self._lock:
            lines, self._lines = self._lines, []
        return lines

    def _surely(self, tell: Callable[[], object]) -> None:
        """Raises SQLAlchemyError when the database stays away."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                tell()
            except SQLAlchemyError as error:
                if time.monotonic() > give_up:
                    raise
                get_logger().warning("database away", error=describe(error))
                time.sleep(self._every)
            else:
                return
