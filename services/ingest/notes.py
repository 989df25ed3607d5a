"""What became of the notes, and asking for them again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Query
from fastapi.responses import PlainTextResponse
from sqlmodel import col, func, select

from services.ingest.doors import Here
from services.ingest.queueing import queue_again, rescreen
from services.ingest.service import Service
from services.ingest.tables import Note, NoteState, NoteText
from services.ingest.view import NotePage, NoteStatus, Requeued, status_of
from shared.database import session
from shared.documents.problem import Problem, invalid, unavailable
from shared.fhir.client import FhirError, FhirNotFound
from shared.telemetry import get_logger

router = APIRouter()


@router.get("/notes")
def notes(
    here: Here,
    state: NoteState | None = None,
    patient: str | None = None,
    limit: Annotated[int, Query(ge=0, le=1000)] = 100,
    after: str = "",
) -> NotePage:
    """Notes in the order of their ids. after: the last id of the page before."""
    chosen = [col(Note.state) == state] if state is not None else []
    chosen += [col(Note.patient_id) == patient] if patient is not None else []
    page = select(Note).where(*chosen, col(Note.document_id) > after)
    counts = select(Note.state, func.count()).where(*chosen).group_by(col(Note.state))
    with session(here.engine, read_only=True) as opened:
        found = list(opened.exec(page.order_by(col(Note.document_id)).limit(limit + 1)))
        states = {str(name): count for name, count in opened.exec(counts)}
    following = None
    if limit and len(found) > limit:
        asked = {"state": state, "patient": patient, "limit": limit}
        asked["after"] = found[limit - 1].document_id
        following = f"/notes?{urlencode({n: v for n, v in asked.items() if v is not None})}"
    return NotePage(
        notes=[status_of(note) for note in found[:limit]], states=states, next=following
    )


@router.get("/notes/{id}")
def note_status(id: str, here: Here) -> NoteStatus:
    """How far the note has come, and why not further."""
    return status_of(_read_note(id, here))


@router.get("/notes/{id}/text", response_class=PlainTextResponse)
def note_text(id: str, here: Here, sequence: int | None = None) -> PlainTextResponse:
    """The extracted text, in whose code points the offsets of quotes count. sequence: version of
    the note; the current one by default."""
    note = _read_note(id, here)
    with session(here.engine, read_only=True) as opened:
        text = opened.get(NoteText, (id, sequence if sequence is not None else note.sequence))
    if text is None:
        raise Problem(
            404,
            "not-found",
            f"There is no text of this version of note {id}.",
            f"The current version is {note.sequence}; versions that only take a note back, and "
            "notes that could not be read, have no text.",
        )
    return PlainTextResponse(text.text, headers={"ETag": f'"{text.sequence}"'})


@router.post("/notes/{id}/retry", status_code=202)
async def retry(id: str, here: Here) -> NoteStatus:
    """Once more, from where it failed: read from the FHIR server, store there, or answer."""
    note = await asyncio.to_thread(_read_note, id, here)
    if not note.fingerprint:
        await _read_again(id, here)
    else:
        await asyncio.to_thread(_queue_again, id, here)
    here.background.wake("relay", "storing")
    return status_of(await asyncio.to_thread(_read_note, id, here))


@router.post("/rescreen", status_code=202)
async def screen_again(here: Here, reason: Annotated[str, Body(embed=True)] = "") -> Requeued:
    """Every living note once more, for criteria that are new; what the same student has answered
    before costs nothing."""
    count = await asyncio.to_thread(_rescreen, here)
    here.background.wake("relay")
    get_logger().info("notes queued for screening again", count=count)
    return Requeued(queued=count)


def _rescreen(here: Service) -> int:
    with session(here.engine) as opened:
        return rescreen(opened, datetime.now(UTC))


def _read_note(id: str, here: Service) -> Note:
    with session(here.engine, read_only=True) as opened:
        note = opened.get(Note, id)
    if note is None:
        raise Problem(
            404,
            "not-found",
            f"There is no note {id} here.",
            "The id is that of the DocumentReference, as in the acknowledgement of the push; a "
            "note that was refused is not kept.",
        )
    return note


def _queue_again(id: str, here: Service) -> None:
    with session(here.engine) as opened:
        queue_again(opened, opened.get_one(Note, id, with_for_update=True), datetime.now(UTC))


async def _read_again(id: str, here: Service) -> None:
    try:
        resource = await here.fhir.read("DocumentReference", id)
    except FhirNotFound:
        raise invalid(
            f"DocumentReference/{id} is not on the FHIR server any more.", "Push the note again."
        ) from None
    except FhirError as error:
        raise unavailable(f"The note cannot be read: {error}.", "Try again later.") from None
    await here.intake.take(resource, pushed=False)
