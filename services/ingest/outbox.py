"""From the ledger to the notes topic: each event is published, in order, at least once.

The event was written to the outbox in the ledger's transaction and leaves it only after the bus
has it: a crash in between publishes it again, which costs the consumers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select

from services.ingest.tables import Note, NoteState, NoteText, Outbox
from shared.bus.interface import Bus, Message
from shared.database import session
from shared.events import NoteQueued, NoteRef, NoteRetracted, Topic

_LONGEST_PATIENCE = 6  # doublings


def say(opened: Session, note: Note) -> None:
    """Puts the event for the note's current version into the outbox."""
    opened.add(
        Outbox(
            document_id=note.document_id,
            patient_id=note.patient_id,
            sequence=note.sequence,
            generation=note.generation,
            retraction=note.retraction,
        )
    )


def relay(engine: Engine, bus: Bus, limit: int, patience: timedelta, now: datetime) -> int:
    """Publishes up to `limit` events and marks their notes queued; returns how many it took.

    patience: how long after its first queueing a note that nobody reports on counts as lost;
    doubled each time it was lost, so that a long backlog is not queued over and over.
    Raises BusUnavailable, which leaves everything in the outbox.
    """
    with session(engine, read_only=True) as opened:
        rows = list(opened.exec(select(Outbox).order_by(col(Outbox.id)).limit(limit)))
        messages = [message for row in rows if (message := _message(opened, row)) is not None]
    if not rows:
        return 0
    bus.publish(Topic.NOTES, messages)
    with session(engine) as opened:
        _published(opened, rows, patience, now)
    return len(rows)


def _message(opened: Session, row: Outbox) -> Message | None:
    """The event; None if a newer version or generation, with an event of its own, took over."""
    note = opened.get(Note, row.document_id)
    if note is None:
        return None
    ref = NoteRef(
        document_id=row.document_id,
        patient_id=row.patient_id,
        sequence=row.sequence,
        generation=row.generation,
        version_id=note.version_id,
        note_hash=note.note_hash,
    )
    if row.retraction is not None:
        event: NoteQueued | NoteRetracted = NoteRetracted.model_validate(
            {"note": ref, "reason": row.retraction}
        )
        return Message(row.patient_id, event.model_dump_json().encode())
    if (row.sequence, row.generation) != (note.sequence, note.generation):
        return None
    text = opened.get_one(NoteText, (row.document_id, row.sequence))
    event = NoteQueued(
        note=ref,
        encounter_id=note.encounter_id,
        note_date=note.note_date,
        note_date_source=note.note_date_source,
        text=text.text,
    )
    return Message(row.patient_id, event.model_dump_json().encode())


def _published(opened: Session, rows: Sequence[Outbox], patience: timedelta, now: datetime) -> None:
    opened.exec(delete(Outbox).where(col(Outbox.id).in_([row.id for row in rows])))
    for row in rows:
        note = opened.get(Note, row.document_id, with_for_update=True)
        if note is None or (row.sequence, row.generation) != (note.sequence, note.generation):
            continue
        # Progress may have been reported before this commit; then it stands.
        if note.state == NoteState.RECEIVED:
            note.state, note.updated_at = NoteState.QUEUED, now
        if note.state in (NoteState.QUEUED, NoteState.RETRACTED) and note.written_at is None:
            note.overdue_at = now + patience * 2 ** min(note.losses, _LONGEST_PATIENCE)
