"""Tables of the trials service."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from shared.database import UtcDateTime


class StudyStatus(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class StudyRow(SQLModel, table=True):
    """A study as it stands. version: its newest."""

    __tablename__ = "trials_study"

    id: str = Field(primary_key=True)
    version: int
    status: str
    changed_at: datetime = Field(sa_type=UtcDateTime)


class VersionRow(SQLModel, table=True):
    """Every version that ever stood. body: JSON of shared.criteria.study.Study."""

    __tablename__ = "trials_study_version"

    study_id: str = Field(primary_key=True, foreign_key="trials_study.id")
    version: int = Field(primary_key=True)
    body: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class PublicationRow(SQLModel, table=True):
    """What the FHIR server has of a study. It is pending while `published_change` is behind
    `change`, which counts up with every version and retirement.

    published_version: whose Group stands as active on the server, if any.
    problem: why the last attempt failed; never patient text.
    """

    __tablename__ = "trials_publication"

    study_id: str = Field(primary_key=True, foreign_key="trials_study.id")
    change: int = 1
    published_change: int = 0
    published_version: int | None = None
    attempts: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)
    problem: str | None = None


class RescreenRow(SQLModel, table=True):
    """A re-screening that ingest has not accepted yet."""

    __tablename__ = "trials_rescreen"

    id: int | None = Field(default=None, primary_key=True)
    reason: str
    attempts: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)
    problem: str | None = None


TABLES = (StudyRow, VersionRow, PublicationRow, RescreenRow)
