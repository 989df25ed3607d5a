"""The studies and their versions. What a change obliges (publication, re-screening) is noted in
the same transaction, so that it cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.trials.tables import (
    PublicationRow,
    RescreenRow,
    StudyRow,
    StudyStatus,
    VersionRow,
)
from shared.criteria.catalog import LIFETIME
from shared.criteria.study import Study
from shared.database import session

# After that no catalog answers with the list from before the change.
_RESCREEN_AFTER = timedelta(seconds=LIFETIME + 1)


class UnknownStudy(LookupError):
    """There is no such study, or no such version of it."""


class StudyExists(Exception):
    """Another study has that id already."""


class VersionConflict(Exception):
    """The study has moved on since the caller read it."""


@dataclass(frozen=True)
class StudyRecord:
    """A study at its newest version. publication: `pending` until the FHIR server has it."""

    study: Study
    status: StudyStatus
    changed_at: datetime
    published: bool
    problem: str | None


def create(engine: Engine, study: Study) -> Study:
    """Raises StudyExists."""
    with session(engine) as tx:
        if (row := _locked(tx, study.id)) is not None:
            raise StudyExists(
                f"study {study.id!r} is there already, at version {row.version}: PUT "
                f"/studies/{study.id} adds a version, or choose another id"
            )
        _add_first(tx, study)
        _oblige_rescreening(tx, f"study {study.id} version {study.version} added")
    return study


def new_version(engine: Engine, study: Study, *, expected: int | None = None) -> Study:
    """The study as the next version; what is the same as the newest one stays as it is.

    expected: the version that the caller believes to be the newest.
    Raises UnknownStudy, VersionConflict.
    """
    with session(engine) as tx:
        row = _locked(tx, study.id)
        if row is None:
            raise UnknownStudy(f"there is no study {study.id!r}: POST /studies adds it")
        current = _body(tx, study.id, row.version)
        if _same(current, study) and row.status == StudyStatus.ACTIVE:
            return current
        if expected is not None and expected != row.version:
            raise VersionConflict(
                f"study {study.id!r} is at version {row.version}, not {expected}: read it again, "
                "make your change on it and send that"
            )
        now = datetime.now(UTC)
        latest = study.model_copy(update={"version": row.version + 1})
        row.version, row.status, row.changed_at = latest.version, StudyStatus.ACTIVE, now
        tx.add(row)
        tx.add(_version_row(latest, now))
        _oblige_publication(tx, study.id, now)
        _oblige_rescreening(
            tx, f"study {study.id} version {latest.version} replaces the one before"
        )
    return latest


def retire(engine: Engine, study_id: str) -> None:
    """Its questions are asked no more; what was found stays. Raises UnknownStudy."""
    with session(engine) as tx:
        row = _locked(tx, study_id)
        if row is None:
            raise UnknownStudy(f"there is no study {study_id!r}")
        if row.status == StudyStatus.RETIRED:
            return
        row.status, row.changed_at = StudyStatus.RETIRED, datetime.now(UTC)
        tx.add(row)
        _oblige_publication(tx, study_id, row.changed_at)


def add_missing(engine: Engine, studies: Iterable[Study]) -> list[str]:
    """Adds those whose id has never been there; ids of the added. No re-screening: before the
    first studies no note has been answered, and ids are not reused."""
    with session(engine) as tx:
        added = [study for study in studies if _locked(tx, study.id) is None]
        for study in added:
            _add_first(tx, study)
    return [study.id for study in added]


def newest(engine: Engine, status: StudyStatus | None = None) -> list[Study]:
    """The newest version of every study, by id."""
    with session(engine, read_only=True) as tx:
        query = (
            select(VersionRow)
            .join(StudyRow, col(StudyRow.id) == col(VersionRow.study_id))
            .where(VersionRow.version == StudyRow.version)
            .order_by(col(StudyRow.id))
        )
        if status is not None:
            query = query.where(StudyRow.status == status)
        return [Study.model_validate_json(row.body) for row in tx.exec(query)]


def record(engine: Engine, study_id: str) -> StudyRecord:
    """Raises UnknownStudy."""
    with session(engine, read_only=True) as tx:
        row, publication = tx.get(StudyRow, study_id), tx.get(PublicationRow, study_id)
        if row is None or publication is None:
            raise UnknownStudy(f"there is no study {study_id!r}")
        return StudyRecord(
            study=_body(tx, study_id, row.version),
            status=StudyStatus(row.status),
            changed_at=row.changed_at,
            published=publication.published_change == publication.change,
            problem=publication.problem,
        )


def version(engine: Engine, study_id: str, number: int) -> Study:
    """Raises UnknownStudy."""
    with session(engine, read_only=True) as tx:
        return _body(tx, study_id, number)


def versions(engine: Engine, study_id: str, first: int, end: int) -> tuple[Study, ...]:
    """Those from `first` to before `end`, oldest first."""
    with session(engine, read_only=True) as tx:
        rows = tx.exec(
            select(VersionRow)
            .where(VersionRow.study_id == study_id)
            .where(first <= col(VersionRow.version), col(VersionRow.version) < end)
            .order_by(col(VersionRow.version))
        )
        return tuple(Study.model_validate_json(row.body) for row in rows)


def _locked(tx: Session, study_id: str) -> StudyRow | None:
    return tx.exec(select(StudyRow).where(StudyRow.id == study_id).with_for_update()).first()


def _body(tx: Session, study_id: str, number: int) -> Study:
    row = tx.get(VersionRow, (study_id, number))
    if row is None:
        raise UnknownStudy(f"there is no version {number} of study {study_id!r}")
    return Study.model_validate_json(row.body)


def _same(one: Study, other: Study) -> bool:
    return one.model_copy(update={"version": other.version}) == other


def _version_row(study: Study, at: datetime) -> VersionRow:
    body = study.model_dump_json(exclude_none=True)
    return VersionRow(study_id=study.id, version=study.version, body=body, created_at=at)


def _add_first(tx: Session, study: Study) -> None:
    now = datetime.now(UTC)
    tx.add(StudyRow(id=study.id, version=study.version, status=StudyStatus.ACTIVE, changed_at=now))
    tx.flush()  # the rows below refer to it
    tx.add(_version_row(study, now))
    tx.add(PublicationRow(study_id=study.id, due_at=now))


def _oblige_publication(tx: Session, study_id: str, now: datetime) -> None:
    row = tx.get_one(PublicationRow, study_id)
    row.change, row.attempts, row.due_at, row.problem = row.change + 1, 0, now, None
    tx.add(row)


def _oblige_rescreening(tx: Session, reason: str) -> None:
    tx.add(RescreenRow(reason=reason, due_at=datetime.now(UTC) + _RESCREEN_AFTER))
