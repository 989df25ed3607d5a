"""Temperatures and thresholds of a decoder student, chosen on held-out training notes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from shared.criteria.question import AnswerType, Question
from shared.students.decoder.confidence import cooled
from shared.students.interface import StudentEngine, Verdict
from training.dataset import Dataset, TeacherItem, TeacherNote
from training.finetune.calibration import (
    Calibration,
    Judged,
    best_temperature,
    choose_thresholds,
    expected_of,
    same_number,
)
from training.finetune.decoder.examples import MOST_QUESTION, draw_screening
from training.finetune.decoder.recipe import Recipe
from training.progress import Say

STUDY = "held-out"
NOTES_BETWEEN_LINES = 5
LEAST = 1e-6
"""Probability that a surprise counts as, at least."""


@dataclass(frozen=True)
class Claimed:
    """What a student with temperatures 1 and thresholds 0 said, beside the truth."""

    type: AnswerType
    verdict: Verdict
    number: float | None
    confidence: float
    answer: str

    @property
    def right(self) -> bool:
        if self.number is not None:
            return expected_of(self.answer) == Verdict.NUMBER and same_number(
                self.number, float(self.answer)
            )
        return self.verdict.value == self.answer


def read_held_out(
    student: StudentEngine, dataset: Dataset, recipe: Recipe, say: Say
) -> list[Claimed]:
    """Held-out items and screening questions, at most `calibration_questions` of them, evenly
    of all notes."""
    rng = random.Random(f"{recipe.seed}-held-out")
    asked = [(note, _items(note, dataset, recipe, rng)) for note in dataset.held_out]
    share = min(1.0, recipe.calibration_questions / max(sum(len(i) for _, i in asked), 1))
    claims: list[Claimed] = []
    for number, (note, items) in enumerate(asked, 1):
        chosen = rng.sample(items, math.ceil(share * len(items)))
        answers = student.answer(note.text, [_question(i, item) for i, item in enumerate(chosen)])
        claims += [
            Claimed(item.type.answer_type, a.verdict, a.number, a.confidence, item.answer)
            for a, item in zip(answers, chosen, strict=True)
        ]
        if number % NOTES_BETWEEN_LINES == 0:
            say(f"{number} of {len(asked)} held-out notes read")
    return claims


def calibrate(claims: list[Claimed]) -> Calibration:
    """One temperature for each answer type, with which the confidence comes nearest to how often
    a claim is right (least negative log-likelihood), then the thresholds."""
    temperatures = {
        kind: best_temperature(_loss([c for c in claims if c.type is kind])) for kind in AnswerType
    }
    judged = [
        Judged(
            c.type,
            c.verdict,
            cooled(c.confidence, temperatures[c.type]),
            expected_of(c.answer),
            c.right,
        )
        for c in claims
    ]
    return Calibration(temperatures, choose_thresholds(judged), judged)


def _loss(claims: list[Claimed]) -> Callable[[float], float]:
    def loss(temperature: float) -> float:
        sure = [(cooled(c.confidence, temperature), c.right) for c in claims]
        return -sum(math.log(max(p if right else 1 - p, LEAST)) for p, right in sure)

    return loss


def _items(
    note: TeacherNote, dataset: Dataset, recipe: Recipe, rng: random.Random
) -> list[TeacherItem]:
    return [*note.items, *draw_screening(dataset.screening.get(note.id, ()), recipe, rng)]


def _question(number: int, item: TeacherItem) -> Question:
    short = item.model_copy(update={"question": item.question[:MOST_QUESTION]})
    return short.as_question(STUDY, number)
