"""The answer to one question on one note as an R4 Observation, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from shared.criteria.question import Question
from shared.events import DateSource, NoteAnswered, NoteRef
from shared.fhir import ids, systems
from shared.fhir.client import Resource
from shared.students.interface import Answer, Standing, Verdict

AI_ASSERTED = {
    "system": systems.OBSERVATION_VALUE,
    "version": systems.OBSERVATION_VALUE_VERSION,
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}

QUOTE = "Quote: "
EXPLANATION = "Explanation: "
PROPOSAL = "Proposal: "

# What a FHIR string may not hold: control characters other than tab, line feed and return.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def document_reference(note: NoteRef) -> str:
    """The note's own version where the server gave one."""
    current = f"DocumentReference/{note.document_id}"
    return f"{current}/_history/{note.version_id}" if note.version_id else current


def observation(question: Question, answer: Answer, answered: NoteAnswered) -> Resource:
    """The machine's preliminary Observation. An answer that needs review has no value: the
    proposal stands in `note`. Raises ValueError for NA, which is not written."""
    if answer.verdict is Verdict.NA:
        raise ValueError(f"{answer.question}: NA has no Observation")
    resource = _frame(question.key, answered)
    resource["status"] = "preliminary"
    resource["code"] = {
        "coding": [
            {"system": systems.QUESTIONS, "code": question.key},
            *(code.model_dump(exclude_none=True) for code in question.codes),
        ],
        "text": question.text,
    }
    resource["extension"].append(
        {"url": systems.CONFIDENCE_EXTENSION, "valueDecimal": round(answer.confidence, 4)}
    )
    if answer.standing is Standing.REVIEW:
        resource["dataAbsentReason"] = _absent(review=True)
    else:
        resource.update(_value(answer))
    if answer.offset is not None and answer.length is not None:
        resource["derivedFrom"][0]["extension"] = [
            _span(answered.note, answer.offset, answer.length)
        ]
    if notes := _notes(answer):
        resource["note"] = notes
    return resource


def withdrawn_observation(question_key: str, answered: NoteAnswered) -> Resource:
    """In place of an earlier answer that the note as it stands now no longer gives."""
    resource = _frame(question_key, answered)
    resource["status"] = "entered-in-error"
    resource["code"] = {"coding": [{"system": systems.QUESTIONS, "code": question_key}]}
    resource["dataAbsentReason"] = _absent(review=False)
    resource["note"] = [{"text": "Withdrawn: the note no longer answers this question."}]
    return resource


def entered_in_error(resource: Resource) -> Resource:
    """The same resource, taken back because its note was."""
    return {**resource, "status": "entered-in-error"}


def question_key(resource: Resource) -> str | None:
    """`Question.key` of an Observation of ours or of a reviewer; None for any other."""
    for coding in resource.get("code", {}).get("coding", []):
        if coding.get("system") == systems.QUESTIONS:
            return str(coding.get("code"))
    return None


def quote(resource: Resource) -> str | None:
    """The evidence that the Observation cites."""
    for note in resource.get("note", []):
        if note.get("text", "").startswith(QUOTE):
            return str(note["text"][len(QUOTE) :])
    return None


def span(resource: Resource) -> tuple[int, int] | None:
    """(offset, length) of the quote in the note's text, Unicode code points."""
    for origin in resource.get("derivedFrom", []):
        for extension in origin.get("extension", []):
            if extension.get("url") == systems.DERIVATION_REFERENCE:
                parts = {part["url"]: part.get("valueInteger") for part in extension["extension"]}
                return parts["offset"], parts["length"]
    return None


