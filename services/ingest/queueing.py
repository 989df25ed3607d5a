"""Queueing again what is in the ledger: on request, for new criteria, or because it was lost.

Functions work in the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session, col, select, update

from services.ingest import deposits
from services.ingest.outbox import say
from services.ingest.tables import Deposit, Note, NoteState, Outbox


def queue_again(session: Session, note: Note, now: datetime) -> None:
    """The note's current version (or its retraction) once more; a refused deposit goes first."""
    if deposits.retry(session, note, now) or not note.patient_id:
        return  # without a patient nothing was ever queued that could be taken back
    note.counting_from = note.generation + 1
    note.losses = 0
    _next_generation(session, note, now)


def rescreen(session: Session, now: datetime) -> int:
    """Queues the current version of every living note once more and returns how many.

    Left out: versions that could not be read or that the FHIR server refused. A note still on
    its way to the FHIR server is queued when it has got there.
    """
    deposited = select(Deposit.document_id)
    refused = deposited.where(col(Deposit.due_at).is_(None))
    living = (
        col(Note.retraction).is_(None),
        col(Note.fingerprint) != "",
        col(Note.document_id).not_in(refused),
    )
    found = session.exec(
        update(Note)
        .where(*living)
        .values(
            state=NoteState.RECEIVED,
            reason=None,
            generation=Note.generation + 1,
            counting_from=Note.generation + 1,
            losses=0,
            overdue_at=None,
            written_at=None,
            updated_at=now,
        )
    )
    columns = ("document_id", "patient_id", "sequence", "generation")
    session.exec(
        insert(Outbox).from_select(
            columns,
            select(*(getattr(Note, name) for name in columns)).where(
                *living, col(Note.document_id).not_in(deposited)
            ),
        )
    )
    return found.rowcount


def queue_lost(session: Session, now: datetime, limit: int) -> int:
    """Queues again, as a new generation, what nobody reported on in time: a bus that lost its
    data loses no note. Returns how many."""
    overdue = select(Note).where(col(Note.overdue_at) <= now).limit(limit)
    notes = list(session.exec(overdue.with_for_update()))
    for note in notes:
        note.losses += 1
        _next_generation(session, note, now)
    return len(notes)


def _next_generation(session: Session, note: Note, now: datetime) -> None:
    note.generation += 1
    note.state = NoteState.RETRACTED if note.retraction else NoteState.RECEIVED
    note.reason = note.overdue_at = note.written_at = None
    note.updated_at = now
    say(session, note)
