"""From the ledger to the topic and back: nothing is lost, stale reports count for nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.ingest.ledger import Submission, record
from services.ingest.outbox import relay
from services.ingest.progress import advance
from services.ingest.queueing import queue_again, queue_lost, rescreen
from services.ingest.tables import Note, NoteState
from shared.bus import BusUnavailable, open_bus
from shared.database import session
from shared.documents.document import read_document
from shared.events import NoteProgress, NoteQueued, NoteRef, NoteRetracted, Topic, notes_event

PATIENCE = timedelta(minutes=15)


class Pipeline:
    def __init__(self, engine, bus, base, now, make):
        self.engine, self.bus, self.base, self.now, self.make = engine, bus, base, now, make
        self.consumer = bus.consumer(Topic.NOTES, "extract")

    def enter(self, text="No chest pain.", **elements):
        document = read_document(self.make(text, **elements), None, self.base)
        kept = None if document.retraction else text
        with session(self.engine) as opened:
            record(opened, Submission(document, kept), self.now)

    def relay(self, bus=None):
        return relay(self.engine, bus or self.bus, 100, PATIENCE, self.now)

    def events(self):
        found = self.consumer.poll(100, 0)
        self.consumer.commit(found)
        return [notes_event.validate_json(one.message.value) for one in found]

    def do(self, change, *arguments):
        with session(self.engine) as opened:
            note = opened.get_one(Note, "note-1")
            return change(opened, note, *arguments)

    def report(self, state, sequence=1, generation=1, reason=None):
        ref = NoteRef(
            document_id="note-1",
            patient_id="p1",
            sequence=sequence,
            generation=generation,
            note_hash="",
        )
        event = NoteProgress(note=ref, state=state, reason=reason)
        with session(self.engine) as opened:
            return advance(opened, event, PATIENCE, self.now)

    def lost(self):
        with session(self.engine) as opened:
            return queue_lost(opened, self.now, 100)

    def rescreen(self):
        with session(self.engine) as opened:
            return rescreen(opened, self.now)

    @property
    def note(self):
        with session(self.engine, read_only=True) as opened:
            return opened.get_one(Note, "note-1")


@pytest.fixture
def pipeline(engine, tmp_path, base, now, note_resource):
    bus = open_bus(f"sqlite:///{tmp_path / 'bus.db'}")
    pipeline = Pipeline(engine, bus, base, now, note_resource)
    yield pipeline
    pipeline.consumer.close()
    bus.close()


def test_an_entered_note_reaches_the_topic_with_all_that_answering_needs(pipeline):
    pipeline.enter("Größe 1,80 m\r\n", context={"encounter": [{"reference": "Encounter/e1"}]})
    assert pipeline.note.state == NoteState.RECEIVED
    assert pipeline.relay() == 1
    (event,) = pipeline.events()
    assert isinstance(event, NoteQueued)
    assert (event.text, event.encounter_id) == ("Größe 1,80 m\r\n", "e1")
    assert (event.note.document_id, event.note.patient_id) == ("note-1", "p1")
    assert (event.note.sequence, event.note.generation) == (1, 1)
    assert pipeline.note.state == NoteState.QUEUED


def test_a_crash_between_commit_and_publish_loses_nothing(pipeline):
    class CrashingBus:
        def publish(self, topic, messages):
            raise BusUnavailable("gone")

    pipeline.enter()
    with pytest.raises(BusUnavailable):
        pipeline.relay(CrashingBus())
    assert pipeline.note.state == NoteState.RECEIVED
    pipeline.relay()
    assert len(pipeline.events()) == 1


def test_a_crash_between_publish_and_commit_publishes_the_same_event_again(pipeline):
    class CrashesAfterPublish:
        def publish(self, topic, messages):
            pipeline.bus.publish(topic, messages)
            raise KeyboardInterrupt

    pipeline.enter()
    with pytest.raises(KeyboardInterrupt):
        pipeline.relay(CrashesAfterPublish())
    pipeline.relay()
    first, second = pipeline.events()
    assert first == second


def test_only_the_newest_of_two_waiting_versions_is_published(pipeline):
    pipeline.enter("one")
    pipeline.enter("two")
    pipeline.relay()
    assert [event.text for event in pipeline.events()] == ["two"]


def test_retractions_are_published_in_order(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.enter(status="entered-in-error")
    pipeline.relay()
    _, event = pipeline.events()
    assert isinstance(event, NoteRetracted)
    assert (event.reason, event.note.sequence) == ("entered-in-error", 2)
    assert pipeline.note.state == NoteState.RETRACTED


def test_progress_moves_the_state_on(pipeline):
    pipeline.enter()
    pipeline.relay()
    assert pipeline.report("answered")
    assert pipeline.note.state == NoteState.ANSWERED
    assert pipeline.report("written")
    assert (pipeline.note.state, pipeline.note.written_at) == (NoteState.WRITTEN, pipeline.now)


def test_a_failure_keeps_its_reason_until_a_retry_succeeds(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.report("failed", reason="the student is gone")
    assert (pipeline.note.state, pipeline.note.reason) == (NoteState.FAILED, "the student is gone")
    pipeline.do(queue_again, pipeline.now)
    pipeline.relay()
    assert pipeline.events()[-1].note.generation == 2
    pipeline.report("written", generation=2)
    assert (pipeline.note.state, pipeline.note.reason) == (NoteState.WRITTEN, None)


def test_progress_of_an_earlier_version_counts_for_nothing(pipeline):
    pipeline.enter("one")
    pipeline.enter("two")
    pipeline.relay()
    assert not pipeline.report("written", sequence=1)
    assert pipeline.note.state == NoteState.QUEUED


def test_progress_reported_twice_or_late_does_not_move_a_written_note_back(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.report("written")
    assert not pipeline.report("answered")
    assert not pipeline.report("failed", reason="second delivery")
    assert pipeline.note.state == NoteState.WRITTEN


def test_progress_before_the_relay_has_committed_stands(pipeline):
    class FastConsumers:
        def publish(self, topic, messages):
            pipeline.report("answered")

    pipeline.enter()
    pipeline.relay(FastConsumers())
    assert pipeline.note.state == NoteState.ANSWERED


def test_a_note_that_nobody_reports_on_is_queued_again(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.now += PATIENCE - timedelta(seconds=1)
    assert pipeline.lost() == 0
    pipeline.now += timedelta(seconds=1)
    assert pipeline.lost() == 1
    pipeline.relay()
    assert [event.note.generation for event in pipeline.events()] == [1, 2]


def test_patience_doubles_with_each_loss_so_that_a_backlog_does_not_grow(pipeline):
    pipeline.enter()
    waits = []
    for _ in range(4):
        pipeline.relay()
        waits.append(pipeline.note.overdue_at - pipeline.now)
        pipeline.now = pipeline.note.overdue_at
        pipeline.lost()
    assert waits == [PATIENCE, PATIENCE * 2, PATIENCE * 4, PATIENCE * 8]


def test_the_first_delivery_of_a_note_taken_for_lost_still_counts(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.now += PATIENCE
    pipeline.lost()
    assert pipeline.report("written", generation=1)
    assert pipeline.note.state == NoteState.WRITTEN


def test_an_answered_note_that_is_never_written_is_queued_again(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.report("answered")
    pipeline.now += PATIENCE
    assert pipeline.lost() == 1


def test_written_and_failed_notes_are_not_taken_for_lost(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.report("failed", reason="poison")
    pipeline.now += PATIENCE * 100
    assert pipeline.lost() == 0
    pipeline.report("written")
    assert pipeline.lost() == 0


def test_a_retraction_that_nobody_reports_on_is_said_again(pipeline):
    pipeline.enter()
    pipeline.enter(status="superseded")
    pipeline.relay()
    pipeline.now += PATIENCE
    assert pipeline.lost() == 1
    pipeline.relay()
    assert [(e.kind, e.note.generation) for e in pipeline.events()] == [
        ("note-retracted", 1),
        ("note-retracted", 2),
    ]
    pipeline.report("written", sequence=2, generation=2)
    pipeline.now += PATIENCE * 100
    assert pipeline.lost() == 0
    assert pipeline.note.state == NoteState.RETRACTED


def test_rescreening_queues_every_living_note_once_more(pipeline):
    pipeline.enter()
    pipeline.enter(id="note-2")
    pipeline.enter(id="note-3", status="entered-in-error")
    pipeline.relay()
    pipeline.report("written")
    pipeline.events()
    assert pipeline.rescreen() == 2
    assert pipeline.note.state == NoteState.RECEIVED
    pipeline.relay()
    assert sorted((e.note.document_id, e.note.generation) for e in pipeline.events()) == [
        ("note-1", 2),
        ("note-2", 2),
    ]


def test_after_rescreening_a_report_on_the_earlier_queueing_counts_for_nothing(pipeline):
    pipeline.enter()
    pipeline.relay()
    pipeline.rescreen()
    pipeline.relay()
    assert not pipeline.report("written", generation=1)
    assert pipeline.note.state == NoteState.QUEUED
    assert pipeline.report("written", generation=2)
