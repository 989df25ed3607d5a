"""The screening list of a study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.fhir import ids, systems
from shared.fhir.client import Resource
from shared.fhir.mapping import AI_ASSERTED, fhir_time, study_extension

_IDENTIFIER = systems.SCREENING_LIST_IDENTIFIER


@dataclass(frozen=True)
class ListedPatient:
    """first_seen: when the patient first came onto the list; never changes.
    dropped: no longer a candidate; stays on the list, flagged."""

    patient_id: str
    first_seen: datetime
    dropped: bool


def screening_list(
    study: str,
    title: str,
    patients: Iterable[ListedPatient],
    at: datetime,
    standing: Resource | None = None,
) -> Resource:
    """A `working` list, the longest known first.

    standing: the list as it is on the server. Its first-seen dates are kept, and so are its
    entries for patients that are not among `patients`."""
    resource: Resource = {
        "resourceType": "List",
        "id": ids.screening_list_id(study),
        "meta": {"security": [AI_ASSERTED]},
        "extension": [study_extension(study)],
        "identifier": [{"system": _IDENTIFIER, "value": study}],
        "status": "current",
        "mode": "working",
        "title": f"Screening list: {title}",
        "date": fhir_time(at),
    }
    entries = _by_item(standing)
    for patient in patients:
        entry = _entry(study, patient)
        item = entry["item"]["reference"]
        entry["date"] = entries.get(item, {}).get("date", entry["date"])
        entries[item] = entry
    if entries:
        resource["entry"] = sorted(entries.values(), key=_longest_known_first)
    return resource


def without(standing: Resource, patient_id: str) -> Resource:
    """The list of a study without one patient, who is to be erased."""
    study = next(one["value"] for one in standing["identifier"] if one["system"] == _IDENTIFIER)
    entries = _by_item(standing)
    entries.pop(subject_reference(study, patient_id), None)
    rest = {key: value for key, value in standing.items() if key != "entry"}
    return {**rest, "entry": list(entries.values())} if entries else rest


def subject_reference(study: str, patient_id: str) -> str:
    return f"ResearchSubject/{ids.research_subject_id(study, patient_id)}"


def _by_item(standing: Resource | None) -> dict[str, Resource]:
    entries = (standing or {}).get("entry", [])
    return {entry["item"]["reference"]: entry for entry in entries}


def _longest_known_first(entry: Resource) -> tuple[str, str]:
    return entry.get("date", ""), entry["item"]["reference"]


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
