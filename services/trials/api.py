"""Routes of the trials service."""

from __future__ import annotations

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import BaseModel
from sqlalchemy import Engine

from services.trials import outbox, registry
from services.trials.body import Refused, Sent, study_in
from services.trials.tables import StudyStatus
from shared.criteria.study import Study

router = APIRouter()

StudyId = Annotated[str, Path(max_length=64)]
IfMatch = Annotated[str | None, Header(alias="If-Match")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]


class Publication(BaseModel):
    """problem: why the FHIR server does not have it yet."""

    state: Literal["published", "pending"]
    problem: str | None = None


class StudyOut(BaseModel):
    study: Study
    status: StudyStatus
    changed_at: datetime
    publication: Publication


class Validated(BaseModel):
    """A study that could be added. questions: how many are asked of each note."""

    study: Study
    criteria: int
    questions: int


def engine_of(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def wake_of(request: Request) -> asyncio.Event:
    wake: asyncio.Event = request.app.state.wake
    return wake


Database = Annotated[Engine, Depends(engine_of)]
Wake = Annotated[asyncio.Event, Depends(wake_of)]
Body = Annotated[Sent, Depends(study_in)]
_STUDY_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


@router.get("/studies", response_model=list[Study], response_model_exclude_none=True)
def list_studies(
    engine: Database,
    status: Literal["active", "retired", "all"] = "active",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The newest version of each study, with an ETag of the whole list."""
    wanted = None if status == "all" else StudyStatus(status)
    bodies = (study.model_dump_json(exclude_none=True) for study in registry.newest(engine, wanted))
    content = f"[{','.join(bodies)}]".encode()
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(content, media_type="application/json", headers={"ETag": etag})


@router.post("/studies", status_code=201, openapi_extra=_STUDY_BODY)
async def add_study(sent: Body, engine: Database, wake: Wake, response: Response) -> Study:
    """Adds a study; past notes are screened for it."""
    study = await asyncio.to_thread(registry.create, engine, sent.study)
    wake.set()
    response.headers["ETag"] = _etag(study)
    response.headers["Location"] = f"/studies/{study.id}"
    return study


@router.post("/studies/validate", openapi_extra=_STUDY_BODY)
async def validate_study(sent: Body) -> Validated:
    """Says what is wrong with a study, by line and field, and keeps nothing."""
    study = sent.study
    return Validated(study=study, criteria=len(study.criteria), questions=len(study.questions))


@router.get("/studies/{study_id}")
def read_study(study_id: StudyId, engine: Database, response: Response) -> StudyOut:
    """The newest version, whether it is active, and whether the FHIR server has it."""
    found = registry.record(engine, study_id)
    response.headers["ETag"] = _etag(found.study)
    return StudyOut(
        study=found.study,
        status=found.status,
        changed_at=found.changed_at,
        publication=Publication(
            state="published" if found.published else "pending", problem=found.problem
        ),
    )


@router.put("/studies/{study_id}", openapi_extra=_STUDY_BODY)
async def change_study(
    study_id: StudyId,
    sent: Body,
    engine: Database,
    wake: Wake,
    response: Response,
    *,
    if_match: IfMatch = None,
) -> Study:
    """The next version of a study; past notes are screened again.

    Say which version you started from: by If-Match with the ETag you read (412 if it is no
    longer the newest), or by `version` in the body, one above it (409)."""
    if sent.study.id != study_id:
        raise Refused(
            400, f"the body is study {sent.study.id!r}, the URL {study_id!r}: correct one"
        )
    try:
        study = await asyncio.to_thread(
            registry.new_version, engine, sent.study, expected=_expected(sent, if_match)
        )
    except registry.VersionConflict as error:
        raise Refused(412 if if_match else 409, str(error)) from None
    wake.set()
    response.headers["ETag"] = _etag(study)
    return study


@router.post("/studies/{study_id}/retire", status_code=204)
async def retire_study(study_id: StudyId, engine: Database, wake: Wake) -> None:
    """Its questions are asked no more; what was found stays on the FHIR server."""
    await asyncio.to_thread(registry.retire, engine, study_id)
    wake.set()


@router.get("/studies/{study_id}/versions/{version}", response_model_exclude_none=True)
def read_version(study_id: StudyId, version: int, engine: Database) -> Study:
    return registry.version(engine, study_id, version)


@router.get("/health")
def health() -> dict[str, str]:
    return {"status": "up"}


@router.get("/ready")
def ready(request: Request, engine: Database, response: Response) -> dict[str, object]:
    """503 where the database does not answer or deliveries have stopped."""
    publications, rescreenings = outbox.pending(engine)
    delivering = not request.app.state.delivery.done()
    response.status_code = 200 if delivering else 503
    return {
        "status": "ready" if delivering else "deliveries have stopped: restart the service",
        "pending_publications": publications,
        "pending_rescreenings": rescreenings,
    }


def _etag(study: Study) -> str:
    return f'"{study.version}"'


def _expected(sent: Sent, if_match: str | None) -> int:
    if if_match is not None:
        version = if_match.removeprefix("W/").strip('"')
        if not version.isdecimal():
            raise Refused(400, 'If-Match must be the ETag that was read, as "3"')
        return int(version)
    if sent.version is None:
        raise Refused(
            428, "say which version you started from: If-Match, or `version` one above it"
        )
    return sent.version - 1
