"""How probable the chosen value was."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType
from shared.students.decoder.confidence import Step, certainty, cooled

BOOLEAN, NUMERIC = AnswerType.BOOLEAN, AnswerType.NUMERIC


def step(token: str, **options: float) -> Step:
    return Step(token, [(name, math.log(share)) for name, share in options.items()])


def options(token: str, shares: dict[str, float]) -> Step:
    return Step(token, [(name, math.log(share)) for name, share in shares.items()])


def test_a_verdict_is_weighed_against_the_other_verdicts_alone() -> None:
    steps = [step("Yes", Yes=0.3, No=0.1, NA=0.1, Maybe=0.5), options('"', {'"': 1})]
    assert certainty(BOOLEAN, steps) == pytest.approx(0.6)


def test_pieces_of_the_same_verdict_count_together() -> None:
    assert certainty(BOOLEAN, [step("Yes", Yes=0.5, Ye=0.1, Y=0.2, No=0.2)]) == pytest.approx(0.8)


def test_ways_to_end_a_value_count_together() -> None:
    ending = options('",', {'",': 0.5, '"': 0.3, '"}': 0.1, "5": 0.1})
    assert certainty(NUMERIC, [step("1", **{"1": 1.0}), ending]) == pytest.approx(0.9)


def test_a_number_is_as_probable_as_all_its_tokens() -> None:
    steps = [
        options("1", {"1": 0.8, "NA": 0.2}),
        options(".", {".": 0.5, '"': 0.5}),
        options("4", {"4": 0.9, "5": 0.1}),
        options('"', {'"': 1}),
    ]
    assert certainty(NUMERIC, steps) == pytest.approx(0.8 * 0.5 * 0.9)


def test_what_is_no_number_does_not_count() -> None:
    assert certainty(NUMERIC, [options("7", {"7": 0.1, " seven": 0.9})]) == pytest.approx(1)


def test_a_token_may_begin_before_the_value() -> None:
    steps = [options(' "-', {' "-': 0.25, ' "': 0.75}), options("4", {"4": 1})]
    assert certainty(NUMERIC, steps, lead=' "') == pytest.approx(0.25)


def test_two_tokens_may_stand_before_the_value() -> None:
    steps = [options(" ", {" ": 1}), options('"', {'"': 1}), options("No", {"No": 0.7, "NA": 0.3})]
    assert certainty(BOOLEAN, steps, lead=' "') == pytest.approx(0.7)


def test_masked_tokens_weigh_nothing() -> None:
    assert certainty(BOOLEAN, [Step("No", [("No", -0.1), ("Yes", -9999.0)])]) == 1


def test_a_value_that_is_none_is_not_certain() -> None:
    assert certainty(BOOLEAN, [step("Maybe", Maybe=1.0)]) == 0


@given(st.floats(0, 1), st.floats(0.1, 10))
def test_cooling_keeps_the_order_and_the_side_of_a_half(share: float, temperature: float) -> None:
    cool = cooled(share, temperature)
    assert 0 <= cool <= 1
    if abs(share - 0.5) > 1e-9:
        assert (cool > 0.5) == (share > 0.5) or cool == pytest.approx(0.5)


def test_a_temperature_of_one_changes_nothing_and_a_high_one_doubts() -> None:
    assert cooled(0.9, 1) == 0.9
    assert 0.5 < cooled(0.9, 2) < 0.9 < cooled(0.9, 0.5)
