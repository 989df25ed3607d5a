"""How far annotators agree with the teacher, and with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from training.dataset.duplicates import same_answer
from training.dataset.records import ItemType, TeacherItem, TeacherNote

Place = tuple[TeacherNote, TeacherItem]
"""A row of the sheet as the teacher wrote it."""


class AnnotatorVerdict(StrEnum):
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    REJECTED = "rejected"


class TypeAgreement(BaseModel):
    """Of the rows with a verdict, by the teacher's type.

    agreed: confirmed, or corrected without another answer (the question may be reworded).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    judged: int = 0
    confirmed: int = 0
    corrected: int = 0
    rejected: int = 0
    agreed: int = 0
    answer_changed: int = 0
    quote_changed: int = 0
    question_changed: int = 0


class Agreement(BaseModel):
    """Between the teacher and the annotators.

    items: in the sample. open: without any verdict. disputed: on which two annotators differ in
    verdict or answer; they are in neither `types` nor the evaluation set.
    answers: "teacher -> annotator" with Yes, No, NA or number on both sides, for all not rejected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: int
    open: int
    disputed: int
    types: dict[ItemType, TypeAgreement]
    answers: dict[str, int]


@dataclass(frozen=True)
class Judgement:
    """item: as it stands after the verdict; the teacher's where that was rejected."""

    verdict: AnnotatorVerdict
    item: TeacherItem


def count_agreement(
    places: Mapping[str, Place],
    judged: Mapping[str, Sequence[Judgement]],
    settled: Mapping[str, Judgement],
) -> Agreement:
    counts: dict[ItemType, Counter[str]] = {kind: Counter() for kind in ItemType}
    answers: Counter[str] = Counter()
    for row, judgement in settled.items():
        old, new = places[row][1], judgement.item
        of = counts[old.type]
        of.update(("judged", judgement.verdict.value))
        if judgement.verdict is AnnotatorVerdict.REJECTED:
            continue
        agreed = same_answer(old, new) and old.unit == new.unit
        of["agreed" if agreed else "answer_changed"] += 1
        of["quote_changed"] += old.quote != new.quote
        of["question_changed"] += old.question != new.question
        answers[f"{old.verdict.value} -> {new.verdict.value}"] += 1
    return Agreement(
        items=len(places),
        open=sum(not of_row for of_row in judged.values()),
        disputed=sum(bool(of_row) and row not in settled for row, of_row in judged.items()),
        types={kind: TypeAgreement(**counts[kind]) for kind in ItemType},
        answers=dict(sorted(answers.items())),
    )


def disputed(judgements: Sequence[Judgement]) -> bool:
    first = judgements[0]
    return any(
        (other.verdict is AnnotatorVerdict.REJECTED) != (first.verdict is AnnotatorVerdict.REJECTED)
        or not same_answer(other.item, first.item)
        or other.item.unit != first.item.unit
        or other.item.question.split() != first.item.question.split()
        for other in judgements[1:]
    )
