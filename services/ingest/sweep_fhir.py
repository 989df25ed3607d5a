"""The sweep of the FHIR server: finds every note that no notification told of.

A notification is a hint; this is the truth. Notes are read in the order of `_lastUpdated` from a
cursor that is kept in the database, reaching back by an overlap, because servers commit and index
late; seeing a note twice costs nothing. The cursor is the server's own clock, never ours.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from services.ingest.intake import Intake
from services.ingest.ledger import refuse
from services.ingest.tables import Cursor, Note
from shared.database import session
from shared.documents.document import moment
from shared.documents.problem import Problem
from shared.documents.references import is_id
from shared.fhir.client import FhirClient, FhirUnavailable, Resource
from shared.telemetry import get_logger

_NAME = "DocumentReference"
_PAGE = 100


async def sweep(engine: Engine, fhir: FhirClient, intake: Intake, overlap: timedelta) -> int:
    """One sweep; returns how many resources it looked at.

    The cursor moves on with each page's worth as long as the server keeps the order asked for,
    else at the end. Raises FhirError, FhirUnavailable where the server does not answer: the next
    sweep resumes at the cursor.
    """
    now = datetime.now(UTC)
    cursor = await asyncio.to_thread(_read_cursor, engine)
    params = {"_sort": "_lastUpdated", "_count": str(_PAGE)}
    if cursor is not None:
        # Whatever the server dated before the cursor it has shown once the overlap has passed.
        settled = now - cursor.moved_at > overlap
        since = cursor.last_updated - (timedelta() if settled else overlap)
        params["_lastUpdated"] = f"ge{since.astimezone(UTC).isoformat(timespec='milliseconds')}"
    newest = cursor.last_updated if cursor is not None else None
    in_order, count = True, 0
    previous = datetime.min.replace(tzinfo=UTC)
    async for resource in fhir.search(_NAME, params, fresh=True):
        await _look_at(engine, intake, resource)
        count += 1
        updated = _last_updated(resource)
        if updated is None:
            continue
        in_order, previous = in_order and updated >= previous, updated
        newest = updated if newest is None else max(newest, updated)
        if in_order and count % _PAGE == 0:
            await asyncio.to_thread(_move_cursor, engine, newest)
    if newest is not None:
        await asyncio.to_thread(_move_cursor, engine, newest)
    return count


async def _look_at(engine: Engine, intake: Intake, resource: Resource) -> None:
    id = resource.get("id")
    if resource.get("resourceType") != _NAME or not isinstance(id, str) or not is_id(id):
        return
    if await asyncio.to_thread(_is_known, engine, resource):
        return
    try:
        await intake.take(resource, pushed=False)
    except Problem as problem:
        if problem.status == 503:
            raise FhirUnavailable(str(problem), 503) from None
        get_logger().warning("note on the FHIR server cannot be read", document_id=id)
        await asyncio.to_thread(_refuse, engine, resource, problem)


def _is_known(engine: Engine, resource: Resource) -> bool:
    """Whether exactly this version was seen: then its content need not be fetched again."""
    version = (resource.get("meta") or {}).get("versionId")
    with session(engine, read_only=True) as opened:
        note = opened.get(Note, resource["id"])
    return note is not None and version is not None and note.version_id == version


def _refuse(engine: Engine, resource: Resource, problem: Problem) -> None:
    with session(engine) as opened:
        meta = resource.get("meta") or {}
        refuse(opened, resource["id"], meta, problem, datetime.now(UTC))


def _last_updated(resource: Resource) -> datetime | None:
    value = (resource.get("meta") or {}).get("lastUpdated")
    try:
        return moment(value) if isinstance(value, str) else None
    except Problem:
        return None


def _read_cursor(engine: Engine) -> Cursor | None:
    with session(engine, read_only=True) as opened:
        return opened.get(Cursor, _NAME)


def _move_cursor(engine: Engine, to: datetime) -> None:
    with session(engine) as opened:
        cursor = opened.get(Cursor, _NAME)
        if cursor is None:
            opened.add(Cursor(name=_NAME, last_updated=to, moved_at=datetime.now(UTC)))
        elif to > cursor.last_updated:
            cursor.last_updated, cursor.moved_at = to, datetime.now(UTC)
