"""Events that arrive late: what is older than what has been passed on is dropped.

The order of a note's events is (sequence, generation, retraction after note). The same event once
more is not late: it is handled again, because it may never have got through.
"""

from __future__ import annotations

from sqlalchemy import Engine

from services.extract.tables import SeenNote
from shared.database import session
from shared.events import NoteQueued, NoteRetracted


def is_late(engine: Engine, event: NoteQueued | NoteRetracted) -> bool:
    with session(engine, read_only=True) as opened:
        seen = opened.get(SeenNote, event.note.document_id)
    return seen is not None and _place(event) < (seen.sequence, seen.generation, seen.retracted)


def remember(engine: Engine, event: NoteQueued | NoteRetracted) -> None:
    """The event has been passed on."""
    sequence, generation, retracted = _place(event)
    with session(engine) as opened:
        opened.merge(
            SeenNote(
                document_id=event.note.document_id,
                patient_id=event.note.patient_id,
                sequence=sequence,
                generation=generation,
                retracted=retracted,
            )
        )


def _place(event: NoteQueued | NoteRetracted) -> tuple[int, int, bool]:
    return event.note.sequence, event.note.generation, isinstance(event, NoteRetracted)
