"""Each patient's corrections train or judge, never both. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from training.dataset.records import TeacherNote
from training.dataset.split import split_notes


@dataclass(frozen=True)
class Rule:
    """held_out, test, salt: the split of the dataset that the corrections join, so that a patient
    stands on the same side here and there, tonight and in every later run.

    trained, judged: patients of datasets that were divided otherwise; they stay where they are.
    """

    held_out: float
    test: float
    salt: str = ""
    trained: frozenset[str] = frozenset()
    judged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Divided:
    """refused: of patients who are both trained and judged on already."""

    training: tuple[TeacherNote, ...]
    evaluation: tuple[TeacherNote, ...]
    refused: tuple[TeacherNote, ...] = ()


def divide(notes: Iterable[TeacherNote], rule: Rule) -> Divided:
    training: list[TeacherNote] = []
    evaluation: list[TeacherNote] = []
    refused: list[TeacherNote] = []
    free: list[TeacherNote] = []
    for note in notes:
        trained, judged = note.patient_id in rule.trained, note.patient_id in rule.judged
        if trained or judged:
            side = refused if trained and judged else training if trained else evaluation
            side.append(note)
        else:
            free.append(note)
    split = split_notes(free, rule.held_out, rule.salt, rule.test)
    return Divided(
        _sorted([*training, *split.train, *split.held_out]),
        _sorted([*evaluation, *split.test]),
        _sorted(refused),
    )


def _sorted(notes: Iterable[TeacherNote]) -> tuple[TeacherNote, ...]:
    return tuple(sorted(notes, key=lambda note: note.id))
