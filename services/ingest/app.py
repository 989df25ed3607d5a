"""Ingest: the hospital's notes come in here, and here one sees what became of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlmodel import select

from services.ingest import doors, notes
from services.ingest.doors import Here
from services.ingest.errors import add_error_handlers
from services.ingest.service import running
from services.ingest.tables import Note
from shared.database import session
from shared.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The HTTP service with its background tasks."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="ChartSift ingest",
        description="Notes in: FHIR R4 DocumentReference pushed, in Bundles, or notified of.",
        lifespan=lifespan,
    )
    add_error_handlers(app)
    app.include_router(doors.router)
    app.include_router(notes.router)

    @app.get("/health")
    def health() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/ready")
    def ready(here: Here) -> JSONResponse:
        """Notes can be taken in and are carried on. 503 with the cause if not. An outage of the
        FHIR server or the bus is waited out and told of under `waiting`."""
        with session(here.engine, read_only=True) as opened:
            opened.exec(select(Note.document_id).limit(1)).first()
        broken = here.background.broken()
        waiting = {
            name: loop.trouble
            for name, loop in here.background.loops.items()
            if loop.trouble and name not in broken
        }
        return JSONResponse(
            {"ready": not broken, "broken": broken, "waiting": waiting}, 503 if broken else 200
        )

    return app
