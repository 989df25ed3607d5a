from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.errors import (
    FhirConflict,
    FhirError,
    FhirInvalid,
    FhirNotFound,
    FhirUnavailable,
    error_of,
    outcome_in_words,
    retry_after,
)

PATIENT_TEXT = "Mrs Example, born 1950-01-02"


def outcome(*issues: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, FhirNotFound),
        (410, FhirNotFound),
        (409, FhirConflict),
        (412, FhirConflict),
        (400, FhirInvalid),
        (422, FhirInvalid),
        (401, FhirUnavailable),
        (429, FhirUnavailable),
        (500, FhirUnavailable),
        (503, FhirUnavailable),
        (403, FhirError),
        (501, FhirError),
        (302, FhirError),
    ],
)
def test_the_status_decides_the_kind_of_error(status: int, kind: type[FhirError]) -> None:
    error = error_of(status, "PUT Observation/1", None)
    assert type(error) is kind
    assert error.status == status


def test_the_message_names_action_status_issue_and_place() -> None:
    body = outcome(
        {"severity": "error", "code": "required", "expression": ["Observation.status"]},
        {"severity": "warning", "code": "informational"},
    )
    assert str(error_of(422, "PUT Observation/1", body)) == (
        "PUT Observation/1: HTTP 422; required at Observation.status"
    )


def test_codes_of_the_details_are_kept() -> None:
    body = outcome({"code": "invalid", "details": {"coding": [{"code": "MSG_BAD_SYNTAX"}]}})
    assert outcome_in_words(body) == ["invalid MSG_BAD_SYNTAX"]


def test_a_refused_token_says_which_setting_to_check() -> None:
    assert "CHARTSIFT_FHIR_TOKEN" in str(error_of(401, "GET Patient/1", None))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "severity": st.sampled_from(["error", "fatal", "warning", PATIENT_TEXT, 3]),
            "code": st.just(PATIENT_TEXT) | st.none(),
            "diagnostics": st.just(PATIENT_TEXT),
            "details": st.just({"text": PATIENT_TEXT}) | st.just(PATIENT_TEXT),
            "expression": st.lists(st.just(PATIENT_TEXT) | st.integers()),
            "location": st.just(PATIENT_TEXT) | st.lists(st.just(f"/f:name[{PATIENT_TEXT}]")),
        },
    )
)
def test_nothing_that_a_server_says_freely_gets_into_the_message(issue: dict[str, Any]) -> None:
    assert "Example" not in str(error_of(400, "PUT Patient/1", outcome(issue)))


@pytest.mark.parametrize("body", [None, "text", [], {}, {"resourceType": "Patient"}, outcome()])
def test_a_body_that_is_no_outcome_is_passed_over(body: Any) -> None:
    assert outcome_in_words(body) == []


def test_retry_after_in_seconds_or_as_a_date() -> None:
    assert retry_after("120") == 120.0
    in_a_minute = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), True))
    assert in_a_minute is not None and 50 < in_a_minute <= 60
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@given(st.none() | st.text())
def test_an_unreadable_retry_after_is_none(value: str | None) -> None:
    seconds = retry_after(value)
    assert seconds is None or seconds >= 0


def test_only_an_answer_to_come_back_later_carries_retry_after() -> None:
    error = error_of(503, "GET Patient/1", None, {"retry-after": "7"})
    assert isinstance(error, FhirUnavailable) and error.retry_after == 7.0
