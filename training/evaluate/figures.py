"""What is reported of one student: accuracy, how sure it is, by parts, time and cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from training.evaluate.answering import Answered, Outcome
from training.evaluate.bootstrap import Estimate, estimate, estimate_of
from training.evaluate.calibration import (
    Bin,
    Point,
    Sureness,
    calibration_error,
    coverage,
    reliability,
)
from training.evaluate.scoring import Metric, Value, by_patient, count_by, share
from training.evaluate.usage import Price

Estimates = dict[Metric, Estimate]
NUMBER = "number"
EASY, HARD = 3, 7
"""Difficulties up to and from here."""
LENGTHS = (250, 500, 1000, 2000)
"""Words up to which a note belongs to a part; the last part is open."""


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionReport(Frozen):
    """One id over all notes. A metric that does not apply (numeric ones of a yes/no id, precision
    where no Yes was said) has null for value, low and high.

    expected, got: how many pairs of each kind: Yes, No, number, NA. text: what is asked.
    """

    type: AnswerType
    text: str
    answered_by: str
    pairs: int
    right: int
    expected: dict[str, int]
    got: dict[str, int]
    metrics: Estimates


class PartReport(Frozen):
    """Some of the pairs. right: of them, answered as the key does, NA included."""

    notes: int
    pairs: int
    right: int
    metrics: Estimates


class Commitment(Frozen):
    """Of all pairs: answered: with a Yes, a No or a number that stands; proposed: with one that a
    person has to look at; the rest is NA.

    answered_right, proposed_right: share of these that are right. found: share of the pairs that
    the key answers which are answered rightly.
    """

    pairs: int
    answered: int
    proposed: int
    answered_right: Estimate
    proposed_right: Estimate
    found: Estimate


class Calibration(Frozen):
    """Of all claims, answered and proposed. error: expected calibration error."""

    claims: int
    error: Estimate
    bins: tuple[Bin, ...]


class Cost(Frozen):
    """Tokens over all notes, where the engine reports them. cost: in the currency of `price`."""

    prompt_tokens: int
    completion_tokens: int
    price: Price | None = None
    cost: float | None = None


class Figures(Frozen):
    """version: of the student. seconds: for all notes, loading left out.
    parts: by `type`, `difficulty` (where known) and `length` (words of the note)."""

    version: str
    seconds: float
    seconds_per_note: float
    metrics: Estimates
    questions: dict[str, QuestionReport]
    commitment: Commitment
    calibration: Calibration
    coverage: tuple[Point, ...]
    parts: dict[str, dict[str, PartReport]]
    cost: Cost | None = None


def figures_of(answered: Answered, notes: int, price: Price | None = None) -> dict[str, object]:
    """The fields of `Figures`."""
    outcomes = answered.outcomes
    sureness = [_sureness(outcome) for outcome in outcomes]
    return {
        "version": answered.version,
        "seconds": answered.seconds,
        "seconds_per_note": answered.seconds / max(notes, 1),
        "metrics": estimate(count_by(answered.pairs, by_patient)),
        "questions": _by_question(outcomes),
        "commitment": commitment(outcomes),
        "calibration": Calibration(
            claims=sum(one.confidence is not None for one in sureness),
            error=calibration_error(sureness),
            bins=reliability(sureness),
        ),
        "coverage": coverage(sureness),
        "parts": _parts(outcomes),
        "cost": _cost(answered, price),
    }


def commitment(outcomes: Sequence[Outcome]) -> Commitment:
    """Intervals over patients."""
    rows: dict[str, NDArray[np.float64]] = {}
    for outcome in outcomes:
        row = rows.setdefault(by_patient(outcome.pair), np.zeros(6))
        given = outcome.pair.expected != Verdict.NA
        claim = outcome.claim
        answered = claim is not None and claim.answered
        proposed = claim is not None and not claim.answered
        right = claim is not None and claim.right
        row += (answered, answered and right, proposed, proposed and right, given, 0)
        row[5] += given and answered and right
    counts = np.array(list(rows.values())).reshape(len(rows), 6)

    def part(right: int, whole: int) -> Estimate:
        return estimate_of(counts, lambda sums: share(sums[..., right], sums[..., whole]))

    return Commitment(
        pairs=len(outcomes),
        answered=int(counts[:, 0].sum()),
        proposed=int(counts[:, 2].sum()),
        answered_right=part(1, 0),
        proposed_right=part(3, 2),
        found=part(5, 4),
    )


def _sureness(outcome: Outcome) -> Sureness:
    claim = outcome.claim
    return Sureness(
        unit=by_patient(outcome.pair),
        confidence=None if claim is None else claim.confidence,
        right=claim is not None and claim.right,
        given=outcome.pair.expected != Verdict.NA,
    )


def _by_question(outcomes: Iterable[Outcome]) -> dict[str, QuestionReport]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.subject.label is not None:
            groups.setdefault(outcome.subject.label, []).append(outcome)
    return {label: _question(of) for label, of in groups.items()}


def _question(outcomes: Sequence[Outcome]) -> QuestionReport:
    subject = outcomes[0].subject
    pairs = [outcome.pair for outcome in outcomes]
    return QuestionReport(
        type=subject.type,
        text=subject.text,
        answered_by=subject.answered_by,
        pairs=len(pairs),
        right=sum(pair.right for pair in pairs),
        expected=_kinds(pair.expected for pair in pairs),
        got=_kinds(pair.got for pair in pairs),
        metrics=estimate(count_by(pairs, by_patient)),
    )


def _parts(outcomes: Sequence[Outcome]) -> dict[str, dict[str, PartReport]]:
    """Empty parts left out. The types `boolean` and `numeric` of the training form hold only what
    the note answers, so three-class accuracy is not to be read there."""
    words = {o.note.id: len(o.note.text.split()) for o in outcomes}
    ways: dict[str, tuple[Callable[[Outcome], str | None], tuple[str, ...]]] = {
        "type": (lambda o: o.subject.kind or o.subject.type.value, ()),
        "difficulty": (lambda o: _difficulty(o.subject.difficulty), ("easy", "medium", "hard")),
        "length": (lambda o: _length(words[o.note.id]), LENGTH_NAMES),
    }
    found = {name: _split(outcomes, part_of, order) for name, (part_of, order) in ways.items()}
    return {name: parts for name, parts in found.items() if parts}


def _split(
    outcomes: Sequence[Outcome], part_of: Callable[[Outcome], str | None], order: tuple[str, ...]
) -> dict[str, PartReport]:
    parts: dict[str, list[Outcome]] = {name: [] for name in order}
    for outcome in outcomes:
        if (name := part_of(outcome)) is not None:
            parts.setdefault(name, []).append(outcome)
    return {name: _part(of) for name, of in parts.items() if of}


def _part(outcomes: Sequence[Outcome]) -> PartReport:
    pairs = [outcome.pair for outcome in outcomes]
    return PartReport(
        notes=len({pair.note for pair in pairs}),
        pairs=len(pairs),
        right=sum(pair.right for pair in pairs),
        metrics=estimate(count_by(pairs, by_patient)),
    )


def _difficulty(difficulty: int | None) -> str | None:
    if difficulty is None:
        return None
    if difficulty <= EASY:
        return "easy"
    return "hard" if difficulty >= HARD else "medium"


LENGTH_NAMES = (
    f"up to {LENGTHS[0]} words",
    *(f"{low + 1} to {high} words" for low, high in pairwise(LENGTHS)),
    f"over {LENGTHS[-1]} words",
)


def _length(words: int) -> str:
    return LENGTH_NAMES[sum(words > limit for limit in LENGTHS)]


def _cost(answered: Answered, price: Price | None) -> Cost | None:
    usage = answered.usage
    if usage is None:
        return None
    return Cost(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        price=price,
        cost=None if price is None else price.of(usage),
    )


def _kinds(values: Iterable[Value]) -> dict[str, int]:
    counts = Counter(value.value if isinstance(value, Verdict) else NUMBER for value in values)
    return {kind: counts[kind] for kind in ("Yes", "No", NUMBER, "NA") if counts[kind]}
