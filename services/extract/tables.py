"""What extract remembers: answers given, and how far each note has come."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class GivenAnswer(SQLModel, table=True):
    """One answer of one student to one question on one text.

    question: sha256 of text, answer type and unit. answer: JSON of
    `shared.students.interface.Answer` as the student gave it, once grounded; its question key is
    that of the study that asked first. patient_id: whose note it was, so that a patient can be
    erased; not part of the identity.
    """

    __tablename__ = "extract_answer"

    student: str = Field(primary_key=True)
    note_hash: str = Field(primary_key=True)
    question: str = Field(primary_key=True)
    answer: str
    patient_id: str = Field(index=True)


class SeenNote(SQLModel, table=True):
    """The newest event of a note that has been passed on. Older ones are dropped."""

    __tablename__ = "extract_seen"

    document_id: str = Field(primary_key=True)
    patient_id: str = Field(index=True)
    sequence: int
    generation: int
    retracted: bool


TABLES = (GivenAnswer, SeenNote)
