"""From claims with their confidence and the truth to thresholds and figures; of every student."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from shared.students.thresholds import Thresholds

# A proposal is worth a person's look where it is right this often.
REVIEW_PRECISION = 0.35
# Least share of right answers among those given, on the held-out notes.
LEAST_PRECISION = {Verdict.YES: 0.8, Verdict.NO: 0.75}
GRID = np.round(np.arange(0.05, 0.96, 0.01), 2)
TEMPERATURES = np.round(np.arange(0.5, 4.01, 0.05), 2)


@dataclass(frozen=True)
class Judged:
    """A claim beside the truth. type: the question's. expected: Yes, No, NA or number. right: in
    verdict and number."""

    type: AnswerType
    verdict: Verdict
    confidence: float
    expected: str
    right: bool


@dataclass(frozen=True)
class Calibration:
    temperatures: dict[AnswerType, float]
    thresholds: dict[Verdict, Thresholds]
    judged: list[Judged]


def expected_of(answer: str) -> str:
    """Yes, No, NA, or "number" for any."""
    return answer if answer in ("Yes", "No", "NA") else Verdict.NUMBER.value


def same_number(found: float, wanted: float) -> bool:
    """Equal up to rounding, 0.2 %."""
    return abs(found - wanted) <= max(1e-6, 0.002 * abs(wanted))


def best_temperature(loss: Callable[[float], float]) -> float:
    """That of TEMPERATURES with the least loss (Guo et al. 2017)."""
    return float(TEMPERATURES[int(np.argmin([loss(float(t)) for t in TEMPERATURES]))])


def choose_thresholds(judged: list[Judged]) -> dict[Verdict, Thresholds]:
    """Of Yes and No together, the best three-class balanced accuracy at LEAST_PRECISION; of
    numbers, the best F1. A lower threshold is for proposals."""
    answers = {**_yes_and_no(judged), Verdict.NUMBER: _number(judged)}
    return {
        verdict: Thresholds(answer=answer, review=_review(judged, verdict, answer))
        for verdict, answer in answers.items()
    }


def held_out_metrics(calibration: Calibration) -> dict[str, JsonValue]:
    """On the notes the thresholds were chosen on: for the card, not a claim of accuracy."""

    def said(j: Judged) -> str:
        threshold = calibration.thresholds.get(j.verdict)
        answered = threshold is not None and j.confidence >= threshold.answer
        return j.verdict.value if answered else "NA"

    yes_no = [j for j in calibration.judged if j.type is AnswerType.BOOLEAN]
    numeric = [j for j in calibration.judged if j.type is AnswerType.NUMERIC]
    recall = {
        label: _share([said(j) == label for j in yes_no if j.expected == label])
        for label in ("Yes", "No", "NA")
    }
    given = [said(j) == "number" and j.right for j in numeric if j.expected == "number"]
    silent = [said(j) == "NA" for j in numeric if j.expected == "NA"]
    return {
        "three_class_balanced_accuracy": round(sum(recall.values()) / 3, 4),
        "recall": {**recall},
        "yes_precision": _share([j.right for j in yes_no if said(j) == "Yes"]),
        "numeric_accuracy": _share([*given, *silent]),
        "numeric_given_accuracy": _share(given),
    }


def _yes_and_no(judged: list[Judged]) -> dict[Verdict, float]:
    rows = [j for j in judged if j.type is AnswerType.BOOLEAN]
    confidence = np.array([j.confidence for j in rows])
    right = np.array([j.right for j in rows], dtype=bool)
    is_yes = np.array([j.verdict is Verdict.YES for j in rows], dtype=bool)
    is_no = np.array([j.verdict is Verdict.NO for j in rows], dtype=bool)
    silent = np.array([j.expected == "NA" for j in rows], dtype=bool)
    wanted = {label: max(sum(j.expected == label for j in rows), 1) for label in ("Yes", "No")}
    best, score = (float(GRID[-1]), float(GRID[-1])), -1.0
    for yes in GRID:
        for no in GRID:
            said_yes = is_yes & (confidence >= yes)
            said_no = is_no & (confidence >= no)
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


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else 0.0
