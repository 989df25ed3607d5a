"""Eligibility of one patient for one study: the summary Observation and the ResearchSubject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.criteria.study import Study
from shared.eligibility import CriterionResult, PatientFacts, Screening
from shared.fhir import ids, systems
from shared.fhir.client import Resource
from shared.fhir.mapping import AI_ASSERTED, clean, study_extension

_CRITERION_STATUS = {True: "met", False: "not-met", None: "unknown"}
_STATUS_WORDS = {
    "eligible": "Eligible",
    "ineligible": "Ineligible",
    "potential-candidate": "Potential candidate",
    "withdrawn": "Withdrawn",
}


def summary(
    study: Study,
    patient_id: str,
    screening: Screening,
    *,
    status: str,
    members: Sequence[str],
    as_of: date,
) -> Resource:
    """One component for each criterion.

    status: of the ResearchSubject, R4 research-subject-status.
    members: references of the question Observations that decided and that exist.
    """
    resource: Resource = {
        "resourceType": "Observation",
        "id": ids.summary_id(study.id, patient_id),
        "meta": {"security": [AI_ASSERTED]},
        "extension": [study_extension(study.id)],
        "identifier": [{"system": systems.SUMMARY_IDENTIFIER, "value": f"{study.id}/{patient_id}"}],
        "status": "preliminary",
        "code": {
            "coding": [{"system": systems.SUMMARIES, "code": study.id}],
            "text": f"Eligibility: {study.title}",
        },
        "subject": {"reference": f"Patient/{patient_id}"},
        "effectiveDateTime": as_of.isoformat(),
        "valueCodeableConcept": {
            "coding": [
                {
                    "system": systems.RESEARCH_SUBJECT_STATUS,
                    "code": status,
                    "display": _STATUS_WORDS[status],
                }
            ]
        },
        "component": [
            _component(study.id, result, deciding=result.id in screening.decided_by)
            for result in screening.criteria
        ],
    }
    if members:
        resource["hasMember"] = [{"reference": member} for member in members]
    return resource


def research_subject(study: str, patient_id: str, status: str) -> Resource:
    """Its reason is the summary, by extension."""
    return {
        "resourceType": "ResearchSubject",
        "id": ids.research_subject_id(study, patient_id),
        "meta": {"security": [AI_ASSERTED]},
        "extension": [
            {
                "url": systems.SUMMARY_EXTENSION,
                "valueReference": {"reference": f"Observation/{ids.summary_id(study, patient_id)}"},
            }
        ],
        "identifier": [
            {"system": systems.RESEARCH_SUBJECT_IDENTIFIER, "value": f"{study}/{patient_id}"}
        ],
        "status": status,
        "study": {"reference": f"ResearchStudy/{ids.research_study_id(study)}"},
        "individual": {"reference": f"Patient/{patient_id}"},
    }


def patient_facts(patient: Resource | None) -> PatientFacts:
    """What the Patient resource says by itself. A birth date without its day says no age."""
    if patient is None:
        return PatientFacts()
    try:
        birth_date = date.fromisoformat(patient.get("birthDate", ""))
    except ValueError:
        birth_date = None
    languages = tuple(
        coding["code"]
        for spoken in patient.get("communication", [])
        for coding in spoken.get("language", {}).get("coding", [])
        if coding.get("code")
    )
    return PatientFacts(patient.get("gender"), birth_date, languages)


def _component(study: str, result: CriterionResult, *, deciding: bool) -> dict[str, Any]:
    criterion = result.criterion
    component: dict[str, Any] = {
        "code": {
            "coding": [{"system": systems.CRITERIA, "code": f"{study}/{criterion.id}"}],
            "text": f"{criterion.kind.value}: {criterion.label}",
        },
        "valueCodeableConcept": {
            "coding": [
                {"system": systems.CRITERION_STATUS, "code": _CRITERION_STATUS[result.value]}
            ],
            "text": clean(result.explanation),
        },
    }
    if deciding:
        component["extension"] = [{"url": systems.DECIDING_EXTENSION, "valueBoolean": True}]
    return component
