"""Answers as Observations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import Question
from shared.events import DateSource, NoteAnswered, NoteRef
from shared.fhir import mapping
from shared.fhir.rules import check
from shared.students.interface import Answer, Standing, Verdict

Approved = Callable[[str, dict[str, Any]], None]

CREATININE = Question.model_validate(
    {
        "study": "apixaban-af",
        "id": "creatinine",
        "text": "What is the most recent serum creatinine, in mg/dL?",
        "type": "numeric",
        "unit": "mg/dL",
        "codes": [{"system": "http://loinc.org", "code": "2160-0"}],
    }
)
AF = Question.model_validate(
    {
        "study": "apixaban-af",
        "id": "af",
        "text": "Does the patient have atrial fibrillation?",
        "type": "boolean",
    }
)


def answered(**changes: Any) -> NoteAnswered:
    note = NoteRef(
        document_id="note-1", patient_id="p1", sequence=2, version_id="3", note_hash="0" * 64
    )
    given: dict[str, Any] = {
        "note": note,
        "encounter_id": "e1",
        "note_date": datetime(2026, 10, 1, 8, 30, tzinfo=UTC),
        "note_date_source": DateSource.DATE,
        "student": "encoder-0123456789ab",
        "answers": (),
    }
    return NoteAnswered(**(given | changes))


def yes(**changes: Any) -> Answer:
    given: dict[str, Any] = {
        "question": AF.key,
        "verdict": Verdict.YES,
        "quote": "known atrial fibrillation",
        "offset": 17,
        "length": 25,
        "confidence": 0.93,
        "explanation": "Stated in the history.",
    }
    return Answer(**(given | changes))


def number(value: float = 1.8) -> Answer:
    return Answer(
        question=CREATININE.key,
        verdict=Verdict.NUMBER,
        number=value,
        unit="mg/dL",
        quote=f"creatinine {value}",
        offset=4,
        length=len(f"creatinine {value}"),
        confidence=0.88,
    )


def test_a_yes_is_a_boolean_with_its_quote_and_place_in_the_note(approved: Approved) -> None:
    approved("observation-yes", mapping.observation(AF, yes(), answered()))


def test_a_number_is_a_ucum_quantity_with_the_questions_public_codes(approved: Approved) -> None:
    approved("observation-number", mapping.observation(CREATININE, number(), answered()))


def test_an_answer_that_needs_review_is_a_proposal_without_value(approved: Approved) -> None:
    proposal = yes(standing=Standing.REVIEW)
    resource = mapping.observation(AF, proposal, answered())
    assert not [key for key in resource if key.startswith("value")]
    approved("observation-needs-review", resource)


def test_a_date_that_is_the_time_of_receipt_says_so(approved: Approved) -> None:
    received = answered(note_date_source=DateSource.RECEIVED, encounter_id=None)
    approved("observation-received", mapping.observation(AF, yes(), received))


def test_a_withdrawn_answer_keeps_the_id_and_loses_its_value(approved: Approved) -> None:
    resource = mapping.withdrawn_observation(AF.key, answered())
    assert resource["id"] == mapping.observation(AF, yes(), answered())["id"]
    approved("observation-withdrawn", resource)


def test_na_is_not_written() -> None:
    na = Answer(question=AF.key, verdict=Verdict.NA, confidence=0.9)
    with pytest.raises(ValueError, match="NA"):
        mapping.observation(AF, na, answered())


def test_a_new_version_and_a_new_student_keep_the_id() -> None:
    later = answered(
        student="another",
        note=NoteRef(
            document_id="note-1", patient_id="p1", sequence=9, version_id="12", note_hash="1" * 64
        ),
    )
    first = mapping.observation(AF, yes(), answered())
    second = mapping.observation(AF, yes(), later)
    assert first["id"] == second["id"]
    assert second["derivedFrom"][0]["reference"] == "DocumentReference/note-1/_history/12"


def test_a_server_without_versions_gets_the_plain_reference() -> None:
    note = NoteRef(document_id="note-1", patient_id="p1", sequence=1, note_hash="0" * 64)
    resource = mapping.observation(AF, yes(), answered(note=note))
    assert resource["derivedFrom"][0]["reference"] == "DocumentReference/note-1"


def test_a_note_date_without_zone_counts_as_utc() -> None:
    resource = mapping.observation(AF, yes(), answered(note_date=datetime(2026, 1, 2, 3, 4)))
    assert resource["effectiveDateTime"] == "2026-01-02T03:04:00+00:00"


def test_control_characters_of_a_quote_do_not_make_the_resource_invalid() -> None:
    resource = mapping.observation(AF, yes(quote="a\x0cb\x00c", length=5), answered())
    assert check(resource) == []
    assert mapping.quote(resource) == "a b c"


@given(
    st.builds(
        yes,
        verdict=st.sampled_from([Verdict.YES, Verdict.NO]),
        quote=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip),
    ).map(lambda answer: answer.model_copy(update={"length": len(answer.quote or "")}))
)
def test_a_boolean_answer_is_read_back_as_it_was_written(answer: Answer) -> None:
    read = mapping.reviewed_answer(mapping.observation(AF, answer, answered()))
    assert (read.verdict, read.quote, read.offset, read.length) == (
        answer.verdict,
        answer.quote,
        answer.offset,
        answer.length,
    )


@given(st.floats(0, 1e6, allow_nan=False))
def test_a_number_is_read_back_as_it_was_written(value: float) -> None:
    read = mapping.reviewed_answer(mapping.observation(CREATININE, number(value), answered()))
    assert (read.verdict, read.number, read.unit) == (Verdict.NUMBER, value, "mg/dL")


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_an_observation_that_a_person_took_back_says_nothing(status: str) -> None:
    resource = mapping.observation(AF, yes(), answered()) | {"status": status}
    assert mapping.reviewed_answer(resource).verdict is Verdict.NA


def test_an_observation_of_something_else_is_no_answer() -> None:
    with pytest.raises(ValueError, match="no code"):
        mapping.reviewed_answer({"resourceType": "Observation", "id": "x", "code": {"text": "BP"}})
