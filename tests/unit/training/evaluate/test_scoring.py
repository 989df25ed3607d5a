"""Metrics of answers beside a key."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from training.evaluate.scoring import (
    Metric,
    Pair,
    Value,
    by_patient,
    count,
    count_by,
    measure,
    near,
    same,
)

YES, NO, NA = Verdict.YES, Verdict.NO, Verdict.NA


def pair(expected: Value, got: Value, *, claims: int | None = None, verbatim: int = 0) -> Pair:
    numeric = isinstance(expected, float) or isinstance(got, float)
    kind = AnswerType.NUMERIC if numeric else AnswerType.BOOLEAN
    claims = (got != NA) if claims is None else claims
    return Pair("N1", "q", kind, expected, got, claims, verbatim)


def numeric(expected: Value, got: Value) -> Pair:
    return Pair("N1", "q", AnswerType.NUMERIC, expected, got)


def metrics(pairs: list[Pair]) -> dict[Metric, float]:
    return {metric: float(value) for metric, value in measure(count(pairs)).items()}


verdicts = st.sampled_from([YES, NO, NA])
numbers = st.one_of(st.just(NA), st.integers(0, 20).map(float))
boolean_pairs = st.builds(pair, verdicts, verdicts)
numeric_pairs = st.builds(numeric, numbers, numbers)
pairs = st.lists(st.one_of(boolean_pairs, numeric_pairs), max_size=40)


def test_a_hand_computed_example() -> None:
    # Key: 4 Yes, 2 No, 4 NA. Yes: 3 right, 1 as No. No: 1 right, 1 as NA. NA: 3 right, 1 as Yes.
    scored = metrics(
        [pair(YES, YES)] * 3
        + [pair(YES, NO), pair(NO, NO), pair(NO, NA), pair(NA, YES)]
        + [pair(NA, NA)] * 3
        + [numeric(1.2, 1.2), numeric(7.0, NA), numeric(NA, NA), numeric(NA, 5.0)]
        + [numeric(3.0, 3.1)]
    )
    assert scored == pytest.approx(
        {
            Metric.THREE_CLASS_BALANCED_ACCURACY: (3 / 4 + 1 / 2 + 3 / 4) / 3,
            Metric.YES_BALANCED_ACCURACY: (3 / 4 + 5 / 6) / 2,
            Metric.YES_PRECISION: 3 / 4,
            Metric.NUMERIC_ACCURACY: 2 / 5,
            Metric.NUMERIC_GIVEN_ACCURACY: 1 / 3,
            Metric.NUMERIC_WITHIN_TOLERANCE: 2 / 3,  # 3.1 for 3.0 too
            Metric.QUOTE_VERBATIM_RATE: 0.0,  # six claims without a quote
        }
    )


def test_every_claim_behind_an_answer_counts_for_the_quotes() -> None:
    scored = metrics([pair(YES, YES, claims=3, verbatim=2), pair(NO, NO, claims=1, verbatim=1)])
    assert scored[Metric.QUOTE_VERBATIM_RATE] == 3 / 4


@given(pairs)
def test_perfect_answers_give_one_wherever_something_is_measured(asked: list[Pair]) -> None:
    perfect = [Pair(p.note, p.question, p.type, p.expected, p.expected) for p in asked]
    assert all(value == 1 or math.isnan(value) for value in metrics(perfect).values())


@given(pairs)
def test_every_metric_is_a_share_or_not_measurable(asked: list[Pair]) -> None:
    assert all(0 <= value <= 1 or math.isnan(value) for value in metrics(asked).values())


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_matter(asked: list[Pair], rng: random.Random) -> None:
    shuffled = asked.copy()
    rng.shuffle(shuffled)
    np.testing.assert_array_equal(count(asked), count(shuffled))


@given(st.lists(boolean_pairs, min_size=1))
def test_always_na_is_right_by_chance_only(asked: list[Pair]) -> None:
    answered = [Pair(p.note, p.question, p.type, p.expected, NA) for p in asked]
    classes = {p.expected for p in asked}
    scored = metrics(answered)
    assert scored[Metric.THREE_CLASS_BALANCED_ACCURACY] == pytest.approx(
        (NA in classes) / len(classes)
    )
    assert math.isnan(scored[Metric.YES_PRECISION])


@given(pairs)
def test_counts_of_notes_add_up_to_the_counts_of_all_pairs(asked: list[Pair]) -> None:
    spread = [
        Pair(f"N{i % 3}", p.question, p.type, p.expected, p.got, p.claims)
        for i, p in enumerate(asked)
    ]
    rows = count_by(spread, lambda p: p.note)
    assert len(rows) == len({p.note for p in spread})
    np.testing.assert_array_equal(rows.sum(axis=0), count(asked))


def test_nothing_to_measure_is_not_a_number() -> None:
    assert all(math.isnan(value) for value in metrics([]).values())


def test_a_class_the_key_does_not_hold_counts_in_no_mean() -> None:
    assert metrics([pair(YES, YES), pair(NA, NO)])[Metric.THREE_CLASS_BALANCED_ACCURACY] == 0.5


@pytest.mark.parametrize(
    ("expected", "got", "equal"),
    [
        (187.0, 187.0, True),
        (187.0, 187.0 * (1 + 1e-9), True),
        (187.0, 188.0, False),
        (0.0, 0.0, True),
        (NA, 0.0, False),
        (NA, NA, True),
        (YES, NO, False),
    ],
)
def test_numbers_are_compared_exactly_up_to_rounding(
    expected: Value, got: Value, equal: bool
) -> None:
    assert same(expected, got) is equal


@pytest.mark.parametrize(
    ("expected", "got", "is_near"),
    [
        (100.0, 105.0, True),
        (100.0, 94.9, False),
        (-2.0, -2.05, True),
        (0.0, 0.0, True),
        (0.0, 0.1, False),
        (1.0, NA, False),
        (NA, NA, False),
    ],
)
def test_a_number_is_near_within_a_share_of_the_key_s(
    expected: Value, got: Value, is_near: bool
) -> None:
    assert near(expected, got) is is_near


@given(numbers, numbers)
def test_what_is_right_is_within_tolerance_too(expected: Value, got: Value) -> None:
    scored = metrics([numeric(expected, got)])
    exact = scored[Metric.NUMERIC_GIVEN_ACCURACY]
    assert math.isnan(exact) or exact <= scored[Metric.NUMERIC_WITHIN_TOLERANCE]


def test_a_note_of_an_unknown_patient_stands_for_one() -> None:
    known = Pair("N1", "q", AnswerType.BOOLEAN, YES, YES, patient="P")
    assert (by_patient(known), by_patient(pair(YES, YES))) == ("P", "N1")


def test_a_number_for_a_yes_no_question_is_refused() -> None:
    with pytest.raises(ValueError, match="no answer"):
        count([Pair("N1", "q", AnswerType.BOOLEAN, YES, 4.0)])
