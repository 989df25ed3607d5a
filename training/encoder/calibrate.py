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
from training.encoder.examples import NA, Item

# A proposal is worth a person's look where it is right this often.
REVIEW_PRECISION = 0.35
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
    al. 2017), then for each verdict the threshold with the best balance of its recall and
    precision (F1), and a lower one for proposals."""
    temperatures = {
        kind: _temperature([r for r in rows if r.question.type is kind]) for kind in AnswerType
    }
    judged = [judge(row, temperatures[row.question.type]) for row in rows]
    thresholds = {}
    for verdict in (Verdict.YES, Verdict.NO, Verdict.NUMBER):
        thresholds[verdict] = _thresholds(judged, verdict)
    return Calibration(temperatures, thresholds, judged)


def judge(row: Read, temperature: float) -> Judged:
    claim = best_claim(row.question, row.note, row.logits, temperature)
    if claim.number is not None:
        right = row.item.answer != "NA" and _same(claim.number, float(row.item.answer))
    else:
        right = claim.verdict.value == row.item.answer
    expected = row.item.answer if row.item.answer in ("Yes", "No", "NA") else Verdict.NUMBER.value
    return Judged(claim.verdict, claim.confidence, expected, right)


def _question(i: int, item: Item) -> Question:
    kind = AnswerType.NUMERIC if item.numeric else AnswerType.BOOLEAN
    unit = (item.unit or "1") if item.numeric else None
    return Question(study="held-out", id=f"q{i}", text=item.wordings[0][:500], type=kind, unit=unit)


def _same(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= max(1e-6, 0.002 * abs(wanted))


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


def _thresholds(judged: list[Judged], verdict: Verdict) -> Thresholds:
    claims = [j for j in judged if j.verdict is verdict]
    confidence = np.array([j.confidence for j in claims])
    right = np.array([j.right for j in claims])
    wanted = sum(j.expected == verdict.value for j in judged)
    scores, precisions = [], []
    for threshold in GRID:
        kept = confidence >= threshold
        hits = int(right[kept].sum())
        scores.append(2 * hits / max(int(kept.sum()) + wanted, 1))
        precisions.append(hits / max(int(kept.sum()), 1))
    answer = float(GRID[int(np.argmax(scores))])
    # Precision of what lies just above: the proposals between the two thresholds.
    band = [
        float(t)
        for t in GRID
        if t < answer and _precision(confidence, right, float(t), answer) >= REVIEW_PRECISION
    ]
    return Thresholds(answer=answer, review=min(band, default=answer))


def _precision(confidence: np.ndarray, right: np.ndarray, low: float, high: float) -> float:
    band = (confidence >= low) & (confidence < high)
    return float(right[band].mean()) if band.any() else 0.0
