"""What extract and writeback report of a note, kept in the ledger."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from services.ingest.tables import Note, NoteState
from shared.events import NoteProgress, ProgressState


def advance(session: Session, report: NoteProgress, patience: timedelta, now: datetime) -> bool:
    """Moves the note's state on; False if the report is of a version, or of a queueing, that no
    longer counts. patience: how long after an answer the writing may take."""
    note = session.get(Note, report.note.document_id, with_for_update=True)
    if (
        note is None
        or report.note.sequence != note.sequence
        or report.note.generation < note.counting_from
    ):
        return False
    if report.state == ProgressState.WRITTEN:
        note.state = NoteState.RETRACTED if note.retraction else NoteState.WRITTEN
        note.written_at, note.overdue_at, note.reason = now, None, None
    elif note.written_at is not None:
        return False  # an event delivered twice; the first delivery finished the work
    elif report.state == ProgressState.FAILED:
        note.state, note.reason, note.overdue_at = NoteState.FAILED, report.reason, None
    else:
        note.state = NoteState.RETRACTED if note.retraction else NoteState.ANSWERED
        note.overdue_at, note.reason = now + patience, None
    note.updated_at = now
    return True
