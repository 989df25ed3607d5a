from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.kleene import (
    Kleene,
    at_least,
    conjunction,
    disjunction,
    negation,
    unless,
)

values = st.lists(st.sampled_from([True, False, None]), max_size=6)


def completions(given_values: list[Kleene]) -> list[tuple[bool, ...]]:
    """Every way in which the unknown ones could turn out."""
    choices = [(True, False) if value is None else (value,) for value in given_values]
    return list(product(*choices))


@given(values, st.integers(0, 7))
def test_at_least_is_settled_exactly_if_every_completion_agrees(
    given_values: list[Kleene], count: int
) -> None:
    outcomes = {sum(completion) >= count for completion in completions(given_values)}

    expected = outcomes.pop() if len(outcomes) == 1 else None
    assert at_least(count, given_values) is expected


@given(values)
def test_conjunction_and_disjunction_are_dual(given_values: list[Kleene]) -> None:
    negated = [negation(value) for value in given_values]

    assert negation(conjunction(given_values)) is disjunction(negated)


@given(values)
def test_conjunction_means_all_and_disjunction_means_any(given_values: list[Kleene]) -> None:
    outcomes = completions(given_values)

    assert (conjunction(given_values) is True) == all(all(c) for c in outcomes)
    assert (disjunction(given_values) is False) == (not any(any(c) for c in outcomes))


def test_double_negation_changes_nothing() -> None:
    assert [negation(negation(v)) for v in (True, False, None)] == [True, False, None]


def test_unless_bars_only_when_the_exception_is_shown() -> None:
    assert unless(True, None) is True
    assert unless(True, False) is True
    assert unless(True, True) is False
    assert unless(None, True) is False
    assert unless(None, None) is None
