"""Temperatures and thresholds of an encoder student, chosen on held-out training notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shared.criteria.question import AnswerType, Question
from shared.students.encoder.decoding import VERDICTS, NoteLogits, NoteText, best_claim
from shared.students.encoder.description import Thresholds
from shared.students.encoder.engine import EncoderStudent
from shared.students.interface import Verdict
from training.encoder.data import TrainingNote
from training.encoder.examples import NA, Item, same_number

# A proposal is worth a person's look where it is right this often.
REVIEW_PRECISION = 0.35
# Least share of right answers among those given, on the held-out notes.
LEAST_PRECISION = {Verdict.YES: 0.8, Verdict.NO: 0.75}
GRID = np.round(np.arange(0.05, 0.96, 0.01), 2)


@dataclass(frozen=True)
class Read:
    """One held-out question with what the uncalibrated network said of it."""

    question: Question
    item: Item
    note: NoteText
    logits: NoteLogits


@dataclass(frozen=True)
class Judged:
    """A calibrated claim beside the truth."""

    verdict: Verdict
    confidence: float
    expected: str
    right: bool


@dataclass(frozen=True)
class Calibration:
    temperatures: dict[AnswerType, float]
    thresholds: dict[Verdict, Thresholds]
    judged: list[Judged]


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
    """Fits one temperature per answer type (least negative log-likelihood of the verdict; Guo et
    al. 2017), then the answer thresholds: of Yes and No together, the best three-class balanced
    accuracy at LEAST_PRECISION; of numbers, the best F1. A lower threshold is for proposals."""
    temperatures = {
        kind: _temperature([row for row in rows if row.question.type is kind])
        for kind in AnswerType
    }
    judged = [judge(row, temperatures[row.question.type]) for row in rows]
    answers = {**_yes_and_no(judged), Verdict.NUMBER: _number(judged)}
    thresholds = {
        verdict: Thresholds(answer=answer, review=_review(judged, verdict, answer))
        for verdict, answer in answers.items()
    }
    return Calibration(temperatures, thresholds, judged)


def judge(row: Read, temperature: float) -> Judged:
    claim = best_claim(row.question, row.note, row.logits, temperature)
    if claim.number is not None:
        right = row.item.answer != "NA" and same_number(claim.number, float(row.item.answer))
    else:
        right = claim.verdict.value == row.item.answer
    expected = row.item.answer if row.item.answer in ("Yes", "No", "NA") else Verdict.NUMBER.value
    return Judged(claim.verdict, claim.confidence, expected, right)


def _question(i: int, item: Item) -> Question:
    kind = AnswerType.NUMERIC if item.numeric else AnswerType.BOOLEAN
    unit = (item.unit or "1") if item.numeric else None
    return Question(study="held-out", id=f"q{i}", text=item.wordings[0][:500], type=kind, unit=unit)


def _temperature(rows: list[Read]) -> float:
    grid = np.round(np.arange(0.5, 4.01, 0.05), 2)
    losses = [sum(_surprises(rows, float(t))) for t in grid]
    return float(grid[int(np.argmin(losses))])


def _surprises(rows: list[Read], temperature: float) -> Iterator[float]:
    for row in rows:
        numeric = row.question.type is AnswerType.NUMERIC
        possible = [2, NA] if numeric else [0, 1, NA]
        logits = row.logits.verdict[possible].astype(np.float64) / temperature
        name = row.item.answer if not numeric or row.item.answer == "NA" else Verdict.NUMBER.value
        wanted = possible.index(VERDICTS.index(Verdict(name)))
        yield float(np.logaddexp.reduce(logits) - logits[wanted])


def _yes_and_no(judged: list[Judged]) -> dict[Verdict, float]:
    rows = [j for j in judged if j.verdict in (Verdict.YES, Verdict.NO)]
    confidence = np.array([j.confidence for j in rows])
    right = np.array([j.right for j in rows], dtype=bool)
    is_yes = np.array([j.verdict is Verdict.YES for j in rows], dtype=bool)
    silent = np.array([j.expected == "NA" for j in rows], dtype=bool)
    wanted = {label: max(sum(j.expected == label for j in rows), 1) for label in ("Yes", "No")}
    best, score = (float(GRID[-1]), float(GRID[-1])), -1.0
    for yes in GRID:
        for no in GRID:
            said_yes = is_yes & (confidence >= yes)
            said_no = ~is_yes & (confidence >= no)
            hits_yes, hits_no = int((right & said_yes).sum()), int((right & said_no).sum())
            if hits_yes < LEAST_PRECISION[Verdict.YES] * said_yes.sum():
                continue
            if hits_no < LEAST_PRECISION[Verdict.NO] * said_no.sum():
                continue
            quiet = int((silent & ~said_yes & ~said_no).sum()) / max(int(silent.sum()), 1)
            recall = (hits_yes / wanted["Yes"] + hits_no / wanted["No"] + quiet) / 3
            if recall > score:
                best, score = (float(yes), float(no)), recall
    return {Verdict.YES: best[0], Verdict.NO: best[1]}


def _number(judged: list[Judged]) -> float:
    claims = [j for j in judged if j.verdict is Verdict.NUMBER]
    confidence = np.array([j.confidence for j in claims])
    right = np.array([j.right for j in claims], dtype=bool)
    wanted = sum(j.expected == Verdict.NUMBER.value for j in judged)
    scores = [
        2 * int((right & (confidence >= t)).sum()) / max(int((confidence >= t).sum()) + wanted, 1)
        for t in GRID
    ]
    return float(GRID[int(np.argmax(scores))])


def _review(judged: list[Judged], verdict: Verdict, answer: float) -> float:
    """The lowest threshold above which, up to `answer`, proposals are right often enough."""
    claims = [j for j in judged if j.verdict is verdict and j.confidence < answer]
    for low in GRID[answer > GRID]:
        band = [j.right for j in claims if j.confidence >= low]
        if band and np.mean(band) >= REVIEW_PRECISION:
            return float(low)
    return answer
