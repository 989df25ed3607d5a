"""What an evaluation measures: pure functions from scored pairs to metrics.

A pair is one question on one note. Pairs are first counted (one row of COLUMNS for each note);
every metric is a function of those counts alone, so that resampling notes is a matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict

Value = Verdict | float  # Yes, No, NA; a number or NA for a numeric question
Counts = NDArray[np.float64]

CLASSES = (Verdict.YES, Verdict.NO, Verdict.NA)
# A confusion matrix (expected x got) of the yes/no pairs, flattened, then seven counts.
NUMERIC, NUMERIC_RIGHT, GIVEN, GIVEN_RIGHT, CLAIMS, VERBATIM, GIVEN_NEAR = range(9, 16)
COLUMNS = 16

TOLERANCE = 0.05
"""How far a number may lie from the key's to be within tolerance, as a share of the key's."""


class Metric(StrEnum):
    """All pooled over pairs. A class that the key does not hold counts in no mean; a metric
    without a pair to measure it on is not a number.

    THREE_CLASS_BALANCED_ACCURACY: mean of the recalls of Yes, No and NA.
    YES_BALANCED_ACCURACY: mean of the recalls of Yes and of everything else.
    YES_PRECISION: share of the Yes answers that are right.
    NUMERIC_ACCURACY: share of numeric pairs with the key's number, or NA where it has none.
    NUMERIC_GIVEN_ACCURACY: the same over the pairs whose number the key gives.
    NUMERIC_WITHIN_TOLERANCE: over these pairs, a number within TOLERANCE of the key's.
    QUOTE_VERBATIM_RATE: share of claims (Yes, No, a number) whose quote stands in the note.
    """

    THREE_CLASS_BALANCED_ACCURACY = "three_class_balanced_accuracy"
    YES_BALANCED_ACCURACY = "yes_balanced_accuracy"
    YES_PRECISION = "yes_precision"
    NUMERIC_ACCURACY = "numeric_accuracy"
    NUMERIC_GIVEN_ACCURACY = "numeric_given_accuracy"
    NUMERIC_WITHIN_TOLERANCE = "numeric_within_tolerance"
    QUOTE_VERBATIM_RATE = "quote_verbatim_rate"


@dataclass(frozen=True, slots=True)
class Pair:
    """One question answered on one note, beside the key.

    claims: how many Yes, No or number answers were given for it (several for a criterion composed
        of questions, which may still be NA); verbatim: how many of their quotes are in the note.
    patient: whose note it is, where that is known.
    """

    note: str
    question: str
    type: AnswerType
    expected: Value
    got: Value
    claims: int = 0
    verbatim: int = 0
    patient: str | None = None

    @property
    def right(self) -> bool:
        return same(self.expected, self.got)


def by_patient(pair: Pair) -> str:
    """What is resampled together: the patient; where unknown, the note stands for one."""
    return pair.patient or pair.note


def same(expected: Value, got: Value) -> bool:
    """Equal; numbers up to the rounding of a unit conversion (one part in a million)."""
    if isinstance(expected, Verdict) or isinstance(got, Verdict):
        return expected == got
    return math.isclose(expected, got, rel_tol=1e-6)


def near(expected: Value, got: Value) -> bool:
    """Two numbers, the second within TOLERANCE of the first."""
    if isinstance(expected, Verdict) or isinstance(got, Verdict):
        return False
    return math.isclose(expected, got, rel_tol=1e-6) or abs(got - expected) <= TOLERANCE * abs(
        expected
    )


def count(pairs: Iterable[Pair]) -> Counts:
    """Counts of the pairs, shape (COLUMNS,). Raises ValueError: a number for a yes/no question."""
    counts = np.zeros(COLUMNS)
    for pair in pairs:
        counts[CLAIMS] += pair.claims
        counts[VERBATIM] += pair.verbatim
        if pair.type is AnswerType.NUMERIC:
            given = not isinstance(pair.expected, Verdict)
            counts[NUMERIC] += 1
            counts[NUMERIC_RIGHT] += pair.right
            counts[GIVEN] += given
            counts[GIVEN_RIGHT] += given and pair.right
            counts[GIVEN_NEAR] += near(pair.expected, pair.got)
        else:
            counts[len(CLASSES) * _class(pair.expected) + _class(pair.got)] += 1
    return counts


def _class(value: Value) -> int:
    for index, verdict in enumerate(CLASSES):
        if verdict == value:
            return index
    raise ValueError(f"a yes/no question has no answer {value!r}")


def count_by(pairs: Iterable[Pair], unit: Callable[[Pair], str]) -> Counts:
    """One row of counts for each unit (note, patient), in order of first appearance."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(unit(pair), []).append(pair)
    rows = [count(group) for group in groups.values()]
    return np.array(rows).reshape(len(rows), COLUMNS)


def measure(counts: Counts) -> dict[Metric, NDArray[np.float64]]:
    """Metrics of counts of shape (..., COLUMNS), each of shape (...); NaN where not measurable."""
    confusion = counts[..., :9].reshape(*counts.shape[:-1], 3, 3)
    expected = confusion.sum(axis=-1)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    yes_right, yes_said = right[..., 0], confusion[..., 0].sum(axis=-1)
    rest = expected[..., 1:].sum(axis=-1)
    rest_right = rest - (yes_said - yes_right)
    return {
        Metric.THREE_CLASS_BALANCED_ACCURACY: _mean_recall(right, expected),
        Metric.YES_BALANCED_ACCURACY: _mean_recall(
            np.stack([yes_right, rest_right], axis=-1),
            np.stack([expected[..., 0], rest], axis=-1),
        ),
        Metric.YES_PRECISION: share(yes_right, yes_said),
        Metric.NUMERIC_ACCURACY: share(counts[..., NUMERIC_RIGHT], counts[..., NUMERIC]),
        Metric.NUMERIC_GIVEN_ACCURACY: share(counts[..., GIVEN_RIGHT], counts[..., GIVEN]),
        Metric.NUMERIC_WITHIN_TOLERANCE: share(counts[..., GIVEN_NEAR], counts[..., GIVEN]),
        Metric.QUOTE_VERBATIM_RATE: share(counts[..., VERBATIM], counts[..., CLAIMS]),
    }


def share(part: Counts, whole: Counts) -> Counts:
    """part / whole; NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _mean_recall(right: Counts, expected: Counts) -> Counts:
    """Mean over the last axis of right / expected, of the classes with any expected."""
    recalls = np.nan_to_num(share(right, expected))
    return share(recalls.sum(axis=-1), (expected > 0).sum(axis=-1).astype(np.float64))