def reviewed_answer(resource: Resource) -> Answer:
    """What a person's Observation says; NA where it says that nothing is known (no value, or
    taken back). Raises ValueError if it is no Observation of a question."""
    key = question_key(resource)
    if key is None:
        raise ValueError(f"Observation/{resource.get('id')}: no code of {systems.QUESTIONS}")
    place = span(resource)
    evidence: dict[str, Any] = {"question": key, "confidence": 1.0}
    if (words := quote(resource)) and place and len(words) == place[1]:
        evidence |= {"quote": words, "offset": place[0], "length": place[1]}
    if resource.get("status") in {"entered-in-error", "cancelled"}:
        return Answer(question=key, verdict=Verdict.NA, confidence=1.0)
    if isinstance(holds := resource.get("valueBoolean"), bool):
        return Answer(verdict=Verdict.YES if holds else Verdict.NO, **evidence)
    quantity = resource.get("valueQuantity", {})
    if (number := quantity.get("value")) is not None:
        unit = quantity.get("code") or quantity.get("unit")
        return Answer(verdict=Verdict.NUMBER, number=float(number), unit=unit, **evidence)
    return Answer(question=key, verdict=Verdict.NA, confidence=1.0)


def study_extension(study: str) -> dict[str, Any]:
    return {
        "url": systems.WORKFLOW_RESEARCH_STUDY,
        "valueReference": {"reference": f"ResearchStudy/{ids.research_study_id(study)}"},
    }


def fhir_time(moment: datetime) -> str:
    """FHIR wants a zone where there is a time of day; without one it counts as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def clean(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _frame(question_key: str, answered: NoteAnswered) -> Resource:
    note = answered.note
    resource: Resource = {
        "resourceType": "Observation",
        "id": ids.observation_id(question_key, note.document_id),
        "meta": {"security": [AI_ASSERTED]},
        "extension": [study_extension(question_key.split("/", 1)[0])],
        "identifier": [
            {
                "system": systems.OBSERVATION_IDENTIFIER,
                "value": f"{question_key}/{note.document_id}",
            }
        ],
        "subject": {"reference": f"Patient/{note.patient_id}"},
        "effectiveDateTime": fhir_time(answered.note_date),
        "device": {"reference": f"Device/{ids.device_id(answered.student)}"},
        "derivedFrom": [{"reference": document_reference(note)}],
    }
    if answered.encounter_id:
        resource["encounter"] = {"reference": f"Encounter/{answered.encounter_id}"}
    if answered.note_date_source is not DateSource.DATE:
        resource["_effectiveDateTime"] = {
            "extension": [
                {
                    "url": systems.DATE_SOURCE_EXTENSION,
                    "valueCode": answered.note_date_source.value,
                }
            ]
        }
    return resource


def _value(answer: Answer) -> dict[str, Any]:
    if answer.verdict is not Verdict.NUMBER:
        return {"valueBoolean": answer.verdict is Verdict.YES}
    number = answer.number
    if number is None:
        raise ValueError(f"{answer.question}: a number without its value")
    return {
        "valueQuantity": {
            "value": int(number) if number.is_integer() else number,
            "unit": answer.unit,
            "system": systems.UCUM,
            "code": answer.unit,
        }
    }


def _absent(*, review: bool) -> dict[str, Any]:
    coding = [{"system": systems.DATA_ABSENT_REASON, "code": "unknown", "display": "Unknown"}]
    if review:
        coding.append({"system": systems.ANSWER_STATUS, "code": "needs-review"})
    return {"coding": coding}


def _span(note: NoteRef, offset: int, length: int) -> dict[str, Any]:
    return {
        "url": systems.DERIVATION_REFERENCE,
        "extension": [
            {"url": "reference", "valueReference": {"reference": document_reference(note)}},
            {"url": "offset", "valueInteger": offset},
            {"url": "length", "valueInteger": length},
        ],
    }


def _notes(answer: Answer) -> list[dict[str, str]]:
    texts = []
    if answer.standing is Standing.REVIEW:
        number = "" if answer.number is None else f"{answer.number:g} {answer.unit or ''}".strip()
        texts.append(f"{PROPOSAL}{number or answer.verdict.value} (needs review)")
    if answer.quote:
        texts.append(QUOTE + clean(answer.quote))
    if answer.explanation:
        texts.append(EXPLANATION + clean(answer.explanation))
    return [{"text": text} for text in texts]
