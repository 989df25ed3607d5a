"""What writeback remembers: which notes and answers count, and what it last wrote where."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from shared.database import UtcDateTime


class NoteState(StrEnum):
    ANSWERED = "answered"
    RETRACTED = "retracted"


class NoteRow(SQLModel, table=True):
    """One note. sequence: the newest version of it that writeback has seen.

    opted_out: retracted because the patient takes no part in research.
    note_date: ISO 8601 in the time zone in which it was written (its calendar day counts)."""

    __tablename__ = "writeback_document"

    document_id: str = Field(primary_key=True)
    patient_id: str = Field(index=True)
    sequence: int
    state: NoteState
    opted_out: bool = False
    note_date: str | None = None


class AnswerRow(SQLModel, table=True):
    """The answer to one question on one note, NA included.

    answer: shared.students.interface.Answer as JSON. reviewed: the same, of a person who knew
    better; it counts instead. sequence: the version of the note that was answered. rejected: why
    the FHIR server does not take it; then it does not count."""

    __tablename__ = "writeback_answer"

    document_id: str = Field(primary_key=True)
    question: str = Field(primary_key=True)
    patient_id: str = Field(index=True)
    observation: str = Field(index=True)  # reference, Observation/id
    sequence: int
    answer: str
    reviewed: str | None = None
    rejected: str | None = None


class ResourceRow(SQLModel, table=True):
    """One resource on the FHIR server that ChartSift may write.

    intended: fingerprint of what was last sent or is about to be, kept before it is sent, so
    that after a crash the server's content is recognised as ours.
    written, version: fingerprint and versionId of what the server last confirmed.
    person_version, person_status: versionId and status of what a person made of it; then the
    machine leaves it alone."""

    __tablename__ = "writeback_resource"

    reference: str = Field(primary_key=True)  # Type/id
    patient_id: str = Field(index=True)
    intended: str | None = None
    written: str | None = None
    version: str | None = None
    person_version: str | None = None
    person_status: str | None = None


class SubjectRow(SQLModel, table=True):
    """Where one patient stands in one study. status: of the ResearchSubject, a person's if a
    person set one. first_seen: when the patient came onto the screening list."""

    __tablename__ = "writeback_subject"

    study: str = Field(primary_key=True)
    patient_id: str = Field(primary_key=True, index=True)
    status: str
    first_seen: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ListRow(SQLModel, table=True):
    """The screening list of a study. changed counts changes of its patients; published is the
    count that stands on the FHIR server."""

    __tablename__ = "writeback_list"

    study: str = Field(primary_key=True)
    title: str
    changed: int = 0
    published: int = 0


class DueRow(SQLModel, table=True):
    """A patient whose eligibility has to be computed again. source: reference to the version of
    the correction that asks for it."""

    __tablename__ = "writeback_due"

    patient_id: str = Field(primary_key=True)
    source: str


class CursorRow(SQLModel, table=True):
    """How far a sweep of the FHIR server has come, by meta.lastUpdated."""

    __tablename__ = "writeback_cursor"

    name: str = Field(primary_key=True)
    last_updated: datetime = Field(sa_type=UtcDateTime)


TABLES: tuple[type[SQLModel], ...] = (
    NoteRow,
    AnswerRow,
    ResourceRow,
    SubjectRow,
    ListRow,
    DueRow,
    CursorRow,
)
