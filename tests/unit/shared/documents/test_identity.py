"""The same note sent twice is one note."""

from __future__ import annotations

import pytest

from shared.documents.identity import document_id
from shared.documents.problem import Problem

ACCESSION = {"system": "urn:hospital:notes", "value": "4711"}


def test_the_resources_own_id_counts_first():
    assert document_id({"id": "abc", "identifier": [ACCESSION]}) == "abc"


def test_without_an_id_the_identifier_makes_one_that_is_always_the_same():
    first = document_id({"identifier": [ACCESSION]})
    again = document_id({"identifier": [dict(ACCESSION)], "status": "superseded"})
    assert first == again
    assert first != document_id({"identifier": [ACCESSION | {"value": "4712"}]})
    assert first != document_id({"identifier": [ACCESSION | {"system": "urn:other"}]})


def test_the_identifier_of_all_versions_goes_before_the_one_of_this_version():
    of_note = document_id({"identifier": [ACCESSION]})
    master = {"system": "urn:hospital:versions", "value": "4711-2"}
    assert document_id({"identifier": [ACCESSION], "masterIdentifier": master}) == of_note
    assert document_id({"masterIdentifier": master}) != of_note


def test_of_several_identifiers_the_official_one_counts_wherever_it_stands():
    official = ACCESSION | {"use": "official"}
    other = {"system": "urn:x", "value": "1"}
    assert document_id({"identifier": [other, official]}) == document_id(
        {"identifier": [official, other]}
    )


@pytest.mark.parametrize("resource", [{}, {"identifier": [{"system": "urn:x"}]}, {"identifier": 3}])
def test_a_note_that_could_not_be_recognised_again_is_refused(resource):
    with pytest.raises(Problem, match=r"neither an id nor an identifier.*recognised"):
        document_id(resource)


@pytest.mark.parametrize("id", ["..", "a/b", "", "x" * 65, 7, "a b"])
def test_an_id_that_is_none_is_refused(id):
    with pytest.raises(Problem, match="not a FHIR id"):
        document_id({"id": id})
