"""Summary Observation and ResearchSubject."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.criteria.study import Study
from shared.eligibility import NotedAnswer, PatientFacts, screen
from shared.fhir.mapping_eligibility import patient_facts, research_subject, summary
from shared.students.interface import Answer, Verdict

Approved = Callable[[str, dict[str, Any]], None]
AS_OF = date(2026, 10, 31)
STUDY = Study.model_validate(
    {
        "id": "af-study",
        "title": "Atrial fibrillation",
        "questions": [
            {"id": "af", "type": "boolean", "text": "Atrial fibrillation?"},
            {"id": "bleed", "type": "boolean", "text": "Bleeding?"},
            {"id": "platelets", "type": "numeric", "unit": "10*3/uL", "text": "Platelets?"},
        ],
        "criteria": [
            {"id": "af", "kind": "inclusion", "text": "Atrial fibrillation", "when": "af"},
            {"id": "bleed", "kind": "exclusion", "when": "bleed"},
            {"id": "platelets", "kind": "exclusion", "when": "platelets < 100 10*3/uL"},
        ],
    }
)


def said(question: str, verdict: Verdict) -> NotedAnswer:
    answer = Answer(question=f"af-study/{question}", verdict=verdict, confidence=0.9)
    return NotedAnswer("note-1", datetime(2026, 10, 1, tzinfo=UTC), answer)


def test_a_summary_has_a_component_for_each_criterion(approved: Approved) -> None:
    screening = screen(
        STUDY, [said("af", Verdict.YES), said("bleed", Verdict.YES)], PatientFacts(), AS_OF
    )
    resource = summary(
        STUDY, "p1", screening, status="ineligible", members=["Observation/o1"], as_of=AS_OF
    )
    codes = [one["valueCodeableConcept"]["coding"][0]["code"] for one in resource["component"]]
    assert codes == ["met", "met", "unknown"]
    assert ["extension" in one for one in resource["component"]] == [False, True, False]
    approved("summary", resource)


@pytest.mark.parametrize("status", ["eligible", "ineligible", "potential-candidate", "withdrawn"])
def test_a_research_subject_has_an_r4_status_and_its_reason(
    status: str, approved: Approved
) -> None:
    approved(f"research-subject-{status}", research_subject("af-study", "p1", status))


def test_a_patient_tells_sex_birth_date_and_languages() -> None:
    patient = {
        "resourceType": "Patient",
        "gender": "female",
        "birthDate": "1950-02-03",
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}}],
    }
    assert patient_facts(patient) == PatientFacts("female", date(1950, 2, 3), ("en",))


@pytest.mark.parametrize("birth", ["1950", "1950-02", None])
def test_a_birth_date_without_its_day_tells_no_age(birth: str | None) -> None:
    patient = {"resourceType": "Patient"} | ({"birthDate": birth} if birth else {})
    assert patient_facts(patient) == PatientFacts()
