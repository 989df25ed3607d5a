"""What ingest tells about a note."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from services.ingest.tables import Note, NoteState


class NoteStatus(BaseModel):
    """How far one note has come."""

    id: str = Field(description="id of the DocumentReference")
    patient: str | None = Field(description="id of the Patient, where one is known")
    state: NoteState = Field(description="received, queued, answered, written, failed, retracted")
    reason: str | None = Field(description="why it failed, and what to do")
    retraction: str | None = Field(description="why it does not count (any more)")
    sequence: int = Field(description="version of the note, counted here; 0: none accepted")
    attempts: int = Field(description="how often this version was queued")
    version: str | None = Field(description="meta.versionId on the FHIR server")
    note_date: datetime
    received_at: datetime
    updated_at: datetime
    written_at: datetime | None = Field(description="when its results stood on the FHIR server")


class Acknowledgement(NoteStatus):
    """The note is durable; result: created, updated, unchanged, outdated or retracted."""

    result: str


class NotePage(BaseModel):
    """states: how many notes there are in each state; next: where the following page is."""

    notes: list[NoteStatus]
    states: dict[str, int]
    next: str | None


class Requeued(BaseModel):
    queued: int = Field(description="how many notes will be answered again")


def status_of(note: Note) -> NoteStatus:
    return NoteStatus(
        id=note.document_id,
        patient=note.patient_id or None,
        state=NoteState(note.state),
        reason=note.reason,
        retraction=note.retraction,
        sequence=note.sequence,
        attempts=note.generation,
        version=note.version_id,
        note_date=note.note_date,
        received_at=note.received_at,
        updated_at=note.updated_at,
        written_at=note.written_at,
    )
