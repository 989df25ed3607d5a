"""Whose a resource is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.writeback.ownership import fingerprint, reconcile
from services.writeback.tables import ResourceRow
from shared.fhir import systems
from shared.fhir.client import Resource

SUMMARY = {"coding": [{"system": systems.SUMMARIES, "code": "study"}]}


def stands(version: str, status: str = "preliminary", **content: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "meta": {"versionId": version},
        "status": status,
        **content,
    }


def remembered(resource: Resource | None = None, **changes: Any) -> ResourceRow:
    """As after `resource` was written and confirmed."""
    row = ResourceRow(reference="Observation/o1", patient_id="p1")
    if resource is not None:
        row.intended = row.written = fingerprint(resource)
        row.version = resource["meta"]["versionId"]
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def test_what_is_as_it_was_written_is_the_machines() -> None:
    row = remembered(stands("1"))
    assert reconcile(row, stands("1")) is False
    assert row.person_version is None


def test_what_was_about_to_be_written_when_the_process_ended_is_the_machines() -> None:
    sent = stands("2", valueBoolean=True)
    row = remembered(stands("1"), intended=fingerprint(sent))
    assert reconcile(row, sent) is False
    assert (row.version, row.written, row.person_version) == ("2", fingerprint(sent), None)


def test_what_a_server_stores_in_its_own_words_is_the_machines_by_its_version() -> None:
    row = remembered(stands("1", valueBoolean=True))
    assert reconcile(row, stands("1", valueBoolean=True, language="en")) is False


@pytest.mark.parametrize("status", ["final", "corrected", "preliminary", "entered-in-error"])
def test_any_other_content_in_another_version_is_a_persons(status: str) -> None:
    row = remembered(stands("1", valueBoolean=True))
    assert reconcile(row, stands("2", status, valueBoolean=False)) is True
    assert (row.person_version, row.person_status) == ("2", status)


def test_a_persons_version_is_news_only_once() -> None:
    row = remembered(stands("1", valueBoolean=True))
    corrected = stands("2", "final", valueBoolean=False)
    assert [reconcile(row, corrected), reconcile(row, corrected)] == [True, False]


def test_a_persons_next_version_is_news_again() -> None:
    row = remembered(stands("1", valueBoolean=True))
    reconcile(row, stands("2", "final", valueBoolean=False))
    assert reconcile(row, stands("3", "corrected", valueBoolean=True)) is True


def test_without_memory_a_preliminary_observation_is_the_machines() -> None:
    row = remembered()
    assert reconcile(row, stands("7")) is False
    assert (row.version, row.person_version) == ("7", None)


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_without_memory_a_reviewed_observation_is_a_persons(status: str) -> None:
    assert reconcile(remembered(), stands("7", status)) is True


def test_a_summary_is_the_machines_whoever_touched_it() -> None:
    row = remembered(stands("1", code=SUMMARY))
    assert reconcile(row, stands("2", code=SUMMARY, note=[{"text": "Seen."}])) is False
    assert row.version == "2"


def test_what_is_gone_may_be_written_anew() -> None:
    row = remembered(stands("1"))
    assert reconcile(row, None) is False
    assert (row.version, row.written, row.person_version) == (None, None, None)


def test_the_fingerprint_does_not_see_what_servers_add() -> None:
    one, two = stands("1"), stands("9", text={"status": "generated", "div": "<div/>"})
    assert fingerprint(one) == fingerprint(two)


def test_a_summary_of_another_day_alone_is_no_change() -> None:
    one = stands("1", code=SUMMARY, effectiveDateTime="2026-10-01")
    assert fingerprint(one) == fingerprint({**one, "effectiveDateTime": "2026-10-02"})


@given(st.integers(-(10**6), 10**6))
def test_numbers_are_the_same_however_they_are_written(number: int) -> None:
    one = stands("1", valueQuantity={"value": number})
    assert fingerprint(one) == fingerprint(stands("1", valueQuantity={"value": float(number)}))


@given(st.booleans(), st.booleans())
def test_different_content_has_a_different_fingerprint(one: bool, two: bool) -> None:
    same = fingerprint(stands("1", valueBoolean=one)) == fingerprint(stands("1", valueBoolean=two))
    assert same is (one is two)
