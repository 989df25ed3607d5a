"""Which version of a note counts, and what is said about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from services.ingest import deposits
from services.ingest.ledger import Result, Submission, record, refuse
from services.ingest.tables import Deposit, Note, NoteState, NoteText, Outbox
from shared.database import session
from shared.documents.document import read_document
from shared.documents.problem import invalid


class Ledger:
    """The ledger as its callers see it: versions in, events and states out."""

    def __init__(self, engine, base, now, make):
        self.engine, self.base, self.now, self.make = engine, base, now, make

    def enter(
        self,
        text: str = "No chest pain.",
        *,
        pushed: bool = False,
        opted_out=False,
        **elements: Any,
    ) -> Result:
        resource = self.make(text, **elements)
        document = read_document(resource, None, self.base)
        kept = None if document.retraction else text
        submission = Submission(document, kept, resource if pushed else None, opted_out)
        with session(self.engine) as opened:
            return record(opened, submission, self.now)[0]

    def note(self, id: str = "note-1") -> Note:
        with session(self.engine, read_only=True) as opened:
            return opened.get_one(Note, id)

    def said(self) -> list[tuple[str, str, int, str | None]]:
        with session(self.engine, read_only=True) as opened:
            return [
                (row.document_id, row.patient_id, row.sequence, row.retraction)
                for row in opened.exec(select(Outbox).order_by(Outbox.id))
            ]


@pytest.fixture
def ledger(engine, base, now, note_resource):
    return Ledger(engine, base, now, note_resource)


def server(version: int, **elements: Any) -> dict[str, Any]:
    return {"meta": {"versionId": str(version)}, **elements}


def replacing(id: str) -> list[dict[str, Any]]:
    return [{"code": "replaces", "target": {"reference": f"DocumentReference/{id}"}}]


def test_a_new_note_is_said_once_and_its_text_kept(ledger):
    assert ledger.enter(**server(1)) == Result.CREATED
    assert ledger.said() == [("note-1", "p1", 1, None)]
    with session(ledger.engine, read_only=True) as opened:
        assert opened.get_one(NoteText, ("note-1", 1)).text == "No chest pain."


def test_the_same_version_again_changes_nothing(ledger):
    ledger.enter(**server(1))
    assert ledger.enter(**server(1)) == Result.UNCHANGED
    assert ledger.enter(**server(2)) == Result.UNCHANGED
    assert len(ledger.said()) == 1
    assert ledger.note().version_id == "2"


def test_a_changed_version_supersedes_with_the_next_sequence(ledger):
    ledger.enter(**server(1))
    assert ledger.enter("Chest pain since noon.", **server(2)) == Result.UPDATED
    assert ledger.said()[1:] == [("note-1", "p1", 2, None)]


def test_an_older_version_that_arrives_late_is_dropped(ledger):
    ledger.enter("new", **server(10))
    assert ledger.enter("old", **server(9)) == Result.OUTDATED
    assert (ledger.note().sequence, ledger.note().version_id) == (1, "10")


def test_versions_that_are_no_numbers_are_ordered_by_last_updated(ledger):
    ledger.enter("new", meta={"versionId": "b7", "lastUpdated": "2026-10-30T12:00:00Z"})
    earlier = {"versionId": "c9", "lastUpdated": "2026-10-30T11:59:59Z"}
    later = {"versionId": "a1", "lastUpdated": "2026-10-30T12:00:01Z"}
    assert ledger.enter("old", meta=earlier) == Result.OUTDATED
    assert ledger.enter("newest", meta=later) == Result.UPDATED


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"docStatus": "entered-in-error"}, "entered-in-error"),
        ({"status": "superseded"}, "superseded"),
        ({"status": "entered-in-error", "subject": None, "content": None}, "entered-in-error"),
    ],
)
def test_a_retraction_is_a_version_of_its_own_for_the_same_patient(ledger, elements, reason):
    ledger.enter(**server(1))
    assert ledger.enter(**server(2, **elements)) == Result.RETRACTED
    assert ledger.said()[1:] == [("note-1", "p1", 2, reason)]
    assert ledger.note().state == NoteState.RETRACTED
    assert ledger.enter(**server(3, **elements)) == Result.UNCHANGED


def test_a_note_that_never_counted_is_not_taken_back(ledger):
    ledger.enter(status="entered-in-error")
    assert ledger.said() == []
    assert ledger.note().written_at == ledger.now


def test_a_retracted_note_can_count_again(ledger):
    ledger.enter(**server(1))
    ledger.enter(**server(2, status="entered-in-error"))
    ledger.enter(**server(3))
    assert ledger.said()[2:] == [("note-1", "p1", 3, None)]


def test_a_replaced_note_is_taken_back(ledger):
    ledger.enter()
    ledger.enter("corrected", id="note-2", relatesTo=replacing("note-1"))
    assert ("note-1", "p1", 2, "replaced") in ledger.said()
    assert ledger.note().retraction == "replaced"
    assert ledger.enter() == Result.UNCHANGED  # the server's own copy may still say current


def test_a_note_that_was_replaced_before_it_arrived_never_counts(ledger):
    ledger.enter("corrected", id="note-2", relatesTo=replacing("note-1"))
    assert ledger.enter() == Result.RETRACTED
    assert ledger.said() == [("note-2", "p1", 1, None)]


def test_what_a_replacement_entered_in_error_replaced_counts_again(ledger):
    ledger.enter()
    link = replacing("note-1")
    ledger.enter("corrected", id="note-2", relatesTo=link)
    ledger.enter("corrected", id="note-2", relatesTo=link, status="entered-in-error")
    assert ledger.said()[-2:] == [
        ("note-1", "p1", 3, None),
        ("note-2", "p1", 2, "entered-in-error"),
    ]


def test_the_first_of_a_chain_of_replacements_stays_taken_back(ledger):
    ledger.enter()
    ledger.enter("second", id="note-2", relatesTo=replacing("note-1"))
    ledger.enter("third", id="note-3", relatesTo=replacing("note-2"))
    ledger.enter("second", id="note-2", relatesTo=replacing("note-1"), status="superseded")
    assert [ledger.note(f"note-{n}").retraction for n in (1, 2, 3)] == [
        "replaced",
        "superseded",
        None,
    ]


def test_a_note_that_replaces_itself_counts(ledger):
    ledger.enter(relatesTo=replacing("note-1"))
    assert ledger.note().retraction is None


def test_a_note_moved_to_another_patient_is_first_taken_back_from_the_former(ledger):
    ledger.enter(**server(1))
    ledger.enter(**server(2, subject={"reference": "Patient/p2"}))
    assert ledger.said()[1:] == [("note-1", "p1", 2, "superseded"), ("note-1", "p2", 3, None)]


def test_a_note_of_a_patient_who_opted_out_is_neither_said_nor_kept(ledger):
    assert ledger.enter(opted_out=True) == Result.RETRACTED
    assert ledger.said() == []
    with session(ledger.engine, read_only=True) as opened:
        assert opened.exec(select(NoteText)).all() == []


def test_a_pushed_note_waits_for_the_fhir_server(ledger):
    assert ledger.enter(pushed=True) == Result.CREATED
    assert ledger.said() == []
    with session(ledger.engine, read_only=True) as opened:
        assert [row.document_id for row in deposits.due(opened, ledger.now, 10)] == ["note-1"]


def test_a_retraction_that_was_pushed_is_said_at_once_and_stored_too(ledger):
    ledger.enter(pushed=True)
    ledger.enter(pushed=True, status="entered-in-error")
    assert ledger.said() == [("note-1", "p1", 2, "entered-in-error")]
    with session(ledger.engine, read_only=True) as opened:
        assert '"entered-in-error"' in opened.get_one(Deposit, "note-1").resource


def test_the_servers_copy_is_stale_while_a_pushed_version_waits(ledger):
    ledger.enter(**server(1))
    ledger.enter("pushed", pushed=True)
    assert ledger.enter(**server(1)) == Result.OUTDATED
    assert ledger.note().sequence == 2


def test_a_pushed_note_that_the_server_has_already_is_not_stored_again(ledger):
    ledger.enter(**server(1))
    assert ledger.enter(pushed=True) == Result.UNCHANGED
    with session(ledger.engine, read_only=True) as opened:
        assert opened.get(Deposit, "note-1") is None


def test_a_pushed_resource_with_a_new_title_is_stored_but_not_answered_again(ledger):
    ledger.enter(pushed=True)
    with session(ledger.engine) as opened:
        opened.delete(opened.get_one(Deposit, "note-1"))
    assert ledger.enter(pushed=True, description="Discharge letter") == Result.UNCHANGED
    with session(ledger.engine, read_only=True) as opened:
        assert "Discharge letter" in opened.get_one(Deposit, "note-1").resource


def test_a_refused_deposit_is_tried_again_when_the_note_is_pushed_again(ledger):
    ledger.enter(pushed=True)
    with session(ledger.engine) as opened:
        deposits.park(opened, opened.get_one(Deposit, "note-1"), "no such patient", ledger.now)
    assert ledger.note().state == NoteState.FAILED
    ledger.enter(pushed=True)
    assert (ledger.note().state, ledger.note().reason) == (NoteState.RECEIVED, None)


def test_an_unreadable_version_on_the_server_is_a_failed_note_with_its_reason(ledger):
    problem = invalid("The note is empty.", "Send text.")
    with session(ledger.engine) as opened:
        refuse(opened, "note-1", {"versionId": "1"}, problem, ledger.now)
    note = ledger.note()
    assert (note.state, note.reason) == (NoteState.FAILED, "The note is empty. Send text.")
    assert ledger.enter(**server(2)) == Result.CREATED
    assert ledger.note().state == NoteState.RECEIVED


def test_deposits_back_off_one_two_four_seconds_up_to_a_minute(ledger):
    ledger.enter(pushed=True)
    waits = []
    for _ in range(8):
        with session(ledger.engine) as opened:
            tried = opened.get_one(Deposit, "note-1")
            deposits.postpone(opened, tried, ledger.now, None)
            waits.append((tried.due_at - ledger.now) / timedelta(seconds=1))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
