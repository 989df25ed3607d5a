"""Notes of the training form, held-out ones or a set that people annotated, as what is scored."""

from __future__ import annotations

from collections.abc import Iterable

from training.dataset.records import TeacherItem, TeacherNote
from training.evaluate.answering import AskedNote
from training.evaluate.fault import EvaluationError
from training.evaluate.folder import KeyedNote
from training.evaluate.scoring import Value
from training.evaluate.subjects import Subject

STUDY = "teacher"
REPEATED = 3
"""Patients that a question must be asked of to be reported by its wording: one that was written
for a single note may tell of the patient."""


class NothingToScoreError(EvaluationError):
    """Notes without a single item."""


def as_asked(notes: Iterable[TeacherNote]) -> tuple[AskedNote, ...]:
    """Notes without items are left out. Raises NothingToScoreError."""
    with_items = [note for note in notes if note.items]
    if not with_items:
        raise NothingToScoreError("no note with a question to score; is the held-out share 0?")
    patients: dict[str, set[str]] = {}
    for note in with_items:
        for item in note.items:
            patients.setdefault(item.question, set()).add(note.patient_id)
    repeated = frozenset(text for text, of in patients.items() if len(of) >= REPEATED)
    return tuple(_asked(note, repeated) for note in with_items)


def _asked(note: TeacherNote, repeated: frozenset[str]) -> AskedNote:
    subjects = tuple(_subject(item, number, repeated) for number, item in enumerate(note.items, 1))
    told = list(zip(subjects, note.items, strict=True))
    keyed = KeyedNote(
        id=note.id,
        text=note.text,
        expected={subject.id: _value(item) for subject, item in told},
        patient=note.patient_id,
        quotes={subject.id: item.quote for subject, item in told if item.quote},
    )
    return AskedNote(keyed, subjects)


def _subject(item: TeacherItem, number: int, repeated: frozenset[str]) -> Subject:
    question = item.as_question(STUDY, number)
    return Subject(
        id=question.id,
        type=question.type,
        asked=(question,),
        label=item.question if item.question in repeated else None,
        kind=item.type.value,
        difficulty=item.difficulty,
    )


def _value(item: TeacherItem) -> Value:
    return item.verdict if item.number is None else item.number
