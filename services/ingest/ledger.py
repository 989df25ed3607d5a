"""The ledger of notes: what is accepted, which version counts, what has to be said about it.

Every function works in the caller's transaction; an event that becomes necessary is written to
the outbox in the same transaction, so a crash loses neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from services.ingest import deposits
from services.ingest.outbox import say
from services.ingest.tables import Note, NoteState, NoteText, Replacement
from shared.documents.document import NoteDocument, fingerprint
from shared.documents.problem import Problem


@dataclass(frozen=True)
class Submission:
    """One version of a note, read and checked.

    text: None for a retraction. resource: the DocumentReference as pushed, without the sender's
    version, still to be stored on the FHIR server; None if it came from there.
    opted_out: the patient takes no part in research.
    """

    document: NoteDocument
    text: str | None
    resource: Mapping[str, Any] | None = None
    opted_out: bool = False


class Result(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    OUTDATED = "outdated"
    RETRACTED = "retracted"


def record(session: Session, submission: Submission, now: datetime) -> tuple[Result, Note]:
    """Enters one version of a note.

    A version that differs in nothing that counts is entered once; an older one that arrives late
    is dropped; a changed one supersedes with the next sequence; a retraction, or a replacement by
    another document, takes its answers back.
    """
    note = _note_of(session, submission, now)
    if _is_outdated(session, note, submission):
        return Result.OUTDATED, note
    result = _enter(session, note, submission, now)
    if submission.resource is None:
        deposits.withdraw(session, note)
        if result in (Result.CREATED, Result.UPDATED):
            say(session, note)
    else:
        _deposit(session, note, submission.resource, result, now)
    _remember_origin(note, submission)
    session.flush()
    return result, note


def retract(session: Session, note: Note, reason: str, now: datetime) -> None:
    """The note does not count any more; says so if anything may have been derived from it."""
    first, derived = note.sequence == 0, _is_living(note)
    if first or derived:
        _next_version(note, now)
    note.state, note.retraction, note.reason = NoteState.RETRACTED, reason, None
    note.updated_at = now
    if derived:
        say(session, note)
    elif first:
        note.written_at = now


def refuse(
    session: Session, document_id: str, meta: Mapping[str, Any], problem: Problem, now: datetime
) -> None:
    """A version on the FHIR server that cannot be read: nobody waits for an answer, so the
    ledger says why. What an earlier version gave stands until then."""
    note = session.get(Note, document_id, with_for_update=True)
    if note is None:
        note = Note(document_id=document_id, note_date=now, received_at=now, updated_at=now)
        session.add(note)
    note.state, note.reason, note.updated_at = NoteState.FAILED, str(problem), now
    note.version_id = meta.get("versionId")
    note.fingerprint, note.overdue_at = "", None
    note.counting_from = note.generation + 1


def text_hash(text: str) -> str:
    """SHA-256 of the UTF-8 text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _deposit(
    session: Session, note: Note, resource: Mapping[str, Any], result: Result, now: datetime
) -> None:
    """What was pushed goes to the FHIR server, unless it was pushed before, or the server's own
    copy says the same and nothing else was ever pushed."""
    before, note.sent_hash = note.sent_hash, deposits.resource_hash(resource)
    stands = before == note.sent_hash if before is not None else note.version_id is not None
    if result != Result.UNCHANGED or not stands or deposits.is_parked(session, note):
        deposits.deposit(session, note, resource, now)


def _note_of(session: Session, submission: Submission, now: datetime) -> Note:
    note = session.get(Note, submission.document.id, with_for_update=True)
    if note is None:
        note = Note(
            document_id=submission.document.id,
            note_date=submission.document.note_date or now,
            received_at=now,
            updated_at=now,
        )
        session.add(note)
    return note


def _enter(session: Session, note: Note, submission: Submission, now: datetime) -> Result:
    document, text = submission.document, submission.text
    seen = fingerprint(document, text_hash(text) if text is not None else None)
    reason = document.retraction or _why_not_screened(session, submission)
    if (seen, reason) == (note.fingerprint, note.retraction):
        return Result.UNCHANGED
    result = Result.UPDATED if note.sequence else Result.CREATED
    note.fingerprint = seen
    _follow_replacements(session, document, now)
    if _is_living(note) and document.patient_id not in (None, note.patient_id):
        # The former patient's answers and eligibility go first, as a version of their own.
        retract(session, note, "superseded", now)
    _describe(note, document)
    if reason is None:
        assert text is not None  # a living note has one
        _live(session, note, text, now)
        return result
    retract(session, note, reason, now)
    if reason == "replaced" and text is not None:
        _keep_text(session, note, text)  # it counts again should the replacement be an error
    return Result.RETRACTED


