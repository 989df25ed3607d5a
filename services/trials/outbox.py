"""What trials still owes the FHIR server and ingest: read, done, put off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from services.trials import registry
from services.trials.tables import PublicationRow, RescreenRow, StudyStatus
from shared.criteria.study import Study
from shared.database import session

LONGEST_DELAY = 60.0
"""Seconds between two attempts, at most."""


@dataclass(frozen=True)
class Publication:
    """replaced: versions whose Groups may stand as active on the server and must not any more:
    the one last known to be published, and all since, of which an attempt may have got through
    unnoticed."""

    study: Study
    active: bool
    replaced: tuple[Study, ...]
    change: int
    attempts: int


@dataclass(frozen=True)
class Rescreening:
    """All that are due, as one: a single pass over the notes serves them together."""

    ids: tuple[int, ...]
    reason: str
    attempts: int


def due_publications(engine: Engine) -> list[Publication]:
    with session(engine, read_only=True) as tx:
        rows = tx.exec(
            select(PublicationRow).where(
                PublicationRow.published_change != PublicationRow.change,
                PublicationRow.due_at <= datetime.now(UTC),
            )
        ).all()
    return [_publication(engine, row) for row in rows]


def published(engine: Engine, publication: Publication) -> None:
    """What changed meanwhile stays pending."""
    with session(engine) as tx:
        row = tx.get_one(PublicationRow, publication.study.id)
        row.published_change = publication.change
        row.published_version = publication.study.version
        row.attempts, row.problem = 0, None
        tx.add(row)


def publication_failed(
    engine: Engine, publication: Publication, problem: str, retry_after: float | None
) -> None:
    with session(engine) as tx:
        _put_off(tx, tx.get_one(PublicationRow, publication.study.id), problem, retry_after)


def due_rescreening(engine: Engine) -> Rescreening | None:
    with session(engine, read_only=True) as tx:
        rows = tx.exec(
            select(RescreenRow)
            .where(RescreenRow.due_at <= datetime.now(UTC))
            .order_by(col(RescreenRow.id))
        ).all()
    if not rows:
        return None
    ids = tuple(row.id for row in rows if row.id is not None)
    return Rescreening(ids, "; ".join(row.reason for row in rows), max(r.attempts for r in rows))


def rescreening_accepted(engine: Engine, rescreening: Rescreening) -> None:
    with session(engine) as tx:
        for id in rescreening.ids:
            tx.delete(tx.get_one(RescreenRow, id))


def rescreening_failed(engine: Engine, rescreening: Rescreening, problem: str) -> None:
    with session(engine) as tx:
        for id in rescreening.ids:
            _put_off(tx, tx.get_one(RescreenRow, id), problem, None)


def pending(engine: Engine) -> tuple[int, int]:
    """How many publications and re-screenings are owed."""
    with session(engine, read_only=True) as tx:
        publications = tx.exec(
            select(func.count())
            .select_from(PublicationRow)
            .where(PublicationRow.published_change != PublicationRow.change)
        ).one()
        return publications, tx.exec(select(func.count()).select_from(RescreenRow)).one()


def _publication(engine: Engine, row: PublicationRow) -> Publication:
    record = registry.record(engine, row.study_id)
    replaced = registry.versions(
        engine, row.study_id, row.published_version or 0, record.study.version
    )
    active = record.status is StudyStatus.ACTIVE
    return Publication(record.study, active, replaced, row.change, row.attempts)


def _put_off(
    tx: Session, row: PublicationRow | RescreenRow, problem: str, retry_after: float | None
) -> None:
    """1, 2, 4, ... seconds, at least what the server asks for."""
    delay = max(min(2.0**row.attempts, LONGEST_DELAY), retry_after or 0.0)
    row.attempts += 1
    row.problem = problem
    row.due_at = datetime.now(UTC) + timedelta(seconds=delay)
    tx.add(row)
