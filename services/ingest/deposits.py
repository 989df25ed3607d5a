"""Pushed DocumentReferences on their way to the FHIR server, where Observations refer to them.

A pushed note is queued only after its resource stands on the FHIR server. Functions work in the
caller's transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from services.ingest.tables import Deposit, Note, NoteState

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=1)


def deposit(session: Session, note: Note, resource: Mapping[str, Any], now: datetime) -> None:
    """Puts the resource in line in place of an earlier one; only the newest needs to be stored."""
    waiting = session.get(Deposit, note.document_id)
    if waiting is None:
        waiting = Deposit(document_id=note.document_id, resource="", due_at=None)
        session.add(waiting)
    waiting.resource, waiting.due_at, waiting.attempts = json.dumps(resource), now, 0
    _reopen(note, now)


def resource_hash(resource: Mapping[str, Any]) -> str:
    """SHA-256 of the resource whatever the order of its elements, hex."""
    return hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()


def withdraw(session: Session, note: Note) -> None:
    """The FHIR server has something newer."""
    waiting = session.get(Deposit, note.document_id)
    if waiting is not None:
        session.delete(waiting)


def is_waiting(session: Session, note: Note) -> bool:
    waiting = session.get(Deposit, note.document_id)
    return waiting is not None and waiting.due_at is not None


def is_parked(session: Session, note: Note) -> bool:
    """Whether the FHIR server has refused the resource."""
    waiting = session.get(Deposit, note.document_id)
    return waiting is not None and waiting.due_at is None


def retry(session: Session, note: Note, now: datetime) -> bool:
    """Puts a refused resource in line again. False if there is none."""
    waiting = session.get(Deposit, note.document_id)
    if waiting is None:
        return False
    waiting.due_at, waiting.attempts = now, 0
    _reopen(note, now)
    return True


def due(session: Session, now: datetime, limit: int) -> list[Deposit]:
    """What is to be stored now, the longest waiting first."""
    waiting = select(Deposit).where(col(Deposit.due_at) <= now)
    return list(session.exec(waiting.order_by(col(Deposit.due_at)).limit(limit)))


def take_back(session: Session, tried: Deposit) -> Deposit | None:
    """The row of `tried`, unless something newer was pushed or it was withdrawn meanwhile."""
    row = session.get(Deposit, tried.document_id, with_for_update=True)
    return row if row is not None and row.resource == tried.resource else None


def postpone(session: Session, tried: Deposit, now: datetime, wait: float | None) -> None:
    """The server could not be reached: again after `wait` seconds, else 1, 2, 4 ... 60."""
    row = take_back(session, tried)
    if row is not None and row.due_at is not None:
        backed_off = min(_FIRST_WAIT * 2 ** min(row.attempts, 10), _LONGEST_WAIT)
        row.attempts += 1
        row.due_at = now + (backed_off if wait is None else timedelta(seconds=wait))


def park(session: Session, tried: Deposit, reason: str, now: datetime) -> None:
    """The server refuses the resource: the note has failed until a person retries."""
    row = take_back(session, tried)
    note = session.get(Note, tried.document_id, with_for_update=True)
    if row is None or note is None:
        return
    row.due_at = None
    note.state, note.reason, note.updated_at = NoteState.FAILED, reason, now


def _reopen(note: Note, now: datetime) -> None:
    if note.state == NoteState.FAILED:
        note.state = NoteState.RETRACTED if note.retraction else NoteState.RECEIVED
        note.reason, note.updated_at = None, now