def _describe(note: Note, document: NoteDocument) -> None:
    """A retraction may come without its subject, encounter and date; what is known stays."""
    if document.patient_id is None:
        return
    note.patient_id, note.encounter_id = document.patient_id, document.encounter_id
    note.note_date = document.note_date or note.received_at
    note.note_date_source = document.note_date_source


def _live(session: Session, note: Note, text: str, now: datetime) -> None:
    _next_version(note, now)
    note.state, note.retraction, note.reason = NoteState.RECEIVED, None, None
    _keep_text(session, note, text)


def _keep_text(session: Session, note: Note, text: str) -> None:
    note.note_hash = text_hash(text)
    session.add(NoteText(document_id=note.document_id, sequence=note.sequence, text=text))


def _next_version(note: Note, now: datetime) -> None:
    note.sequence += 1
    note.generation = note.counting_from = 1
    note.losses, note.overdue_at, note.written_at = 0, None, None
    note.updated_at = now


def _why_not_screened(session: Session, submission: Submission) -> str | None:
    if submission.opted_out:
        return "opted-out"
    return "replaced" if _is_replaced(session, submission.document.id) else None


def _is_replaced(session: Session, document_id: str) -> bool:
    replacing = select(Replacement.document_id).where(Replacement.replaced_id == document_id)
    return session.exec(replacing).first() is not None


def _is_living(note: Note) -> bool:
    return note.sequence > 0 and note.retraction is None


def _follow_replacements(session: Session, document: NoteDocument, now: datetime) -> None:
    """What this version replaces does not count; what it no longer replaces counts again."""
    before = select(Replacement).where(Replacement.document_id == document.id)
    for gone in session.exec(before).all():
        if gone.replaced_id not in document.replaces:
            session.delete(gone)
            session.flush()
            _count_again(session, gone.replaced_id, now)
    for replaced_id in document.replaces:
        if replaced_id == document.id:
            continue
        session.merge(Replacement(document_id=document.id, replaced_id=replaced_id))
        replaced = session.get(Note, replaced_id, with_for_update=True)
        if replaced is not None and _is_living(replaced):
            retract(session, replaced, "replaced", now)


def _count_again(session: Session, document_id: str, now: datetime) -> None:
    note = session.get(Note, document_id, with_for_update=True)
    if note is None or note.retraction != "replaced" or _is_replaced(session, document_id):
        return
    texts = select(NoteText).where(NoteText.document_id == document_id)
    latest = session.exec(texts.order_by(col(NoteText.sequence).desc())).first()
    if latest is not None:
        _live(session, note, latest.text, now)
        say(session, note)


def _is_outdated(session: Session, note: Note, submission: Submission) -> bool:
    """Whether something newer is known from the same side: the senders count their versions,
    the FHIR server counts its own."""
    document = submission.document
    if submission.resource is not None:
        return _age(document, note.sent_version, note.sent_at) < 0
    if deposits.is_waiting(session, note):
        return True  # what was pushed is about to replace what the server has
    age = _age(document, note.version_id, note.last_updated)
    # Once the server has refused a pushed version, only what it has had since is newer.
    return age <= 0 if deposits.is_parked(session, note) else age < 0


def _age(document: NoteDocument, version: str | None, at: datetime | None) -> int:
    """-1, 0 or 1: the document is older, as old as, or newer than the version known; versions
    that are no numbers are compared by lastUpdated, and what has neither is newer."""
    theirs = document.version_id
    if version is not None and theirs is not None and (version + theirs).isdecimal():
        return (int(theirs) > int(version)) - (int(theirs) < int(version))
    if at is not None and document.last_updated is not None:
        return (document.last_updated > at) - (document.last_updated < at)
    return 1


def _remember_origin(note: Note, submission: Submission) -> None:
    document = submission.document
    if submission.resource is None:
        note.version_id, note.last_updated = document.version_id, document.last_updated
    else:
        note.sent_version, note.sent_at = document.version_id, document.last_updated
