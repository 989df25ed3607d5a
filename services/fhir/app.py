"""The embedded FHIR R4 server as a FastAPI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from services.fhir.http import fault_response, http_error_response
from services.fhir.outcome import Fault, fault
from services.fhir.routes import add_routes
from services.fhir.server import Server
from shared.settings import Settings
from shared.telemetry import get_logger


def create_app(settings: Settings | None = None) -> FastAPI:
    """Below /fhir the server, beside it /health and /ready.

    Raises ValueError where the settings name a database that is not a SQLite file.
    """
    server = Server(settings or Settings())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await server.start()
        yield
        await server.stop()

    app = FastAPI(
        title="ChartSift embedded FHIR R4 server",
        description="FHIR R4 at /fhir; GET /fhir/metadata says what is supported.",
        lifespan=lifespan,
    )
    app.add_exception_handler(Fault, _on_fault)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(OperationalError, _on_busy)
    app.add_exception_handler(Exception, _on_bug)
    add_routes(app, server)
    return app


async def _on_fault(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Fault)
    return fault_response(error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    return http_error_response(error.status_code, headers)


def _methods_at(request: Request) -> set[str]:
    """What the URL takes, over all routes: the framework names those of one route."""
    found: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return found


async def _on_busy(_request: Request, error: Exception) -> Response:
    get_logger().error("database unavailable", error=type(error).__name__)
    message = "the database is locked or its disk is full; try again"
    return fault_response(fault(503, "lock-error", message, Retry_After="2"))


async def _on_bug(_request: Request, error: Exception) -> Response:
    get_logger().error("unexpected error", exc_info=error)
    message = "unexpected error of the server; its log has the place"
    return fault_response(fault(500, "exception", message))
