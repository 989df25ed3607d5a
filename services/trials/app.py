"""The trials service: studies and their criteria, published to FHIR."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from services.trials import registry
from services.trials.api import router
from services.trials.body import Refused
from services.trials.delivery import deliver
from services.trials.tables import TABLES
from shared.criteria.problems import StudyError
from shared.criteria.shipped import shipped_studies
from shared.database import create_tables, open_engine
from shared.fhir.client import open_fhir
from shared.settings import Settings
from shared.telemetry import describe, get_logger

log = get_logger()


def create_app(settings: Settings) -> FastAPI:
    """At start the shipped studies are added that have never been there."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = open_engine(settings.database("trials"))
        create_tables(engine, TABLES)
        for study in registry.add_missing(engine, shipped_studies()):
            log.info("shipped study added", study=study)
        app.state.engine, app.state.wake = engine, asyncio.Event()
        async with open_fhir(settings) as fhir, httpx.AsyncClient(timeout=30.0) as http:
            app.state.delivery = asyncio.create_task(
                deliver(engine, fhir, http, settings.ingest_url, app.state.wake)
            )
            yield
            app.state.delivery.cancel()
            with suppress(asyncio.CancelledError):
                await app.state.delivery
        engine.dispose()

    app = FastAPI(
        title="ChartSift trials",
        description="Studies and the criteria that every note is screened for.",
        lifespan=lifespan,
    )
    app.include_router(router)
    _explain_errors(app)
    return app


def _explain_errors(app: FastAPI) -> None:
    @app.exception_handler(StudyError)
    def bad_study(_: Request, error: StudyError) -> JSONResponse:
        problems = [problem._asdict() for problem in error.problems]
        return JSONResponse({"detail": str(error), "problems": problems}, 422)

    @app.exception_handler(Refused)
    def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, error.status)

    @app.exception_handler(registry.UnknownStudy)
    def unknown(_: Request, error: registry.UnknownStudy) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 404)

    @app.exception_handler(registry.StudyExists)
    def exists(_: Request, error: registry.StudyExists) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 409)

    @app.exception_handler(SQLAlchemyError)
    def database_away(_: Request, error: SQLAlchemyError) -> JSONResponse:
        log.error("database failed", error=describe(error))
        detail = "the database of trials does not answer: check CHARTSIFT_DATABASE_URL and retry"
        return JSONResponse({"detail": detail}, 503)
