"""Puts the questions of the n2c2 study to a student on every note of a patient, and combines the
notes by the study's criteria and the shared eligibility rules: numbers are asked as numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as at_time

from shared.criteria.study import Study
from shared.eligibility import NotedAnswer, PatientFacts, screen
from shared.students.interface import StudentEngine
from training.evaluate.answering import answer_note
from training.evaluate.cohort import Labels
from training.evaluate.fault import EvaluationError
from training.evaluate.usage import Usage, usage_of
from training.notes.n2c2 import CohortPatient, Criterion
from training.notes.records import SourceNote

STUDY = "n2c2-2018"
PRESUMED_MET = frozenset((Criterion.ENGLISH, Criterion.MAKES_DECISIONS))
"""What holds unless the notes deny it; any other criterion that stays unknown is not met. The
task's labels know no third value, so this choice is ours; how often it decided is reported."""

_UNDATED = datetime(1900, 1, 1, tzinfo=UTC)


class NoLabelsError(EvaluationError):
    """Patients whose files carry no labels cannot be scored."""


@dataclass(frozen=True)
class Cohort:
    """What one student said. unknown: criterion -> patients whose notes did not settle it.
    seconds: for all notes, loading left out."""

    version: str
    said: Labels
    unknown: Mapping[str, int]
    notes: int
    seconds: float
    usage: Usage | None = None


def labels_of(patients: Iterable[CohortPatient]) -> Labels:
    """Raises NoLabelsError."""
    key: dict[str, dict[str, bool]] = {}
    for patient in patients:
        if patient.labels is None:
            raise NoLabelsError(f"patient {patient.id} has no labels (TAGS); nothing to score by")
        key[patient.id] = {criterion.value: met for criterion, met in patient.labels.items()}
    return key


def answer_cohort(
    engine: StudentEngine,
    patients: Sequence[CohortPatient],
    study: Study,
    on_patient: Callable[[], None] = lambda: None,
) -> Cohort:
    """study: the shipped n2c2-2018. Raises EngineContractError."""
    before = usage_of(engine)
    began = time.perf_counter()
    said: dict[str, dict[str, bool]] = {}
    unknown = dict.fromkeys((criterion.value for criterion in Criterion), 0)
    for patient in patients:
        held = hold(study, patient, answers_of(engine, patient, study))
        said[patient.id] = {}
        for criterion in Criterion:
            value = held[criterion]
            unknown[criterion.value] += value is None
            said[patient.id][criterion.value] = (
                criterion in PRESUMED_MET if value is None else value
            )
        on_patient()
    seconds = time.perf_counter() - began
    after = usage_of(engine)
    return Cohort(
        version=engine.version,
        said=said,
        unknown=unknown,
        notes=sum(len(patient.notes) for patient in patients),
        seconds=seconds,
        usage=None if after is None else after.since(before),
    )


def answers_of(engine: StudentEngine, patient: CohortPatient, study: Study) -> list[NotedAnswer]:
    """Every question of the study on every note."""
    return [
        NotedAnswer(note.id, written, answer)
        for note, written in zip(patient.notes, dates_of(patient.notes), strict=True)
        for answer in answer_note(engine, note.text, study.questions).values()
    ]


def hold(
    study: Study, patient: CohortPatient, answers: Sequence[NotedAnswer]
) -> dict[Criterion, bool | None]:
    """Each criterion as of the patient's newest note, as the task's labels are."""
    as_of = max(written for written in dates_of(patient.notes)).date()
    screening = screen(study, answers, PatientFacts(), as_of)
    return {Criterion(result.id): result.value for result in screening.criteria}


def dates_of(notes: Sequence[SourceNote]) -> list[datetime]:
    """A note without a date is taken to be of the day of the one before it in the file, or, at
    the beginning, of the first dated one."""
    dates = [None if note.date is None else _day(note.date) for note in notes]
    current = next((day for day in dates if day is not None), _UNDATED)
    filled: list[datetime] = []
    for day in dates:
        current = day or current
        filled.append(current)
    return filled


def _day(date: str) -> datetime | None:
    """None for a date that no calendar has."""
    try:
        read = datetime.fromisoformat(date)
    except ValueError:
        return None
    return datetime.combine(read.date(), at_time(), UTC)
