"""One replica at work: takes queued runs, watches over their processes, finds those that died.

Every decision is one conditional update in the database, so any number of replicas may tend.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess

from sqlalchemy import Engine

from services.retrain import claims
from services.retrain.claims import Claim
from services.retrain.process import main
from services.retrain.starting import folder_of
from services.retrain.tables import RunRow, RunState
from shared.settings import Settings
from shared.telemetry import get_logger
from training.distill.lock import is_abandoned

LOST = 60.0
"""Seconds without a sign of life after which a run on another host is given up. Counted by this
process's own clock, so that the hosts' clocks may differ."""
STOP_WITHIN = 60.0
"""Seconds that a run has to heed a stop before its processes are killed."""
LEAVE_WITHIN = 8.0
"""Seconds that it has when the service ends; the supervisor kills what takes 15."""

log = get_logger()


@dataclass
class _Child:
    claim: Claim
    process: SpawnProcess


class Tender:
    """`turn` once a second; `close` at the end. only: the one run that it cares for.

    Used from one thread at a time.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        *,
        only: str | None = None,
        lost: float = LOST,
        stop_within: float = STOP_WITHIN,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._only = only
        self._lost = lost
        self._stop_within = stop_within
        self._child: _Child | None = None
        self._seen: dict[tuple[str, int], tuple[int, float]] = {}
        self._stopping: dict[tuple[str, int], float] = {}

    @property
    def process_id(self) -> int | None:
        """Of the run that this replica carries out."""
        return self._child.process.pid if self._child else None

    def turn(self) -> None:
        """Raises SQLAlchemyError."""
        self._bury()
        rows = [row for row in claims.with_process(self._engine) if self._cares_for(row)]
        for row in rows:
            self._look_after(row)
        alive = {(row.id, row.attempt) for row in rows}
        self._seen = {key: seen for key, seen in self._seen.items() if key in alive}
        self._stopping = {key: since for key, since in self._stopping.items() if key in alive}
        if self._child is None and (claim := claims.take(self._engine, self._only)) is not None:
            self._start(claim)

    def close(self) -> None:
        """The run in hand is interrupted and queued again. Raises SQLAlchemyError."""
        child, self._child = self._child, None
        if child is None:
            return
        child.process.terminate()
        child.process.join(LEAVE_WITHIN)
        if child.process.exitcode is None:
            _kill(child.process.pid)
            child.process.join()
        claims.give_back(self._engine, child.claim, "interrupted: the service ended")

    def _cares_for(self, row: RunRow) -> bool:
        return self._only in (None, row.id)

    def _start(self, claim: Claim) -> None:
        process = get_context("spawn").Process(
            target=main, args=(self._settings, claim), name=f"retrain-{claim.run_id}"
        )
        process.start()
        self._child = _Child(claim, process)
        log.info("run begins", run_id=claim.run_id, attempt=claim.attempt)

    def _bury(self) -> None:
        """A process that has told its result is done with; one that has not has died."""
        child = self._child
        if child is None or child.process.exitcode is None:
            return
        claims.died(
            self._engine, child.claim.run_id, child.claim.attempt, _cause(child.process.exitcode)
        )
        log.info("run's process ended", run_id=child.claim.run_id, code=child.process.exitcode)
        child.process.close()
        self._child = None

    def _look_after(self, row: RunRow) -> None:
        key, now = (row.id, row.attempt), time.monotonic()
        if row.state == RunState.STOPPING:
            since = self._stopping.setdefault(key, now)
            if now - since > self._stop_within and self._is_here(row):
                _kill(row.process_id)
        if self._child is not None and self._child.claim.run_id == row.id:
            return
        beats, since = self._seen.setdefault(key, (row.beats, now))
        if self._is_here(row) and is_abandoned(folder_of(self._settings, row.id)):
            self._give_up(row, f"its process on {row.host} ended without a result")
        elif beats != row.beats:
            self._seen[key] = (row.beats, now)
        elif now - since > self._lost:
            self._give_up(row, f"no sign of life from {row.host} for {self._lost:.0f} s")

    def _give_up(self, row: RunRow, why: str) -> None:
        log.warning("run has lost its process", run_id=row.id, reason=why)
        claims.died(self._engine, row.id, row.attempt, why)

    @staticmethod
    def _is_here(row: RunRow) -> bool:
        return row.host == socket.gethostname() and row.process_id is not None


def _cause(status: int) -> str:
    if status == -signal.SIGKILL:
        return "its process was killed (signal 9); if nobody did, the memory was used up"
    if status < 0:
        return f"its process was ended by signal {-status}"
    return f"its process ended with status {status} and no result"


def _kill(process_id: int | None) -> None:
    """The process and what it has started."""
    if process_id is None:
        return
    with suppress(ProcessLookupError):
        if os.getpgid(process_id) == process_id:
            os.killpg(process_id, signal.SIGKILL)
        else:  # it had no time yet to make a group of its own
            os.kill(process_id, signal.SIGKILL)
