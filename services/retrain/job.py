"""One run from start to end in this process's hands, as a job of Kubernetes or of cron."""

from __future__ import annotations

import time
from enum import IntEnum

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.retrain import events, runs
from services.retrain.config import DEFAULT
from services.retrain.runs import RunUnderWay
from services.retrain.starting import start
from services.retrain.tables import TABLES, UNDER_WAY, RunRow, RunState
from services.retrain.tending import LOST, Tender
from shared.database import create_tables, open_engine
from shared.settings import Settings
from shared.telemetry import describe, get_logger
from training.progress import Say

PAUSE = 0.5
PATIENCE = 600.0  # seconds for which the database may be away
_AT_ONCE = 500


class Exit(IntEnum):
    """SUCCEEDED: the run is done, whether or not the gate let the student into service.
    ELSEWHERE: the study's run is carried out by another process. STOPPED: by a person.
    INTERRUPTED: by a signal; the same job goes on with the run."""

    SUCCEEDED = 0
    FAILED = 1
    ELSEWHERE = 3
    STOPPED = 4
    INTERRUPTED = 5


_EXITS = {
    RunState.SUCCEEDED: Exit.SUCCEEDED,
    RunState.FAILED: Exit.FAILED,
    RunState.STOPPED: Exit.STOPPED,
}


def run_job(
    settings: Settings,
    study: str,
    config_name: str = DEFAULT,
    say: Say = print,
    *,
    lost: float = LOST,
) -> Exit:
    """Starts a run, or goes on with the study's run whose process is gone, until it ends.

    Raises NotConfigured, UnknownConfig, RetrainConfigError, RunConfigError, SQLAlchemyError.
    """
    engine = open_engine(settings.database("retrain"))
    create_tables(engine, TABLES)
    try:
        ours = True
        try:
            row = start(engine, settings, study, config_name)
            say(f"run {row.id} of study {study}")
        except RunUnderWay as other:
            ours = False
            row = runs.read(engine, other.run_id)
            say(f"run {row.id} of study {study} is under way; going on with it if it is abandoned")
        tender = Tender(settings, engine, only=row.id, lost=lost)
        try:
            return _follow(engine, row, tender, say, ours=ours)
        except KeyboardInterrupt:
            say("interrupted; the same command goes on")
            return Exit.INTERRUPTED
        finally:
            tender.close()
    finally:
        engine.dispose()


def _follow(engine: Engine, row: RunRow, tender: Tender, say: Say, *, ours: bool) -> Exit:
    """ours: the run was started here, so that its end is waited for, whoever carries it out."""
    told, beats = 0, row.beats
    answered_at = time.monotonic()
    while True:
        try:
            tender.turn()
            now = runs.read(engine, row.id)
            told = _tell(engine, row.id, told, say)
        except SQLAlchemyError as error:
            if time.monotonic() - answered_at > PATIENCE:
                raise
            get_logger().warning("database away", error=describe(error))
            time.sleep(PAUSE)
            continue
        answered_at = time.monotonic()
        if now.state not in UNDER_WAY:
            return _EXITS[RunState(now.state)]
        if tender.process_id is not None:
            ours = True
        elif not ours and now.beats > beats:
            say(f"run {row.id} is carried out by another process, on {now.host}")
            return Exit.ELSEWHERE
        time.sleep(PAUSE)


def _tell(engine: Engine, run_id: str, told: int, say: Say) -> int:
    while found := events.after(engine, run_id, told, _AT_ONCE):
        for event in found:
            say(event.line)
        told = found[-1].number
    return told
