"""Eligibility of a patient across all of its notes that count, as FHIR resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from services.writeback.occasion import observation_reference
from services.writeback.tables import AnswerRow, NoteRow, NoteState, ResourceRow, SubjectRow
from shared.criteria.study import Study
from shared.criteria.units import UnitError, convert
from shared.eligibility import NotedAnswer, PatientFacts, Screening, screen
from shared.fhir import ids
from shared.fhir.client import Resource
from shared.fhir.mapping_eligibility import research_subject, summary
from shared.students.interface import Answer, Standing

WITHDRAWN = "withdrawn"  # the patient takes no part in research


@dataclass(frozen=True)
class Eligibility:
    """status: R4 research-subject-status."""

    study: Study
    status: str
    resources: tuple[Resource, Resource]  # summary Observation, ResearchSubject


def eligibility(
    session: Session,
    studies: Sequence[Study],
    patient_id: str,
    facts: PatientFacts,
    as_of: date,
) -> list[Eligibility]:
    """One for each study in which the patient is or was screened; of a patient without a note
    that counts, only where a status is to be kept up."""
    notes = session.exec(select(NoteRow).where(NoteRow.patient_id == patient_id)).all()
    living = any(note.state is NoteState.ANSWERED for note in notes)
    withdrawn = not living and any(note.opted_out for note in notes)
    units = {
        question.key: question.unit
        for study in studies
        for question in study.questions
        if question.unit is not None
    }
    answers = _noted_answers(session, patient_id, units)
    existing = _existing(session, patient_id)
    results = []
    for study in studies:
        if not living and session.get(SubjectRow, (study.id, patient_id)) is None:
            continue
        screening = screen(study, answers, facts, as_of)
        status = WITHDRAWN if withdrawn else str(screening.status)
        members = [ref for ref in _deciding(screening) if ref in existing]
        resources = (
            summary(study, patient_id, screening, status=status, members=members, as_of=as_of),
            research_subject(study.id, patient_id, status),
        )
        results.append(Eligibility(study, status, resources))
    return results


def references_of(study: str, patient_id: str) -> tuple[str, str]:
    """Of the resources of `Eligibility`."""
    return (
        f"Observation/{ids.summary_id(study, patient_id)}",
        f"ResearchSubject/{ids.research_subject_id(study, patient_id)}",
    )


def _noted_answers(
    session: Session, patient_id: str, units: Mapping[str, str]
) -> list[NotedAnswer]:
    """A person's answer counts instead of the machine's. What no version of the note that
    counts gave, or what the FHIR server did not take, is left out."""
    rows = session.exec(
        select(AnswerRow, NoteRow)
        .join(NoteRow, col(NoteRow.document_id) == col(AnswerRow.document_id))
        .where(AnswerRow.patient_id == patient_id, NoteRow.state == NoteState.ANSWERED)
        .order_by(col(AnswerRow.document_id), col(AnswerRow.question))
    ).all()
    answers = []
    for row, note in rows:
        said = row.reviewed
        if said is None and row.rejected is None and row.sequence == note.sequence:
            said = row.answer
        if said is not None and note.note_date is not None:
            answers.append(
                NotedAnswer(
                    document_id=row.document_id,
                    note_date=datetime.fromisoformat(note.note_date),
                    answer=_in_own_unit(Answer.model_validate_json(said), units),
                    corrected=row.reviewed is not None,
                )
            )
    return answers


def _in_own_unit(answer: Answer, units: Mapping[str, str]) -> Answer:
    """A person may give a number in another unit than the question's. One that cannot be
    converted settles nothing."""
    unit = units.get(answer.question)
    if answer.number is None or unit is None or answer.unit == unit:
        return answer
    try:
        number = convert(answer.number, answer.unit or "", unit)
    except UnitError:
        return answer.model_copy(update={"standing": Standing.REVIEW})
    return answer.model_copy(update={"number": number, "unit": unit})


def _existing(session: Session, patient_id: str) -> set[str]:
    """References of what stands on the FHIR server, or will with the same transaction."""
    rows = session.exec(select(ResourceRow).where(ResourceRow.patient_id == patient_id)).all()
    return {row.reference for row in rows if row.version is not None or row.intended is not None}


def _deciding(screening: Screening) -> Sequence[str]:
    """References of the Observations that the deciding criteria rest on, each once."""
    return list(
        dict.fromkeys(
            observation_reference(noted.answer.question, noted.document_id)
            for result in screening.criteria
            if result.id in screening.decided_by
            for noted in result.deciding
        )
    )
