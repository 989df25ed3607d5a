"""Tables of ingest: the ledger of notes with their texts, and what is still to be done for them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text
from sqlmodel import Field, SQLModel

from shared.database import UtcDateTime
from shared.events import DateSource


class NoteState(StrEnum):
    """received: durable here. queued: on the topic. answered, written: as extract and writeback
    report. failed: needs a person (`reason`). retracted: does not count."""

    RECEIVED = "received"
    QUEUED = "queued"
    ANSWERED = "answered"
    WRITTEN = "written"
    FAILED = "failed"
    RETRACTED = "retracted"


class Note(SQLModel, table=True):
    """The current version of one note.

    patient_id: empty where no version with a readable subject has been seen.
    sequence: counts the versions; 0 while none could be accepted (state failed).
    generation: how often this version was queued or is about to be; counting_from: progress of
        an earlier generation says nothing any more (re-screening asked for more since).
    version_id: meta.versionId on the FHIR server. sent_version, sent_at: what the pushing
        system's own meta said. sent_hash: of the resource it pushed.
    overdue_at: when the sweep takes the queued event for lost; losses: how often it did.
    written_at: when writeback finished with this version; a retraction ends with it too.
    """

    __tablename__ = "ingest_note"
    __table_args__ = (Index("ingest_note_by_state", "state", "overdue_at"),)

    document_id: str = Field(primary_key=True)
    patient_id: str = Field(default="", index=True)
    encounter_id: str | None = None
    note_date: datetime = Field(sa_type=UtcDateTime)
    note_date_source: DateSource = Field(default=DateSource.RECEIVED, sa_type=String)
    sequence: int = 0
    generation: int = 1
    counting_from: int = 1
    note_hash: str = ""
    fingerprint: str = ""
    state: NoteState = Field(default=NoteState.RECEIVED, sa_type=String)
    reason: str | None = None
    retraction: str | None = None
    version_id: str | None = None
    last_updated: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_version: str | None = None
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_hash: str | None = None
    received_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    overdue_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    losses: int = 0
    written_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoteText(SQLModel, table=True):
    """The extracted text of one version, exactly what the offsets of its quotes count in."""

    __tablename__ = "ingest_note_text"

    document_id: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    text: str = Field(sa_type=Text)


class Replacement(SQLModel, table=True):
    """`document_id` takes the place of `replaced_id`, which may not have been seen yet."""

    __tablename__ = "ingest_replacement"

    document_id: str = Field(primary_key=True)
    replaced_id: str = Field(primary_key=True, index=True)


class Deposit(SQLModel, table=True):
    """A pushed DocumentReference (JSON) that the FHIR server does not have yet.

    due_at: when to try (again); None once the server has refused it, until a person retries.
    """

    __tablename__ = "ingest_deposit"

    document_id: str = Field(primary_key=True)
    resource: str = Field(sa_type=Text)
    attempts: int = 0
    due_at: datetime | None = Field(sa_type=UtcDateTime, index=True)


class Outbox(SQLModel, table=True):
    """An event that the notes topic does not have yet, written in the transaction that made it
    necessary; the text is joined when it is published. retraction: its reason; None: queue."""

    __tablename__ = "ingest_outbox"

    id: int | None = Field(default=None, primary_key=True)
    document_id: str = Field(index=True)
    patient_id: str
    sequence: int
    generation: int
    retraction: str | None = None


class Cursor(SQLModel, table=True):
    """How far the sweep of the FHIR server has come: lastUpdated of the newest resource seen."""

    __tablename__ = "ingest_cursor"

    name: str = Field(primary_key=True)
    last_updated: datetime = Field(sa_type=UtcDateTime)
    moved_at: datetime = Field(sa_type=UtcDateTime)


TABLES: tuple[type[SQLModel], ...] = (Note, NoteText, Replacement, Deposit, Outbox, Cursor)
