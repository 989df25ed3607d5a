"""What stands on the FHIR server in the end, read as a dashboard would read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.criteria.study import Study
from shared.fhir import ids, mapping, systems
from shared.fhir.client import FhirClient, Resource
from shared.students.interface import Answer


@dataclass(frozen=True)
class Evidence:
    """An answer and the sentence that it rests on. question: its id in the study."""

    question: str
    answer: str
    quote: str
    document_id: str


@dataclass(frozen=True)
class CriterionFound:
    """status: met, not-met or unknown. deciding: the study's outcome rests on it. proposed: the
    evidence is of answers that still need a person's review."""

    id: str
    text: str
    status: str
    deciding: bool
    evidence: tuple[Evidence, ...]
    proposed: bool


@dataclass(frozen=True)
class Screened:
    """status: of the ResearchSubject (eligible, ineligible, potential-candidate)."""

    study: str
    patient_id: str
    status: str
    criteria: tuple[CriterionFound, ...]


@dataclass(frozen=True)
class Findings:
    """answers: DocumentReference id -> what stands about each question, as on the server."""

    screened: tuple[Screened, ...]
    answers: Mapping[str, tuple[Answer, ...]]
    resources: Mapping[str, int]


async def read(fhir: FhirClient, studies: Iterable[Study], patient_ids: Iterable[str]) -> Findings:
    """Raises FhirError where the server fails."""
    studies = tuple(studies)
    screened: list[Screened] = []
    answers: dict[str, list[Answer]] = {}
    for patient_id in patient_ids:
        subject = f"Patient/{patient_id}"
        standing = {
            str(one["id"]): one
            async for one in fhir.search("Observation", {"subject": subject}, fresh=True)
            if one["resourceType"] == "Observation" and one["status"] != "entered-in-error"
        }
        for observation in standing.values():
            if mapping.question_key(observation) is not None:
                answers.setdefault(document_id(observation), []).append(
                    mapping.reviewed_answer(observation)
                )
        subjects = {
            one["study"]["reference"]: one
            async for one in fhir.search("ResearchSubject", {"individual": subject}, fresh=True)
        }
        for study in studies:
            summary = standing.get(ids.summary_id(study.id, patient_id))
            research = subjects.get(f"ResearchStudy/{ids.research_study_id(study.id)}")
            if summary is not None and research is not None:
                criteria = tuple(_criteria(study, summary, standing))
                screened.append(Screened(study.id, patient_id, research["status"], criteria))
    kinds = ("Observation", "Provenance", "ResearchSubject", "List", "ResearchStudy", "Group")
    return Findings(
        tuple(screened),
        {document: tuple(given) for document, given in answers.items()},
        {kind: await _number_of(fhir, kind) for kind in kinds},
    )


async def unlisted(fhir: FhirClient, studies: Iterable[Study]) -> set[str]:
    """References of the ResearchSubjects that are candidates, and not on a screening list yet."""
    listed = {
        entry["item"]["reference"]
        for study in studies
        async for screening_list in fhir.search(
            "List", {"_id": ids.screening_list_id(study.id)}, fresh=True
        )
        for entry in screening_list.get("entry", [])
    }
    return {
        f"ResearchSubject/{one['id']}"
        async for one in fhir.search("ResearchSubject", {}, fresh=True)
        if one["status"] != "ineligible"
    } - listed


def document_id(observation: Resource) -> str:
    """Id of the DocumentReference that an Observation was derived from."""
    reference = str(observation["derivedFrom"][0]["reference"])
    return reference.removeprefix("DocumentReference/").split("/", 1)[0]


def _criteria(
    study: Study, summary: Resource, standing: Mapping[str, Resource]
) -> Iterable[CriterionFound]:
    members = [
        standing[id]
        for member in summary.get("hasMember", [])
        if (id := str(member["reference"]).removeprefix("Observation/")) in standing
    ]
    for component in summary["component"]:
        code = _code(component["code"], systems.CRITERIA)
        criterion = study.criterion(code.removeprefix(f"{study.id}/"))
        asked = {study.question(question).key for question in criterion.question_ids}
        cited = [one for one in members if mapping.question_key(one) in asked]
        yield CriterionFound(
            id=criterion.id,
            text=str(component["code"]["text"]),
            status=_code(component["valueCodeableConcept"], systems.CRITERION_STATUS),
            deciding=any(
                extension["url"] == systems.DECIDING_EXTENSION and extension["valueBoolean"]
                for extension in component.get("extension", [])
            ),
            evidence=tuple(_evidence(one) for one in cited if mapping.quote(one)),
            proposed=any("dataAbsentReason" in one for one in cited),
        )


def _evidence(observation: Resource) -> Evidence:
    answer = mapping.reviewed_answer(observation)
    number = None if answer.number is None else f"{answer.number:g} {answer.unit or ''}".strip()
    return Evidence(
        question=answer.question.split("/", 1)[1],
        answer=_proposal(observation) or number or answer.verdict.value,
        quote=mapping.quote(observation) or "",
        document_id=document_id(observation),
    )


def _proposal(observation: Resource) -> str | None:
    """What the student would say, of an answer that needs review."""
    for note in observation.get("note", []):
        if note["text"].startswith(mapping.PROPOSAL):
            return str(note["text"].removeprefix(mapping.PROPOSAL))
    return None


def _code(concept: Mapping[str, Any], system: str) -> str:
    for coding in concept["coding"]:
        if coding["system"] == system:
            return str(coding["code"])
    raise KeyError(system)


async def _number_of(fhir: FhirClient, kind: str) -> int:
    return len([one async for one in fhir.search(kind, {}, fresh=True)])
