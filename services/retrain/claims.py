"""Who works on a run: taken, alive, given back, dead, done.

Whoever takes a run gets a new attempt number, and every later word of it must carry that number:
a process that was given up and comes back finds that it no longer counts, and ends.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from services.retrain.events import append
from services.retrain.tables import WITH_PROCESS, RunRow, RunState
from shared.database import session

MOST_DEATHS = 3
"""After so many processes that ended without a result a run has failed."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a run, until somebody else takes it."""

    run_id: str
    attempt: int
    config: str


class Standing(StrEnum):
    """GO_ON; STOP: a person asked; GONE: the run is no longer this process's."""

    GO_ON = "go on"
    STOP = "stop"
    GONE = "gone"


@dataclass(frozen=True)
class Result:
    """How a run ended. version, promote, promoted: see `RunRow`."""

    state: RunState
    reason: str | None = None
    version: str | None = None
    promote: bool | None = None
    promoted: bool = False


def take(engine: Engine, run_id: str | None = None) -> Claim | None:
    """The oldest queued run, or the one named if it is queued; None if there is none."""
    with session(engine) as tx:
        query = select(RunRow).where(RunRow.state == RunState.QUEUED)
        if run_id is not None:
            query = query.where(RunRow.id == run_id)
        found = tx.exec(query.order_by(col(RunRow.number)).limit(1)).first()
        if found is None:
            return None
        now, claim = datetime.now(UTC), Claim(found.id, found.attempt + 1, found.config)
        taken = tx.exec(
            update(RunRow)
            .where(
                col(RunRow.id) == claim.run_id,
                col(RunRow.state) == RunState.QUEUED,
                col(RunRow.attempt) == claim.attempt - 1,
            )
            .values(
                state=RunState.RUNNING,
                attempt=claim.attempt,
                started_at=found.started_at or now,
                host=socket.gethostname(),
                process_id=None,
                beat_at=now,
            )
        )
        if taken.rowcount != 1:  # another replica was faster
            return None
        return claim


def begin(engine: Engine, claim: Claim, process_id: int) -> bool:
    """The process is there and holds the lock of the run's folder. False: the run is gone."""
    with session(engine) as tx:
        row = _ours(tx, claim)
        if row is None:
            return False
        row.process_id = process_id
        append(tx, row.id, [f"attempt {claim.attempt} begins on {row.host}"])
        tx.add(row)
        return True


def beat(engine: Engine, claim: Claim, lines: Sequence[str]) -> Standing:
    """A sign of life, and what there is to tell."""
    with session(engine) as tx:
        row = _ours(tx, claim)
        if row is None:
            return Standing.GONE
        row.beats, row.beat_at = row.beats + 1, datetime.now(UTC)
        append(tx, row.id, lines)
        tx.add(row)
        return Standing.STOP if row.state == RunState.STOPPING else Standing.GO_ON


def end(engine: Engine, claim: Claim, result: Result, lines: Sequence[str] = ()) -> bool:
    """False: the run is gone, and its result with it."""
    with session(engine) as tx:
        row = _ours(tx, claim)
        if row is None:
            return False
        row.state, row.reason, row.ended_at = result.state, result.reason, datetime.now(UTC)
        row.version, row.promote, row.promoted = result.version, result.promote, result.promoted
        last = f"{result.state}: {result.reason}" if result.reason else str(result.state)
        append(tx, row.id, [*lines, last])
        tx.add(row)
        return True


def give_back(engine: Engine, claim: Claim, why: str, lines: Sequence[str] = ()) -> None:
    """Its process had to end through no fault of the run: it is queued again."""
    with session(engine) as tx:
        row = _ours(tx, claim)
        if row is not None:
            _after_process(tx, row, why, counted=False, lines=lines)


def died(engine: Engine, run_id: str, attempt: int, why: str) -> None:
    """Its process ended without a result: queued again, or failed if that happened too often."""
    with session(engine) as tx:
        row = _ours(tx, Claim(run_id, attempt, ""))
        if row is not None:
            _after_process(tx, row, why, counted=True)


def with_process(engine: Engine) -> Sequence[RunRow]:
    """Those that somebody works on, or did until now."""
    with session(engine, read_only=True) as tx:
        return tx.exec(select(RunRow).where(col(RunRow.state).in_(WITH_PROCESS))).all()


def _after_process(
    tx: Session, row: RunRow, why: str, *, counted: bool, lines: Sequence[str] = ()
) -> None:
    said = [*lines, why]
    row.deaths += counted
    row.host = row.process_id = None
    if row.state == RunState.STOPPING:
        row.state, row.reason = RunState.STOPPED, "stopped"
    elif row.deaths >= MOST_DEATHS:
        row.state = RunState.FAILED
        row.reason = f"{why}; given up after {row.deaths} attempts"
        said = [*lines, f"failed: {row.reason}"]
    else:
        row.state = RunState.QUEUED
        said.append("queued again; it goes on from what is done")
    if row.state != RunState.QUEUED:
        row.ended_at = datetime.now(UTC)
    append(tx, row.id, said)
    tx.add(row)


def _ours(tx: Session, claim: Claim) -> RunRow | None:
    return tx.exec(
        select(RunRow)
        .where(
            RunRow.id == claim.run_id,
            RunRow.attempt == claim.attempt,
            col(RunRow.state).in_(WITH_PROCESS),
        )
        .with_for_update()
    ).first()
