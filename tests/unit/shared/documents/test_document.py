"""What a DocumentReference says of its note."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.document import fingerprint, moment, read_document
from shared.documents.problem import Problem
from shared.events import DateSource


@pytest.fixture
def read(base):
    return lambda resource, attachment=None: read_document(resource, attachment, base)


def test_a_note_names_its_patient_relative_or_below_the_servers_base(read, note_resource, base):
    for reference in ("Patient/p1", f"{base}/Patient/p1", "Patient/p1/_history/2"):
        assert read(note_resource(subject={"reference": reference})).patient_id == "p1"


@pytest.mark.parametrize(
    ("subject", "cause"),
    [
        (None, "has no subject"),
        ({"identifier": {"value": "MRN 1"}}, "without a reference"),
        ({"display": "somebody"}, "without a reference"),
        ({"reference": "Group/g1"}, "not a Patient on the FHIR server"),
        ({"reference": "#contained"}, "not a Patient on the FHIR server"),
        ({"reference": "urn:uuid:6a1f"}, "not a Patient on the FHIR server"),
        ({"reference": "http://other.example/fhir/Patient/p1"}, "not a Patient on the FHIR"),
    ],
)
def test_a_note_without_a_patient_on_the_server_is_refused(read, note_resource, subject, cause):
    with pytest.raises(Problem, match=rf"{cause}.*Send subject.reference as Patient/<id>") as no:
        read(note_resource(subject=subject))
    assert "somebody" not in str(no.value)


def test_the_date_is_the_notes_own_else_the_attachments_else_unknown(read, note_resource):
    created = {"creation": "2026-09-01T10:00:00+02:00"}
    with_date = read(note_resource(), created)
    assert with_date.note_date == datetime(2026, 10, 30, 10, tzinfo=UTC)
    assert with_date.note_date_source is DateSource.DATE
    with_creation = read(note_resource(date=None), created)
    assert with_creation.note_date == datetime(2026, 9, 1, 8, tzinfo=UTC)
    assert with_creation.note_date_source is DateSource.CREATION
    without = read(note_resource(date=None))
    assert (without.note_date, without.note_date_source) == (None, DateSource.RECEIVED)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-05", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-07", datetime(2026, 5, 7, tzinfo=UTC)),
        ("2026-05-07T23:59:60Z", datetime(2026, 5, 7, 23, 59, 59, tzinfo=UTC)),
        ("2026-05-07T08:15:00.25-04:00", datetime(2026, 5, 7, 12, 15, 0, 250000, tzinfo=UTC)),
    ],
)
def test_partial_dates_are_their_first_moment(written, meant):
    assert moment(written) == meant


def test_an_impossible_date_is_refused():
    with pytest.raises(Problem, match=r"date .* cannot be read"):
        moment("2026-02-30T00:00:00Z")


_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@given(st.datetimes(timezones=_OFFSETS))
def test_every_instant_is_read_as_that_instant(instant):
    assert moment(instant.isoformat()) == instant


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"docStatus": "entered-in-error"}, "entered-in-error"),
        ({"status": "superseded"}, "superseded"),
        ({"status": "superseded", "docStatus": "entered-in-error"}, "entered-in-error"),
        ({}, None),
        ({"docStatus": "amended"}, None),
    ],
)
def test_status_and_doc_status_take_a_note_back(read, note_resource, elements, reason):
    assert read(note_resource(**elements)).retraction == reason


def test_a_note_can_be_taken_back_without_its_subject(read, note_resource):
    retracted = read(note_resource(subject=None, status="entered-in-error"))
    assert (retracted.patient_id, retracted.retraction) == (None, "entered-in-error")


def test_what_it_replaces_is_named_by_reference_or_identifier(read, note_resource):
    identifier = {"system": "urn:hospital:notes", "value": "4711"}
    by_identifier = read(note_resource(id=None, identifier=[identifier])).id
    replacing = note_resource(
        relatesTo=[
            {"code": "replaces", "target": {"reference": "DocumentReference/old"}},
            {"code": "replaces", "target": {"identifier": identifier}},
            {"code": "appends", "target": {"reference": "DocumentReference/other"}},
            {"code": "replaces", "target": {"reference": "http://other.example/fhir/X/1"}},
        ]
    )
    assert read(replacing).replaces == ("old", by_identifier)


def test_a_replacement_entered_in_error_replaces_nothing(read, note_resource):
    link = {"code": "replaces", "target": {"reference": "DocumentReference/old"}}
    assert read(note_resource(relatesTo=[link], status="superseded")).replaces == ("old",)
    assert read(note_resource(relatesTo=[link], status="entered-in-error")).replaces == ()


def test_the_encounter_counts_if_it_is_the_only_one(read, note_resource):
    one = {"encounter": [{"reference": "Encounter/e1"}]}
    two = {"encounter": [{"reference": "Encounter/e1"}, {"reference": "Encounter/e2"}]}
    assert read(note_resource(context=one)).encounter_id == "e1"
    assert read(note_resource(context=two)).encounter_id is None
    assert read(note_resource()).encounter_id is None


def test_the_fingerprint_ignores_what_only_the_server_counts(read, note_resource):
    first = read(note_resource(meta={"versionId": "1"}))
    second = read(note_resource(meta={"versionId": "2"}, description="other title"))
    assert fingerprint(first, "hash") == fingerprint(second, "hash")


@pytest.mark.parametrize(
    "elements",
    [
        {"subject": {"reference": "Patient/p2"}},
        {"date": "2026-10-30T10:00:01Z"},
        {"status": "superseded"},
        {"context": {"encounter": [{"reference": "Encounter/e1"}]}},
    ],
)
def test_the_fingerprint_changes_with_whatever_an_answer_depends_on(read, note_resource, elements):
    before = fingerprint(read(note_resource()), "hash")
    assert fingerprint(read(note_resource(**elements)), "hash") != before
    assert fingerprint(read(note_resource()), "other hash") != before
