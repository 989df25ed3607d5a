"""The retraining service: runs of the distillation pipeline, and their nightly schedule."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from services.retrain.api import router
from services.retrain.config import (
    NotConfigured,
    RetrainConfigError,
    UnknownConfig,
    read_retrain_config,
)
from services.retrain.nightly import Nightly
from services.retrain.runs import RunStateConflict, RunUnderWay, UnknownRun
from services.retrain.studies import UnknownStudy
from services.retrain.tables import TABLES
from services.retrain.tending import Tender
from shared.criteria.catalog import StudyCatalog
from shared.database import create_tables, open_engine
from shared.settings import Settings
from shared.telemetry import describe, get_logger
from training.distill.config import RunConfigError

PAUSE = 1.0
"""Seconds between two looks at the runs when nobody wakes it."""

_STATUS: Mapping[type[Exception], int] = {
    UnknownRun: 404,
    RunStateConflict: 409,
    UnknownStudy: 422,
    UnknownConfig: 422,
    RetrainConfigError: 422,
    RunConfigError: 503,  # the service's own file
    NotConfigured: 503,
}

log = get_logger()


def create_app(settings: Settings) -> FastAPI:
    """At start it raises ScheduleError, RetrainConfigError for settings that cannot be used."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = open_engine(settings.database("retrain"))
        create_tables(engine, TABLES)
        nightly = Nightly(settings, engine)
        if settings.retrain_config is not None:
            read_retrain_config(settings.retrain_config)
        app.state.engine, app.state.settings = engine, settings
        app.state.wake, app.state.trouble = asyncio.Event(), None
        async with StudyCatalog(settings.trials_url) as app.state.catalog:
            tender = Tender(settings, engine)
            app.state.tender = tender
            app.state.tending = asyncio.create_task(_tend(app, tender, nightly))
            yield
            app.state.tending.cancel()
            with suppress(asyncio.CancelledError):
                await app.state.tending
            try:
                await asyncio.to_thread(tender.close)
            finally:
                engine.dispose()

    app = FastAPI(
        title="ChartSift retrain",
        description="Distils a new student, judges it, and puts it in service if it is better.",
        lifespan=lifespan,
    )
    app.include_router(router)
    _explain_errors(app)
    return app


async def _tend(app: FastAPI, tender: Tender, nightly: Nightly) -> None:
    """Runs until cancelled. A failure is logged and tried again; it never ends the loop."""
    wake: asyncio.Event = app.state.wake
    while True:
        wake.clear()
        # Not cut off in the middle of a turn: a process that was started must be known.
        turn = asyncio.create_task(asyncio.to_thread(_turn, tender, nightly))
        try:
            await asyncio.shield(turn)
        except asyncio.CancelledError:
            with suppress(Exception):
                await turn
            raise
        except Exception as error:
            log.error("tending failed", exc_info=error)
            app.state.trouble = describe(error)
        else:
            app.state.trouble = None
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE):
                await wake.wait()


def _turn(tender: Tender, nightly: Nightly) -> None:
    nightly.turn(datetime.now(UTC))
    tender.turn()


def _explain_errors(app: FastAPI) -> None:
    def explain(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, _STATUS[type(error)])

    for kind in _STATUS:
        app.exception_handler(kind)(explain)

    @app.exception_handler(RunUnderWay)
    def under_way(_: Request, error: RunUnderWay) -> JSONResponse:
        body = {"detail": str(error), "run": error.run_id}
        return JSONResponse(body, 409, {"Location": f"/runs/{error.run_id}"})

    @app.exception_handler(SQLAlchemyError)
    def database_away(_: Request, error: SQLAlchemyError) -> JSONResponse:
        log.error("database failed", error=describe(error))
        detail = "the database of retrain does not answer: check CHARTSIFT_DATABASE_URL and retry"
        return JSONResponse({"detail": detail}, 503)
