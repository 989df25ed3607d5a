"""What the services say to each other over the topics.

Every event carries its schema version. Topics are keyed by patient id, so that one patient's
notes are handled in order by one consumer.

    notes     ingest -> extract       NoteQueued | NoteRetracted
    answers   extract -> writeback    NoteAnswered | NoteRetracted
    progress  extract, writeback -> ingest   NoteProgress
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.students.interface import Answer


class Topic(StrEnum):
    NOTES = "notes"
    ANSWERS = "answers"
    PROGRESS = "progress"


class DateSource(StrEnum):
    """Which element of the DocumentReference gave the note its date."""

    DATE = "date"
    CREATION = "creation"
    RECEIVED = "received"


class Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1


class NoteRef(BaseModel):
    """One version of one note.

    sequence: the ledger's version of the note, 1, 2, ...; greater is newer. Consumers drop what
        is older than what they have seen.
    generation: how often this version was queued (1 = first time; re-screening and the sweep of
        the ledger count up). Not part of the identity.
    version_id: meta.versionId of the DocumentReference where the server gave one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_id: str
    patient_id: str
    sequence: int = Field(ge=1)
    generation: int = Field(default=1, ge=1)
    version_id: str | None = None
    note_hash: str  # sha256 hex of the extracted text, UTF-8


class NoteQueued(Event):
    """Ingest: this note is durable; answer the criteria on it."""

    kind: Literal["note-queued"] = "note-queued"
    note: NoteRef
    encounter_id: str | None = None
    note_date: datetime
    note_date_source: DateSource
    text: str


class NoteRetracted(Event):
    """Ingest: this note no longer counts; take back what was derived from it."""

    kind: Literal["note-retracted"] = "note-retracted"
    note: NoteRef
    reason: Literal["entered-in-error", "superseded", "replaced", "deleted", "opted-out"]


class NoteAnswered(Event):
    """Extract: every active question answered on one version of a note by one student."""

    kind: Literal["note-answered"] = "note-answered"
    note: NoteRef
    encounter_id: str | None = None
    note_date: datetime
    note_date_source: DateSource
    student: str  # exact student version
    answers: tuple[Answer, ...]


class ProgressState(StrEnum):
    ANSWERED = "answered"
    WRITTEN = "written"
    FAILED = "failed"


class NoteProgress(Event):
    """Extract and writeback: how far a note has come. `reason` never holds patient text."""

    kind: Literal["note-progress"] = "note-progress"
    note: NoteRef
    state: ProgressState
    reason: str | None = None


NotesEvent = Annotated[NoteQueued | NoteRetracted, Field(discriminator="kind")]
AnswersEvent = Annotated[NoteAnswered | NoteRetracted, Field(discriminator="kind")]

notes_event: TypeAdapter[NoteQueued | NoteRetracted] = TypeAdapter(NotesEvent)
answers_event: TypeAdapter[NoteAnswered | NoteRetracted] = TypeAdapter(AnswersEvent)
progress_event: TypeAdapter[NoteProgress] = TypeAdapter(NoteProgress)
