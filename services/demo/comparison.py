"""The answers that stand on the FHIR server beside the key of the sample hospital."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.demo.findings import Screened
from services.demo.hospital import SamplePatient, document_id
from shared.criteria.study import Study
from shared.students.interface import Answer, Verdict
from training.evaluate.answering import scored
from training.evaluate.folder import EvaluationFolder, KeyedNote
from training.evaluate.scoring import Pair
from training.evaluate.subjects import Subject, subjects

STUDY = "apixaban-af"  # the study that the hospital's intended outcomes are for


def beside_key(
    folder: EvaluationFolder,
    studies: Iterable[Study],
    answers: Mapping[str, Sequence[Answer]],
) -> list[Pair]:
    """Every scored question on every note. answers: as on the server, by DocumentReference id;
    what is not there is NA."""
    asked = subjects(folder.questions, studies)
    return [
        _pair(note, subject, answers.get(document_id(note.id), ()))
        for note in folder.notes
        for subject in asked
        if subject.id in note.expected
    ]


@dataclass(frozen=True)
class Outcome:
    """Eligibility of one patient beside the intended one; got: None if the server has none."""

    patient: SamplePatient
    got: str | None

    @property
    def right(self) -> bool:
        return self.got == self.patient.intended


def outcomes(patients: Iterable[SamplePatient], screened: Iterable[Screened]) -> list[Outcome]:
    got = {one.patient_id: one.status for one in screened if one.study == STUDY}
    return [Outcome(patient, got.get(patient.id)) for patient in patients]


def _pair(note: KeyedNote, subject: Subject, given: Sequence[Answer]) -> Pair:
    silent = {
        question.key: Answer(question=question.key, verdict=Verdict.NA, confidence=1.0)
        for question in subject.asked
    }
    given_by_key = {answer.question: answer for answer in given}
    return scored(note, subject, subject.settle(silent | given_by_key))
