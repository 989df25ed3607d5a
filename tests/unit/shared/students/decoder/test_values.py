"""What may stand as the answer of a reply."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType
from shared.students.decoder.prompt import reply_schema
from shared.students.decoder.values import begun, meaning, whole

LETTERS = st.text(st.sampled_from('0123456789.-NAYesno"'), max_size=14)


def allowed_by_schema(type: AnswerType, value: str) -> bool:
    answer = reply_schema(type)["properties"]["answer"]  # type: ignore[index]
    if "enum" in answer:
        return value in answer["enum"]
    return re.search(answer["pattern"], value) is not None


@given(st.sampled_from(AnswerType), LETTERS)
@example(AnswerType.NUMERIC, "-12.5")
@example(AnswerType.NUMERIC, "1234567.1234")
@example(AnswerType.BOOLEAN, "Yes")
def test_whole_values_are_those_of_the_schema(type: AnswerType, value: str) -> None:
    assert whole(type, value) == allowed_by_schema(type, value)


@given(st.sampled_from(AnswerType), LETTERS)
@example(AnswerType.NUMERIC, '12.5"')
@example(AnswerType.BOOLEAN, 'NA"')
def test_what_begins_a_value_goes_on_to_one(type: AnswerType, text: str) -> None:
    if begun(type, text) and '"' not in text:
        rests = ["", "0", "A", "NA", "Yes", "es", "s", "No", "o"]
        assert any(whole(type, text + rest) for rest in rests)


@given(st.sampled_from(AnswerType), LETTERS)
def test_each_beginning_of_a_value_is_allowed(type: AnswerType, value: str) -> None:
    if whole(type, value):
        assert all(begun(type, f'{value}"'[:length]) for length in range(len(value) + 2))


@pytest.mark.parametrize("text", ["Yes.", '1."', '-"', "12345678", "1.00000", "+1", "Na", 'N"'])
def test_nothing_else_begins_a_value(text: str) -> None:
    assert not begun(AnswerType.NUMERIC, text)
    assert not begun(AnswerType.BOOLEAN, text)


def test_beginnings_that_become_the_same_value_mean_the_same() -> None:
    boolean, numeric = AnswerType.BOOLEAN, AnswerType.NUMERIC
    assert meaning(boolean, "Y") == meaning(boolean, "Yes") == meaning(boolean, 'Yes", "quote')
    assert meaning(boolean, "N") not in {meaning(boolean, "No"), meaning(boolean, "NA")}
    assert meaning(numeric, "N") == meaning(numeric, 'NA"')
    assert meaning(numeric, "1") != meaning(numeric, '1"')
