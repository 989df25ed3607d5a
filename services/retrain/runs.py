"""Runs as people see them: started, listed, stopped, taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.retrain.events import append
from services.retrain.tables import UNDER_WAY, RunRow, RunState
from shared.database import session


class UnknownRun(LookupError):
    """There is no run of this id."""


class RunUnderWay(Exception):
    """The study has a run already. run_id: which."""

    def __init__(self, study: str, run_id: str) -> None:
        super().__init__(
            f"run {run_id} of study {study!r} is under way: wait for its end, or POST "
            f"/runs/{run_id}/stop"
        )
        self.run_id = run_id


class AlreadyStarted(Exception):
    """This due time has started a run already."""


class RunStateConflict(Exception):
    """A run in this state cannot be stopped, or taken up again."""


def create(
    engine: Engine,
    id: str,
    study: str,
    config_name: str,
    config: str,
    due_at: datetime | None = None,
) -> RunRow:
    """A queued run. id: a new one, which the configuration's folder bears. config: see `RunRow`.

    Raises RunUnderWay, AlreadyStarted.
    """
    row = RunRow(
        id=id,
        study=study,
        config_name=config_name,
        config=config,
        due_at=due_at,
        created_at=datetime.now(UTC),
    )
    try:
        with session(engine) as tx:
            tx.add(row)
            tx.flush()
            how = f"due at {due_at:%Y-%m-%d %H:%M} UTC" if due_at else "asked for"
            append(tx, id, [f"queued: {how}, study {study}, configuration {config_name}"])
    except IntegrityError:
        _explain(engine, study, due_at)
        raise
    return row


def read(engine: Engine, run_id: str) -> RunRow:
    """Raises UnknownRun."""
    with session(engine, read_only=True) as tx:
        return _known(tx, run_id)


def page(
    engine: Engine,
    limit: int,
    before: int | None = None,
    study: str | None = None,
    state: RunState | None = None,
) -> Sequence[RunRow]:
    """The newest runs first. before: `number` of the last one that was seen."""
    query = select(RunRow).order_by(col(RunRow.number).desc()).limit(limit)
    if before is not None:
        query = query.where(col(RunRow.number) < before)
    if study is not None:
        query = query.where(RunRow.study == study)
    if state is not None:
        query = query.where(RunRow.state == state)
    with session(engine, read_only=True) as tx:
        return tx.exec(query).all()


def under_way(engine: Engine, study: str) -> RunRow | None:
    with session(engine, read_only=True) as tx:
        return _under_way(tx, study)


def ask_to_stop(engine: Engine, run_id: str) -> RunRow:
    """A queued run is stopped at once, one that runs as soon as its process heeds it; asking
    again does nothing. Raises UnknownRun, RunStateConflict."""
    with session(engine) as tx:
        row = _known(tx, run_id, lock=True)
        match RunState(row.state):
            case RunState.QUEUED:
                row.state, row.ended_at = RunState.STOPPED, datetime.now(UTC)
                row.reason = "stopped before it began"
                append(tx, run_id, [row.reason])
            case RunState.RUNNING:
                row.state = RunState.STOPPING
                append(tx, run_id, ["stop asked for"])
            case RunState.SUCCEEDED | RunState.FAILED:
                raise RunStateConflict(f"run {run_id} has ended: it {row.state}")
        tx.add(row)
    return row


def resume(engine: Engine, run_id: str) -> RunRow:
    """A stopped or failed run is queued again and goes on from what it has done.

    Raises UnknownRun, RunStateConflict, RunUnderWay.
    """
    study = read(engine, run_id).study
    try:
        with session(engine) as tx:
            row = _known(tx, run_id, lock=True)
            if row.state not in (RunState.STOPPED, RunState.FAILED):
                raise RunStateConflict(
                    f"run {run_id} is {row.state}: only one that stopped or failed goes on"
                )
            row.state, row.reason, row.ended_at, row.deaths = RunState.QUEUED, None, None, 0
            tx.add(row)
            tx.flush()
            append(tx, run_id, ["queued again"])
    except IntegrityError:
        _explain(engine, study, None)
        raise
    return row


def _explain(engine: Engine, study: str, due_at: datetime | None) -> None:
    """Raises what the database's refusal means; returns if the cause is gone already."""
    with session(engine, read_only=True) as tx:
        if due_at is not None:
            same = select(RunRow).where(RunRow.study == study, RunRow.due_at == due_at)
            if tx.exec(same).first() is not None:
                raise AlreadyStarted(f"study {study!r} has its run of {due_at.isoformat()}")
        if (other := _under_way(tx, study)) is not None:
            raise RunUnderWay(study, other.id)


def _under_way(tx: Session, study: str) -> RunRow | None:
    return tx.exec(
        select(RunRow).where(RunRow.study == study, col(RunRow.state).in_(UNDER_WAY))
    ).first()


def _known(tx: Session, run_id: str, *, lock: bool = False) -> RunRow:
    query = select(RunRow).where(RunRow.id == run_id)
    row = tx.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise UnknownRun(f"there is no run {run_id!r}: GET /runs lists them")
    return row
