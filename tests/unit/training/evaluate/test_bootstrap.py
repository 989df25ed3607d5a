"""Intervals over resampled notes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from training.evaluate.bootstrap import (
    Estimate,
    differences,
    estimate,
    estimate_difference,
    estimate_of,
)
from training.evaluate.scoring import Counts, Metric, Pair, count_by

YES, NO, NA = Verdict.YES, Verdict.NO, Verdict.NA

answers = st.lists(
    st.tuples(st.sampled_from([YES, NO, NA]), st.sampled_from([YES, NO, NA])),
    min_size=1,
    max_size=15,
)


def rows(notes: list[tuple[Verdict, Verdict]]) -> Counts:
    pairs = [
        Pair(f"N{number}", "q", AnswerType.BOOLEAN, expected, got)
        for number, (expected, got) in enumerate(notes)
    ]
    return count_by(pairs, lambda pair: pair.note)


def yes_precision(notes: list[tuple[Verdict, Verdict]]) -> Estimate:
    return estimate(rows(notes))[Metric.YES_PRECISION]


def test_notes_that_are_all_alike_have_no_spread() -> None:
    assert yes_precision([(YES, YES)] * 20) == Estimate(1.0, 1.0, 1.0)


def test_a_single_note_has_no_spread() -> None:
    assert yes_precision([(NO, YES)]) == Estimate(0.0, 0.0, 0.0)


def test_the_interval_of_a_share_is_about_that_of_its_binomial() -> None:
    half = yes_precision([(YES, YES), (NO, YES)] * 50)
    assert half.value == 0.5
    assert half.low == pytest.approx(0.5 - 0.098, abs=0.02)
    assert half.high == pytest.approx(0.5 + 0.098, abs=0.02)


def test_what_cannot_be_measured_has_no_interval() -> None:
    assert yes_precision([(YES, NA)]) == Estimate(None, None, None)


def test_no_notes_measure_nothing() -> None:
    assert yes_precision([]) == Estimate(None, None, None)


def test_the_same_seed_gives_the_same_interval() -> None:
    notes = rows([(YES, YES), (NO, YES), (NA, NA)] * 40)
    assert estimate(notes, seed=3) == estimate(notes, seed=3)
    assert estimate(notes, seed=3) != estimate(notes, seed=4)


@settings(max_examples=25, deadline=None)
@given(answers)
def test_an_interval_is_ordered(notes: list[tuple[Verdict, Verdict]]) -> None:
    for interval in estimate(rows(notes)).values():
        if interval.low is not None and interval.high is not None:
            assert interval.low <= interval.high


@settings(max_examples=25, deadline=None)
@given(answers)
def test_a_student_does_not_differ_from_itself(notes: list[tuple[Verdict, Verdict]]) -> None:
    for difference in estimate_difference(rows(notes), rows(notes)).values():
        assert difference in (Estimate(0.0, 0.0, 0.0), Estimate(None, None, None))


def test_a_difference_is_that_of_the_values() -> None:
    ours, theirs = rows([(YES, YES)] * 30), rows([(YES, NO)] * 15 + [(YES, YES)] * 15)
    difference = estimate_difference(ours, theirs)[Metric.THREE_CLASS_BALANCED_ACCURACY]
    assert difference.value == 0.5
    assert difference.low is not None
    assert difference.low > 0


def test_a_clear_difference_is_unlikely_to_be_chance() -> None:
    ours, theirs = rows([(YES, YES)] * 30), rows([(YES, NO)] * 15 + [(YES, YES)] * 15)
    p = differences(ours, theirs)[Metric.THREE_CLASS_BALANCED_ACCURACY].p
    assert p is not None
    assert 0 < p < 0.01


def test_no_difference_has_p_one_and_nothing_to_measure_none() -> None:
    found = differences(rows([(YES, YES), (NO, NO)]), rows([(YES, YES), (NO, NO)]))
    assert found[Metric.YES_PRECISION].p == 1.0
    assert found[Metric.NUMERIC_ACCURACY].p is None


def test_any_figure_of_counts_has_an_interval() -> None:
    half = estimate_of(np.array([[1.0, 1.0], [0.0, 1.0]] * 50), lambda c: c[..., 0] / c[..., 1])
    assert half.value == 0.5
    assert half.low == pytest.approx(0.4, abs=0.02)


def test_different_notes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="not the same notes"):
        estimate_difference(rows([(YES, YES)]), rows([(YES, YES)] * 2))
