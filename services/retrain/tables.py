"""Tables of the retraining service."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shared.database import UtcDateTime


class RunState(StrEnum):
    """queued: waits for a free replica. stopping: a person asked, its process still works."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


UNDER_WAY = (RunState.QUEUED, RunState.RUNNING, RunState.STOPPING)
WITH_PROCESS = (RunState.RUNNING, RunState.STOPPING)

_UNDER_WAY = text(f"state IN ({', '.join(repr(state.value) for state in UNDER_WAY)})")


class RunRow(SQLModel, table=True):
    """One run. The indices, not the code, see to it that a study has one run under way and that
    a due time starts one run, whatever the number of replicas.

    number: order of creation. config: JSON of training.distill.config.RunConfig, as it is run.
    due_at: the due time that started it; None: a person or a job did.
    attempt: counts the processes it was given to; what an earlier one reports no longer counts.
    beats, beat_at: signs of life of the process. host, process_id: where it is.
    deaths: processes that ended without a result. reason: why it failed or stopped.
    version: of the student. promote: the gate's decision. promoted: whether it is in service.
    """

    __tablename__ = "retrain_run"
    __table_args__ = (
        Index(
            "retrain_run_one_for_a_study",
            "study",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
        UniqueConstraint("study", "due_at", name="retrain_run_once_when_due"),
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True, index=True)
    study: str = Field(index=True)
    config_name: str
    config: str = Field(sa_type=Text)
    state: str = Field(default=RunState.QUEUED, index=True)
    reason: str | None = None
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempt: int = 0
    deaths: int = 0
    host: str | None = None
    process_id: int | None = None
    beats: int = 0
    beat_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: str | None = None
    promote: bool | None = None
    promoted: bool = False


class EventRow(SQLModel, table=True):
    """A line of progress, in the order of `number` within its run; never text of a note."""

    __tablename__ = "retrain_event"

    run_id: str = Field(primary_key=True, foreign_key="retrain_run.id")
    number: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    line: str = Field(sa_type=Text)


TABLES: tuple[type[SQLModel], ...] = (RunRow, EventRow)
