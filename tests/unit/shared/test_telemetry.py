from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.bus.interface import BusUnavailable
from shared.telemetry import (
    SAFE_FIELDS,
    WITHHELD,
    configure_logging,
    describe,
    get_logger,
    withhold_patient_text,
)

PATIENT_TEXT = "Mrs Example, born 1950-01-02, has a creatinine of 2.9"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logging("testing", "INFO", json=True)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def test_a_line_says_service_event_and_ids(lines: Lines) -> None:
    get_logger().info("note answered", document_id="d-1", questions=23)
    (line,) = lines()
    assert line.pop("timestamp")
    assert line == {
        "service": "testing",
        "level": "info",
        "event": "note answered",
        "document_id": "d-1",
        "questions": 23,
    }


@pytest.mark.parametrize("field", ["text", "quote", "name", "note", "value", "anything_else"])
def test_text_under_an_unknown_or_patient_field_is_withheld(lines: Lines, field: str) -> None:
    get_logger().info("event", **{field: PATIENT_TEXT})
    assert lines()[0][field] == WITHHELD


def test_numbers_of_patients_are_withheld_too(lines: Lines) -> None:
    get_logger().info("event", value=2.9, seconds=0.5)
    assert lines()[0]["value"] == WITHHELD


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda name: name not in SAFE_FIELDS),
        st.recursive(
            st.just(PATIENT_TEXT),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b"]), inner),
        ),
    )
)
def test_no_nesting_gets_text_through(fields: dict[str, Any]) -> None:
    fields = {n: v for n, v in fields.items() if not n.endswith(("_id", "_ids", "_url"))}
    assert PATIENT_TEXT not in repr(withhold_patient_text(None, "info", {"event": "e", **fields}))


def test_the_query_of_an_address_is_cut_off(lines: Lines) -> None:
    get_logger().info("event", url="http://fhir/Patient?name=Example")
    assert lines()[0]["url"] == "http://fhir/Patient"


def test_an_exception_shows_its_type_and_places_but_no_values(lines: Lines) -> None:
    def reads(text: str) -> None:
        raise KeyError(text)

    try:
        reads(PATIENT_TEXT)
    except KeyError:
        get_logger().exception("reading failed", document_id="d-1")
    (line,) = lines()
    assert line["error"] == "KeyError"
    assert line["where"][-1].endswith(" reads")
    assert PATIENT_TEXT not in json.dumps(line)


def test_requests_of_httpx_stay_out_of_the_log(lines: Lines) -> None:
    logging.getLogger("httpx").info("HTTP Request: %s", "GET /Patient?name=Example")
    assert lines() == []


def test_libraries_show_their_template_without_its_values(lines: Lines) -> None:
    logging.getLogger("library").warning("could not read %r", PATIENT_TEXT)
    logging.getLogger("asyncio").error(f"future: KeyError({PATIENT_TEXT!r})")
    first, second = lines()
    assert (first["event"], first["logger"]) == ("could not read %r", "library")
    assert second["logger"] == "asyncio"
    assert PATIENT_TEXT not in json.dumps(second)


def test_uvicorn_speaks_in_full(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "http://127.0.0.1:8011")
    assert lines()[0]["event"] == "Uvicorn running on http://127.0.0.1:8011"


def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="DEBUG"):
        configure_logging("testing", "LOUD")


def test_validation_errors_are_described_by_place_and_kind() -> None:
    class Shape(BaseModel):
        age: int

    with pytest.raises(ValueError) as failure:
        Shape.model_validate({"age": PATIENT_TEXT})
    assert describe(failure.value) == "ValidationError(Shape: 1 faults; ['age: int_parsing'])"


def test_only_our_own_exceptions_are_described_with_their_message() -> None:
    assert describe(BusUnavailable("no bus there")) == "BusUnavailable: no bus there"
    assert describe(RuntimeError(PATIENT_TEXT)) == "RuntimeError"
    assert describe(ConnectionRefusedError(111, "Connection refused")) == (
        "ConnectionRefusedError: Connection refused"
    )
