"""What the entries of a Bundle say of each other is resolved before they are taken in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.bundle import bundle_type, read_entries
from shared.documents.problem import Problem

PUT = {"method": "PUT", "url": "DocumentReference/note-1"}


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_references_to_other_entries_become_references_by_id(note_resource):
    patient = {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "id": "p7"}}
    doctor = {"fullUrl": "urn:uuid:d", "resource": {"resourceType": "Practitioner", "id": "d7"}}
    note = note_resource(subject={"reference": "urn:uuid:p"}, author=[{"reference": "urn:uuid:d"}])
    entries = read_entries(bundle("message", patient, doctor, {"resource": note}))
    assert [entry.resource is None for entry in entries] == [True, True, False]
    assert entries[2].resource["subject"] == {"reference": "Patient/p7"}
    assert entries[2].resource["author"] == [{"reference": "Practitioner/d7"}]
    assert note["subject"] == {"reference": "urn:uuid:p"}


def test_a_replaced_note_of_the_same_bundle_is_named_by_the_id_made_for_it(note_resource):
    old = note_resource(id=None, identifier=[{"system": "s", "value": "1"}])
    link = [{"code": "replaces", "target": {"reference": "urn:uuid:old"}}]
    entries = read_entries(
        bundle(
            "collection",
            {"fullUrl": "urn:uuid:old", "resource": old},
            {"resource": note_resource(relatesTo=link)},
        )
    )
    target = entries[1].resource["relatesTo"][0]["target"]["reference"]
    assert target.startswith("DocumentReference/") and "urn" not in target


def test_a_binary_of_the_bundle_is_taken_for_the_attachment_that_names_it(note_resource):
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "QUJD"}
    note = note_resource(content=[{"attachment": {"url": "urn:uuid:b"}}])
    entries = read_entries(
        bundle(
            "batch",
            {"fullUrl": "urn:uuid:b", "resource": binary, "request": {"method": "POST"}},
            {"resource": note, "request": PUT},
        )
    )
    assert entries[0].problem is None
    assert entries[1].resource["content"] == [
        {"attachment": {"contentType": "text/plain", "data": "QUJD"}}
    ]


def test_other_resources_are_context_in_a_message_and_a_problem_in_a_batch():
    entry = {"resource": {"resourceType": "Patient", "id": "p"}, "request": PUT}
    assert read_entries(bundle("message", entry))[0].problem is None
    (refused,) = read_entries(bundle("batch", entry))
    assert "not a DocumentReference" in str(refused.problem)
    assert refused.problem.expression == "Bundle.entry[0].resource"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (None, 422),
        ({"method": "DELETE", "url": "DocumentReference/note-1"}, 422),
        ({"method": "PUT", "url": "DocumentReference/other"}, 400),
        ({"method": "PUT"}, 422),
    ],
)
def test_a_request_that_cannot_be_done_is_a_problem_of_its_entry(note_resource, request_, status):
    (entry,) = read_entries(bundle("batch", {"resource": note_resource(), "request": request_}))
    assert entry.problem.status == status


@pytest.mark.parametrize(
    "body", [None, [], {}, {"resourceType": "Bundle"}, {"resourceType": "Bundle", "type": "x"}]
)
def test_what_is_no_bundle_is_refused(body):
    with pytest.raises(Problem):
        bundle_type(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resource", "fullUrl", "content", "attachment", "url", "reference", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON, st.sampled_from(["batch", "message"]))
def test_strange_entries_are_a_problem_and_never_an_error(entries, kind):
    body = {"resourceType": "Bundle", "type": kind, "entry": entries}
    try:
        for entry in read_entries(body):
            assert entry.path.startswith("Bundle.entry[")
    except Problem as problem:
        assert problem.expression == "Bundle.entry"
