"""Temperatures and thresholds of an encoder student, chosen on held-out training notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shared.criteria.question import AnswerType, Question
from shared.students.encoder.decoding import VERDICTS, NoteLogits, NoteText, best_claim
from shared.students.encoder.engine import EncoderStudent
from shared.students.interface import Verdict
from training.finetune.calibration import (
    Calibration,
    Judged,
    best_temperature,
    choose_thresholds,
    expected_of,
    same_number,
)
from training.finetune.encoder.data import TrainingNote
from training.finetune.encoder.examples import NA, Item


@dataclass(frozen=True)
class Read:
    """One held-out question with what the uncalibrated network said of it."""

    question: Question
    item: Item
    note: NoteText
    logits: NoteLogits


def read_held_out(student: EncoderStudent, notes: list[TrainingNote]) -> list[Read]:
    """Every item and screening question of the held-out notes, read by the student."""
    rows: list[Read] = []
    for note in notes:
        items = [*note.items, *note.screening]
        questions = [_question(i, item) for i, item in enumerate(items)]
        read = student.read(note.note.text, questions)
        if read is not None:
            text, logits = read
            rows += [
                Read(*row)
                for row in zip(questions, items, [text] * len(items), logits, strict=True)
            ]
    return rows


def calibrate(rows: list[Read]) -> Calibration:
    """Fits one temperature per answer type (least negative log-likelihood of the verdict), then
    the thresholds."""
    temperatures = {
        kind: _temperature([row for row in rows if row.question.type is kind])
        for kind in AnswerType
    }
    judged = [judge(row, temperatures[row.question.type]) for row in rows]
    return Calibration(temperatures, choose_thresholds(judged), judged)


def judge(row: Read, temperature: float) -> Judged:
    claim = best_claim(row.question, row.note, row.logits, temperature)
    if claim.number is not None:
        right = row.item.answer != "NA" and same_number(claim.number, float(row.item.answer))
    else:
        right = claim.verdict.value == row.item.answer
    expected = expected_of(row.item.answer)
    return Judged(row.question.type, claim.verdict, claim.confidence, expected, right)


def _question(i: int, item: Item) -> Question:
    kind = AnswerType.NUMERIC if item.numeric else AnswerType.BOOLEAN
    unit = (item.unit or "1") if item.numeric else None
    return Question(study="held-out", id=f"q{i}", text=item.wordings[0][:500], type=kind, unit=unit)


def _temperature(rows: list[Read]) -> float:
    return best_temperature(lambda temperature: sum(_surprises(rows, temperature)))


def _surprises(rows: list[Read], temperature: float) -> Iterator[float]:
    for row in rows:
        numeric = row.question.type is AnswerType.NUMERIC
        possible = [2, NA] if numeric else [0, 1, NA]
        logits = row.logits.verdict[possible].astype(np.float64) / temperature
        name = row.item.answer if not numeric or row.item.answer == "NA" else Verdict.NUMBER.value
        wanted = possible.index(VERDICTS.index(Verdict(name)))
        yield float(np.logaddexp.reduce(logits) - logits[wanted])
