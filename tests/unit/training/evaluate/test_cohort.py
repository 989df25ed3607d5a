"""The metric of n2c2 2018 track 1."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.evaluate.cohort import (
    CohortMismatchError,
    Labels,
    estimate_f1,
    f1_differences,
    score_cohort,
    tally,
)

CRITERIA = ("A", "B", "C")


def labels(rows: Iterable[Iterable[bool]]) -> dict[str, dict[str, bool]]:
    return {f"P{at}": dict(zip(CRITERIA, row, strict=True)) for at, row in enumerate(rows)}


rows = st.tuples(st.booleans(), st.booleans(), st.booleans())
cohorts = st.lists(st.tuples(rows, rows), min_size=1, max_size=12).map(
    lambda pairs: (labels(key for key, _ in pairs), labels(said for _, said in pairs))
)


def test_a_hand_computed_cohort() -> None:
    key = labels([(True, True, False), (True, False, False), (False, True, False)])
    said = labels([(True, False, False), (False, False, False), (False, True, False)])
    score = score_cohort(key, said)
    a = score.criteria["A"]  # met: 1 of 2 found; not met: 1 of 1 found, said twice
    assert (a.met.precision, a.met.recall, a.met.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (a.not_met.precision, a.not_met.recall) == (0.5, 1.0)
    assert a.f1 == pytest.approx(2 / 3)
    assert a.auc == pytest.approx((0.5 + 1) / 2)
    c = score.criteria["C"]  # nobody meets it, which gives "met" an F1 of 0
    assert (c.met.f1, c.not_met.f1, c.f1) == (0.0, 1.0, 0.5)
    assert score.macro.f1 == pytest.approx((2 / 3 + 2 / 3 + 0.5) / 3)
    # Pooled, "met": 2 true, 0 false positives, 2 missed. "Not met": 5 true, 2 false, 0 missed.
    assert score.micro.f1 == pytest.approx((2 * 2 / (4 + 2) + 2 * 5 / (10 + 2)) / 2)


def test_perfect_answers_score_one_where_both_classes_occur() -> None:
    key = labels([(True, True, False), (False, False, True)])
    score = score_cohort(key, key)
    assert (score.micro.f1, score.macro.f1, score.macro.auc) == (1.0, 1.0, 1.0)


def reference(key: Labels, said: Labels) -> tuple[float, float]:
    """Micro and macro F1 by counting, in the definition's own order."""

    def f1(places: list[tuple[bool, bool]], value: bool) -> float:
        true = sum(k == value and s == value for k, s in places)
        claimed = sum(s == value for _, s in places)
        present = sum(k == value for k, _ in places)
        precision = true / claimed if claimed else 0.0
        recall = true / present if present else 0.0
        whole = precision + recall
        return 2 * precision * recall / whole if whole else 0.0

    of = {name: [(key[p][name], said[p][name]) for p in key] for name in CRITERIA}
    pooled = [place for places in of.values() for place in places]
    macro = sum((f1(places, True) + f1(places, False)) / 2 for places in of.values()) / len(of)
    return (f1(pooled, True) + f1(pooled, False)) / 2, macro


@given(cohorts)
def test_the_scores_are_those_of_the_definition(cohort: tuple[Labels, Labels]) -> None:
    score = score_cohort(*cohort)
    assert (score.micro.f1, score.macro.f1) == pytest.approx(reference(*cohort))


@settings(max_examples=20, deadline=None)
@given(cohorts)
def test_the_estimates_are_the_scores(cohort: tuple[Labels, Labels]) -> None:
    score, (_, counts) = score_cohort(*cohort), tally(*cohort)
    micro, macro = estimate_f1(counts)
    assert (micro.value, macro.value) == pytest.approx((score.micro.f1, score.macro.f1))
    assert micro.low is not None
    assert micro.high is not None
    assert 0 <= micro.low <= micro.high <= 1


def test_a_better_student_lies_above_another_on_the_same_patients() -> None:
    key = labels([(True, False, True), (False, True, False)] * 20)
    wrong = labels([(False, False, True), (False, False, False)] * 20)
    micro, macro = f1_differences(tally(key, key)[1], tally(key, wrong)[1])
    assert micro.estimate.low is not None
    assert micro.estimate.low > 0
    assert macro.p is not None
    assert macro.p < 0.01


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ({}, "1 patients in the key, answers for 0"),
        ({"P0": {"A": True}}, "patient P0 is not labelled"),
        ({"P1": {"A": True, "B": True, "C": True}}, "1 patients in the key, answers for 1"),
    ],
)
def test_answers_for_others_than_the_key_s_are_refused(said: Labels, cause: str) -> None:
    key = labels([(True, True, True)])
    with pytest.raises(CohortMismatchError, match=cause):
        score_cohort(key, said)


def test_no_patient_at_all_is_refused() -> None:
    with pytest.raises(CohortMismatchError, match="no patient"):
        score_cohort({}, {})
