"""The screening list of a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.fhir import ids, systems
from shared.fhir.client import Resource
from shared.fhir.mapping import AI_ASSERTED, fhir_time, study_extension


@dataclass(frozen=True)
class ListedPatient:
    """first_seen: when the patient first came onto the list; never changes.
    dropped: no longer a candidate; stays on the list, flagged."""

    patient_id: str
    first_seen: datetime
    dropped: bool


def screening_list(
    study: str, title: str, patients: Iterable[ListedPatient], at: datetime
) -> Resource:
    """A `working` list, the longest known first."""
    resource: Resource = {
        "resourceType": "List",
        "id": ids.screening_list_id(study),
        "meta": {"security": [AI_ASSERTED]},
        "extension": [study_extension(study)],
        "identifier": [{"system": systems.SCREENING_LIST_IDENTIFIER, "value": study}],
        "status": "current",
        "mode": "working",
        "title": f"Screening list: {title}",
        "date": fhir_time(at),
    }
    listed = sorted(patients, key=lambda patient: (patient.first_seen, patient.patient_id))
    if listed:
        resource["entry"] = [_entry(study, patient) for patient in listed]
    return resource


def first_seen(resource: Resource) -> Mapping[str, str]:
    """ResearchSubject reference -> first-seen dateTime, as the list on the server has it."""
    return {
        entry["item"]["reference"]: entry["date"]
        for entry in resource.get("entry", [])
        if entry.get("date") and entry.get("item", {}).get("reference")
    }


def _entry(study: str, patient: ListedPatient) -> Resource:
    entry: Resource = {
        "date": fhir_time(patient.first_seen),
        "item": {"reference": subject_reference(study, patient.patient_id)},
    }
    if patient.dropped:
        entry["flag"] = {
            "coding": [
                {
                    "system": systems.SCREENING_FLAGS,
                    "code": "dropped-out",
                    "display": "No longer a candidate",
                }
            ]
        }
    return entry


def subject_reference(study: str, patient_id: str) -> str:
    return f"ResearchSubject/{ids.research_subject_id(study, patient_id)}"
