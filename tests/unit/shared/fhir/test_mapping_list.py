"""The screening list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.fhir.mapping_list import ListedPatient, screening_list, subject_reference, without
from shared.fhir.rules import check

Approved = Callable[[str, dict[str, Any]], None]
AT = datetime(2026, 10, 2, tzinfo=UTC)
EARLY, LATE = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 20, tzinfo=UTC)


def test_who_dropped_out_is_flagged_and_stays(approved: Approved) -> None:
    patients = [ListedPatient("p2", LATE, dropped=False), ListedPatient("p1", EARLY, dropped=True)]
    resource = screening_list("apixaban-af", "Apixaban", patients, AT)
    assert ["flag" in entry for entry in resource["entry"]] == [True, False]
    assert not any("deleted" in entry for entry in resource["entry"])
    approved("screening-list", resource)


def test_an_empty_list_is_valid() -> None:
    assert check(screening_list("s", "S", [], AT)) == []


def test_first_seen_dates_and_entries_of_others_on_the_server_are_kept() -> None:
    known = [ListedPatient("p1", EARLY, dropped=False), ListedPatient("p2", EARLY, dropped=False)]
    standing = screening_list("s", "S", known, AT)
    resource = screening_list("s", "S", [ListedPatient("p1", LATE, dropped=True)], AT, standing)
    found = {entry["item"]["reference"]: entry for entry in resource["entry"]}
    assert found[subject_reference("s", "p1")]["date"] == EARLY.isoformat()
    assert "flag" in found[subject_reference("s", "p1")]
    assert subject_reference("s", "p2") in found


def test_an_erased_patient_leaves_the_list() -> None:
    known = [ListedPatient("p1", EARLY, dropped=False), ListedPatient("p2", EARLY, dropped=False)]
    rest = without(screening_list("s", "S", known, AT), "p1")
    assert [entry["item"]["reference"] for entry in rest["entry"]] == [subject_reference("s", "p2")]
    assert check(without(rest, "p2")) == []
