"""Two students on the same pairs."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from training.evaluate.paired import NotPairedError, compare, exact_p, of_outcomes
from training.evaluate.scoring import Pair

counts = st.integers(0, 60)


def pair(note: str, got: Verdict) -> Pair:
    return Pair(note, "q", AnswerType.BOOLEAN, Verdict.YES, got)


def test_pairs_are_matched_by_note_and_question_whatever_their_order() -> None:
    ours = [pair("N1", Verdict.YES), pair("N2", Verdict.YES), pair("N3", Verdict.NA)]
    theirs = [pair("N3", Verdict.YES), pair("N2", Verdict.NO), pair("N1", Verdict.YES)]
    found = compare(ours, theirs)
    assert (found.both_right, found.only_this, found.only_other, found.both_wrong) == (1, 1, 1, 0)


def test_other_pairs_are_refused() -> None:
    with pytest.raises(NotPairedError, match="not the same pairs"):
        compare([pair("N1", Verdict.YES)], [pair("N2", Verdict.YES)])


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 2 / 32), (1, 9, 2 * 11 / 1024), (10, 2, 2 * 79 / 4096)],
)
def test_hand_computed_p_values(one: int, other: int, p: float) -> None:
    assert exact_p(one, other) == pytest.approx(p)


@given(counts, counts)
def test_p_is_that_of_the_binomial(one: int, other: int) -> None:
    total = one + other
    tail = sum(comb(total, k) for k in range(min(one, other) + 1)) / 2**total
    assert exact_p(one, other) == pytest.approx(min(1.0, 2 * tail))
    assert exact_p(one, other) == exact_p(other, one)


def test_ten_thousands_of_pairs_are_exact_too() -> None:
    assert exact_p(10_000, 10_000) == 1.0
    assert exact_p(20_000, 0) == 0.0  # below what a float holds


@given(st.lists(st.tuples(st.booleans(), st.booleans())))
def test_every_pair_is_counted_once(paired: list[tuple[bool, bool]]) -> None:
    found = of_outcomes([one for one, _ in paired], [other for _, other in paired])
    whole = found.both_right + found.only_this + found.only_other + found.both_wrong
    assert whole == found.pairs == len(paired)
