"""The way of a note through ingest while servers come and go."""

from __future__ import annotations

import pytest

from services.ingest.app import create_app
from shared.bus import Message, open_bus
from shared.events import NoteProgress, Topic, notes_event

from .conftest import Served, eventually


@pytest.fixture
def topic(settings):
    """Reads the notes topic as extract does."""
    bus = open_bus(settings.bus())
    consumer = bus.consumer(Topic.NOTES, "extract")

    def read():
        found = consumer.poll(100, 0)
        consumer.commit(found)
        return [notes_event.validate_json(one.message.value) for one in found]

    read.bus = bus
    yield read
    consumer.close()
    bus.close()


def status(ingest, id="note-1"):
    return ingest.http.get(f"/notes/{id}").json()


def reaches(ingest, state, id="note-1"):
    return eventually(lambda: (s := status(ingest, id)).get("state") == state and s)


def report(bus, event, state, reason=None):
    progress = NoteProgress(note=event.note, state=state, reason=reason)
    message = Message(event.note.patient_id, progress.model_dump_json().encode())
    bus.publish(Topic.PROGRESS, [message])


def test_progress_reported_on_the_topic_is_seen_in_the_state(ingest, note, topic):
    ingest.http.post("/fhir/DocumentReference", json=note())
    (event,) = eventually(topic)
    report(topic.bus, event, "answered")
    reaches(ingest, "answered")
    report(topic.bus, event, "written")
    assert reaches(ingest, "written")["written_at"] is not None


def test_a_report_that_is_none_holds_up_no_other(ingest, note, topic):
    ingest.http.post("/fhir/DocumentReference", json=note())
    (event,) = eventually(topic)
    topic.bus.publish(Topic.PROGRESS, [Message("p1", b"{}")])
    report(topic.bus, event, "failed", "the student is gone")
    assert reaches(ingest, "failed")["reason"] == "the student is gone"
    assert ingest.http.post("/notes/note-1/retry").status_code == 202
    assert eventually(topic)[0].note.generation == 2
    assert ingest.http.get("/ready").json()["ready"]


def test_notes_pushed_while_the_fhir_server_is_down_are_kept_and_stored_later(ingest, fhir, note):
    fhir.stop()
    for number in range(3):
        answer = ingest.http.post("/fhir/DocumentReference", json=note(id=f"n{number}"))
        assert (answer.status_code, answer.json()["state"]) == (201, "received")
    assert ingest.http.get("/ready").status_code == 200
    fhir.start()
    for number in range(3):
        reaches(ingest, "queued", f"n{number}")
        assert fhir.http.get(f"/DocumentReference/n{number}").status_code == 200


def test_a_note_in_a_binary_is_not_acknowledged_while_the_server_is_down(ingest, fhir, note):
    fhir.stop()
    attachment = {"contentType": "text/plain", "url": "Binary/b1"}
    answer = ingest.http.post(
        "/fhir/DocumentReference", json=note(content=[{"attachment": attachment}])
    )
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert ingest.http.get("/notes").json()["notes"] == []
    fhir.start()


def test_ingest_restarted_in_the_middle_goes_on_with_what_it_accepted(settings, fhir, note, topic):
    fhir.stop()
    ingest = Served(lambda: create_app(settings))
    ingest.start()
    assert ingest.http.post("/fhir/DocumentReference", json=note()).status_code == 201
    ingest.stop()
    fhir.start()
    ingest.start()
    try:
        reaches(ingest, "queued")
        assert [event.note.sequence for event in eventually(topic)] == [1]
    finally:
        ingest.stop()


def test_the_sweep_finds_what_no_notification_told_of(ingest, fhir, note, topic):
    fhir.http.put("/DocumentReference/note-1", json=note()).raise_for_status()
    assert [event.note.document_id for event in eventually(topic)] == ["note-1"]
    assert status(ingest)["version"] == "1"


def test_the_sweep_does_not_take_the_stored_copy_of_a_pushed_note_for_a_new_version(
    ingest, fhir, note, topic
):
    ingest.http.post("/fhir/DocumentReference", json=note())
    eventually(topic)
    fhir.http.put("/DocumentReference/marker", json=note(id="marker")).raise_for_status()
    reaches(ingest, "queued", "marker")  # so the sweep has been past both
    assert status(ingest)["sequence"] == 1


def test_the_sweep_sees_changes_and_retractions(ingest, fhir, note, topic):
    fhir.http.put("/DocumentReference/note-1", json=note()).raise_for_status()
    reaches(ingest, "queued")
    fhir.http.put("/DocumentReference/note-1", json=note("changed")).raise_for_status()
    eventually(lambda: status(ingest)["sequence"] == 2)
    fhir.http.put("/DocumentReference/note-1", json=note(status="entered-in-error"))
    assert reaches(ingest, "retracted")["retraction"] == "entered-in-error"
    events = []
    eventually(lambda: events.extend(topic()) or len(events) >= 3)
    assert [event.kind for event in events] == ["note-queued", "note-queued", "note-retracted"]


def test_an_unreadable_note_on_the_server_is_failed_with_its_reason_and_read_again_on_retry(
    ingest, fhir, note
):
    attachment = {"contentType": "text/plain", "url": "Binary/late"}
    resource = note(content=[{"attachment": attachment}])
    fhir.http.put("/DocumentReference/note-1", json=resource).raise_for_status()
    assert "Binary/late is not on the FHIR server" in reaches(ingest, "failed")["reason"]
    binary = {"resourceType": "Binary", "id": "late", "contentType": "text/plain", "data": "QUJD"}
    fhir.http.put("/Binary/late", json=binary).raise_for_status()
    ingest.http.post("/notes/note-1/retry")
    reaches(ingest, "queued")
    assert ingest.http.get("/notes/note-1/text").text == "ABC"


@pytest.mark.parametrize("payload", [True, False])
def test_a_rest_hook_brings_a_note_in_at_once(settings, fhir, note, payload):
    settings.ingest_sweep_seconds = 3600
    ingest = Served(lambda: create_app(settings))
    ingest.start()
    try:
        channel = {"type": "rest-hook", "endpoint": f"{ingest.url}/hooks/fhir"}
        subscription = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "notes",
            "criteria": "DocumentReference?",
            "channel": channel | ({"payload": "application/fhir+json"} if payload else {}),
        }
        fhir.http.post("/Subscription", json=subscription).raise_for_status()
        fhir.http.put("/DocumentReference/note-1", json=note()).raise_for_status()
        reaches(ingest, "queued")
    finally:
        ingest.stop()


def test_patients_who_opted_out_are_not_screened(settings, fhir, note):
    member = {"entity": {"reference": "Patient/p1"}}
    group = {"resourceType": "Group", "id": "out", "type": "person", "actual": True}
    fhir.http.put("/Group/out", json=group | {"member": [member]}).raise_for_status()
    settings.opt_out_group = "out"
    ingest = Served(lambda: create_app(settings))
    ingest.start()
    try:
        answer = ingest.http.post("/fhir/DocumentReference", json=note())
        assert (answer.json()["state"], answer.json()["retraction"]) == ("retracted", "opted-out")
        assert ingest.http.get("/notes/note-1/text").status_code == 404
    finally:
        ingest.stop()
