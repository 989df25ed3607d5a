"""Every refusal of the HTTP door as an OperationOutcome."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from shared.documents.problem import Problem, outcome
from shared.telemetry import get_logger

FHIR_JSON = "application/fhir+json"
_RETRY_AFTER = "10"  # seconds


def refusal(problems: Sequence[Problem]) -> JSONResponse:
    """All problems at once; the status is theirs if they agree. If one of several is transient
    the request is worth repeating only once the others are mended, so those decide."""
    lasting = [problem.status for problem in problems if problem.status != 503]
    status = max(lasting, default=503)
    headers = {"Retry-After": _RETRY_AFTER} if status == 503 else None
    return JSONResponse(outcome(problems), status, headers, media_type=FHIR_JSON)


def add_error_handlers(app: FastAPI) -> None:
    """No error leaves the app as anything but an OperationOutcome, and none with patient text."""

    @app.exception_handler(Problem)
    async def refused(request: Request, problem: Problem) -> Response:
        return refusal([problem])

    @app.exception_handler(RequestValidationError)
    async def invalid_parameters(request: Request, error: RequestValidationError) -> Response:
        places = sorted({".".join(map(str, fault["loc"])) for fault in error.errors()})
        cause = f"These parameters cannot be read: {', '.join(places)}."
        return refusal([Problem(400, "invalid", cause, "See /docs for what they may be.")])

    @app.exception_handler(HTTPException)
    async def not_served(request: Request, error: HTTPException) -> Response:
        code = "not-found" if error.status_code == 404 else "not-supported"
        cause = f"{HTTPStatus(error.status_code).phrase}: ingest does not serve this."
        answer = refusal([Problem(error.status_code, code, cause, "See /docs for what it serves.")])
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(SQLAlchemyError)
    async def database_away(request: Request, error: SQLAlchemyError) -> Response:
        get_logger().error("the database fails", exc_info=error)
        cause = "The database of ingest cannot be written."
        cure = "Nothing was stored; send it again later. The log of ingest says why."
        return refusal([Problem(503, "transient", cause, cure)])

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        get_logger().error("request failed", exc_info=error)
        cause = "Ingest failed on this request."
        cure = "Send it again; if it fails again, the log of ingest says where."
        return refusal([Problem(500, "exception", cause, cure)])
