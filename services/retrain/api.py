"""Routes of the retraining service."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from services.retrain import events, runs
from services.retrain.config import DEFAULT
from services.retrain.starting import start
from services.retrain.stream import EVENT_STREAM, stream
from services.retrain.studies import refuse_unknown
from services.retrain.tables import RunRow, RunState
from shared.criteria.catalog import StudyCatalog
from shared.settings import Settings

router = APIRouter()

RunId = Annotated[str, Path(max_length=64)]


class Wanted(BaseModel):
    """config: a name in retrain.yaml. overrides: parts of it set anew for this run alone: notes
    (keep), cleaning, student (preset, recipe), check_consistency, promote (to false)."""

    model_config = ConfigDict(extra="forbid")

    study: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", max_length=64)
    config: str = Field(DEFAULT, max_length=64)
    overrides: dict[str, Any] = {}


class RunOut(BaseModel):
    """due_at: the time of the schedule that started it. attempt: processes it was given to.
    version: of the student. promote: what the gate decided. promoted: whether it is in service."""

    id: str
    study: str
    config: str
    state: RunState
    reason: str | None
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    beat_at: datetime | None
    attempt: int
    version: str | None
    promote: bool | None
    promoted: bool


class RunPage(BaseModel):
    """next: `before` of the following page; None at the end."""

    runs: list[RunOut]
    next: int | None


class EventOut(BaseModel):
    number: int
    at: datetime
    line: str


class EventPage(BaseModel):
    """next: `after` of what comes then. ended: the run has ended, and this was all."""

    events: list[EventOut]
    next: int
    ended: bool


def engine_of(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def catalog_of(request: Request) -> StudyCatalog:
    catalog: StudyCatalog = request.app.state.catalog
    return catalog


def wake_of(request: Request) -> asyncio.Event:
    wake: asyncio.Event = request.app.state.wake
    return wake


Database = Annotated[Engine, Depends(engine_of)]
Configured = Annotated[Settings, Depends(settings_of)]
Catalog = Annotated[StudyCatalog, Depends(catalog_of)]
Wake = Annotated[asyncio.Event, Depends(wake_of)]


@router.post("/runs", status_code=202)
async def start_run(
    wanted: Wanted,
    engine: Database,
    settings: Configured,
    catalog: Catalog,
    wake: Wake,
    response: Response,
) -> RunOut:
    """Starts a run. 409, with the id of the other one, while the study has a run under way."""
    await refuse_unknown(catalog, wanted.study)
    row = await asyncio.to_thread(
        start, engine, settings, wanted.study, wanted.config, wanted.overrides
    )
    wake.set()
    response.headers["Location"] = f"/runs/{row.id}"
    return _out(row)


@router.get("/runs")
def list_runs(
    engine: Database,
    study: Annotated[str | None, Query(max_length=64)] = None,
    state: RunState | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> RunPage:
    """The newest first."""
    rows = runs.page(engine, limit + 1, before, study, state)
    following = rows[limit - 1].number if len(rows) > limit else None
    return RunPage(runs=[_out(row) for row in rows[:limit]], next=following)


@router.get("/runs/{run_id}")
def read_run(run_id: RunId, engine: Database) -> RunOut:
    return _out(runs.read(engine, run_id))


@router.post("/runs/{run_id}/stop", status_code=202)
async def stop_run(run_id: RunId, engine: Database, wake: Wake) -> RunOut:
    """Stops it at its next line of progress, or after a minute in any case; it can be resumed."""
    row = await asyncio.to_thread(runs.ask_to_stop, engine, run_id)
    wake.set()
    return _out(row)


@router.post("/runs/{run_id}/resume", status_code=202)
async def resume_run(run_id: RunId, engine: Database, wake: Wake) -> RunOut:
    """Takes up a run that stopped or failed; what it has done is not done again."""
    row = await asyncio.to_thread(runs.resume, engine, run_id)
    wake.set()
    return _out(row)


@router.get(
    "/runs/{run_id}/events",
    response_model=EventPage,
    responses={200: {"content": {EVENT_STREAM: {}}}},
)
async def read_events(
    run_id: RunId,
    request: Request,
    engine: Database,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response | EventPage:
    """Lines of progress: a page of them, or, with `Accept: text/event-stream`, all from `after`
    (or Last-Event-ID) on as they come, until the run ends."""
    row = await asyncio.to_thread(runs.read, engine, run_id)
    if EVENT_STREAM in request.headers.get("accept", ""):
        seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after
        return StreamingResponse(
            stream(engine, run_id, seen),
            media_type=EVENT_STREAM,
            headers={"Cache-Control": "no-store"},
        )
    found = await asyncio.to_thread(events.after, engine, run_id, after, limit)
    return EventPage(
        events=[EventOut(number=one.number, at=one.at, line=one.line) for one in found],
        next=found[-1].number if found else after,
        # The state was read first: what a run says, it says before it ends.
        ended=row.ended_at is not None and len(found) < limit,
    )


@router.get("/health")
def health() -> dict[str, str]:
    return {"status": "up"}


@router.get("/ready")
def ready(request: Request, engine: Database, response: Response) -> dict[str, object]:
    """503 where the database does not answer or nobody tends the runs any more."""
    runs.page(engine, 1)
    tending = not request.app.state.tending.done()
    response.status_code = 200 if tending else 503
    return {
        "status": "ready" if tending else "runs are not tended any more: restart the service",
        "trouble": request.app.state.trouble,
        "schedule": request.app.state.settings.retrain_schedule or None,
        "configured": request.app.state.settings.retrain_config is not None,
    }


def _out(row: RunRow) -> RunOut:
    return RunOut(
        config=row.config_name,
        **row.model_dump(include=set(RunOut.model_fields) - {"config"}),
    )
