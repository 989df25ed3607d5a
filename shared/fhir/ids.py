"""Deterministic ids: uuid5 over the parts that identify a resource.

The same parts always give the same id, so that writing again updates in place.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

NAMESPACE = uuid5(NAMESPACE_URL, "https://chartsift.org/fhir")


def _id(kind: str, *parts: str) -> str:
    """The length of each part is part of the name: ("a", "b/c") and ("a/b", "c") differ."""
    name = "".join(f"{len(part)}:{part}" for part in (kind, *parts))
    return str(uuid5(NAMESPACE, name))


def observation_id(question_key: str, document_id: str) -> str:
    """The answer to one question on one note, whatever the note's version and the student."""
    return _id("observation", question_key, document_id)


def summary_id(study: str, patient_id: str) -> str:
    """The summary Observation of one patient in one study."""
    return _id("summary", study, patient_id)


def research_subject_id(study: str, patient_id: str) -> str:
    return _id("research-subject", study, patient_id)


def screening_list_id(study: str) -> str:
    return _id("screening-list", study)


def research_study_id(study: str) -> str:
    return _id("research-study", study)


def group_id(study: str, version: int) -> str:
    """The criteria of one version of a study."""
    return _id("group", study, str(version))


def device_id(student: str) -> str:
    """student: its exact version."""
    return _id("device", student)


def provenance_id(transaction: str) -> str:
    """transaction: what identifies the transaction for its writer, the same when repeated."""
    return _id("provenance", transaction)


def document_id_from_identifier(system: str, value: str) -> str:
    """A DocumentReference that came without an id of its own."""
    return _id("document", system, value)
