"""Starts what the schedule says is due: once, whatever the number of replicas."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from sqlalchemy import Engine

from services.retrain.config import NotConfigured, read_retrain_config
from services.retrain.runs import AlreadyStarted, RunUnderWay
from services.retrain.schedule import Schedule, parse_schedule
from services.retrain.starting import start
from shared.settings import Settings
from shared.telemetry import describe, get_logger

CATCH_UP = timedelta(hours=1)
"""A service that was down when a run was due, or a study whose run was still going on, starts it
up to so much later."""
AGAIN = 30.0
"""Seconds before a start that was refused is tried again."""

log = get_logger()


class Nightly:
    """Raises ScheduleError at once: CHARTSIFT_RETRAIN_SCHEDULE cannot be read."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        text = settings.retrain_schedule
        self._schedule: Schedule | None = parse_schedule(text) if text else None
        self._started: dict[str, datetime] = {}
        self._next_try: dict[str, float] = {}

    def turn(self, now: datetime) -> None:
        """now: UTC. Raises SQLAlchemyError."""
        due = self._schedule.latest(now, CATCH_UP) if self._schedule else None
        if due is None or self._next_try.get("", 0.0) > time.monotonic():
            return
        try:
            studies = read_retrain_config(self._settings.retrain_config).nightly
        except (NotConfigured, ValueError) as error:
            self._next_try[""] = time.monotonic() + AGAIN
            log.error("no run can be started", error=describe(error))
            return
        for study, name in studies.items():
            waits = self._next_try.get(study, 0.0) > time.monotonic()
            if self._started.get(study) != due and not waits:
                self._start(study, name, due)

    def _start(self, study: str, name: str, due: datetime) -> None:
        try:
            row = start(self._engine, self._settings, study, name, due_at=due)
        except AlreadyStarted:
            pass  # by another replica, or before a restart of this one
        except (RunUnderWay, ValueError, LookupError) as error:
            self._next_try[study] = time.monotonic() + AGAIN
            log.warning("due run not started yet", study=study, error=describe(error))
            return
        else:
            log.info("due run queued", study=study, run_id=row.id)
        self._started[study] = due
