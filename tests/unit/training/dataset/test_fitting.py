"""What a teacher or an annotator wrote becomes an item, or does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType
from training.dataset import ItemType, read_notes
from training.dataset.fitting import LONGEST_QUESTION, MisfitError, fit, read_answer

DATA = Path(__file__).parents[4] / "training/data/notes"
YES = {"question": "Smoker?", "answer": "Yes", "quote": "smokes"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(
    ["question", "answer", "unit", "quote", "section", "difficulty", "explanation"]
)


@pytest.mark.parametrize("written", ["yes", " YES. ", True, "true"])
def test_a_yes_is_read_however_it_is_written(written: object) -> None:
    assert read_answer(written, AnswerType.BOOLEAN) == ("Yes", None)


@pytest.mark.parametrize("written", ["N/A", "na", "Not available."])
@pytest.mark.parametrize("kind", AnswerType)
def test_an_na_is_read_however_it_is_written(written: str, kind: AnswerType) -> None:
    assert read_answer(written, kind) == ("NA", None)


@pytest.mark.parametrize(
    ("written", "number", "unit"),
    [
        (7, "7", None),
        (7.50, "7.5", None),
        ("98.0", "98.0", None),
        (98.0, "98", None),
        ("-0.5", "-0.5", None),
        ("1,200", "1200", None),
        ("1,5", "1.5", None),
        (".5", "0.5", None),
        ("+3", "3", None),
        ("12.5 mg/dL", "12.5", "mg/dL"),
        ("40%", "40", "%"),
        (1e-7, "0.0000001", None),
    ],
)
def test_a_number_is_read_however_it_is_written(
    written: object, number: str, unit: str | None
) -> None:
    assert read_answer(written, AnswerType.NUMERIC) == (number, unit)


@pytest.mark.parametrize(
    "written",
    ["", "about 5", "5-10", "<5", "120/80", "5e3", "1.234,5", "1st", "-", float("nan"), True, [5],
     10**60, None],
)  # fmt: skip
def test_what_is_not_one_number_does_not_fit(written: object) -> None:
    with pytest.raises(MisfitError):
        read_answer(written, AnswerType.NUMERIC)


def test_a_unit_behind_the_number_is_the_items_unit() -> None:
    item = fit({"question": "Weight?", "answer": "70 kg", "quote": "70 kg"}, ItemType.NUMERIC)
    assert (item.answer, item.unit) == ("70", "kg")


def test_a_unit_behind_the_number_may_be_the_expected_one_in_full() -> None:
    raw = {"question": "Platelets?", "answer": "187 10*3/uL", "unit": "10*3/uL"}
    assert fit(raw, ItemType.NUMERIC).answer == "187"


@given(st.integers(0, 10**6), st.sampled_from(["1", "10*3/uL", "%", "mg/dL", "m2", "5"]))
def test_a_unit_never_takes_digits_from_the_number(number: int, unit: str) -> None:
    for written in (str(number), f"{number} {unit}"):
        raw = {"question": "How many?", "answer": written, "unit": unit}
        assert fit(raw, ItemType.NUMERIC).answer == str(number)


def test_a_number_in_another_unit_than_the_items_does_not_fit() -> None:
    raw = {"question": "How long?", "answer": "2 weeks", "unit": "d"}
    with pytest.raises(MisfitError, match="another unit"):
        fit(raw, ItemType.NUMERIC)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("NA", ItemType.BOOLEAN),
        ("Yes", ItemType.NA_BOOLEAN),
        ("5", ItemType.NA_NUMERIC),
        ("5", ItemType.BOOLEAN),
        ("No", ItemType.NUMERIC),
    ],
)
def test_an_answer_of_another_type_does_not_fit(answer: str, kind: ItemType) -> None:
    with pytest.raises(MisfitError):
        fit({**YES, "answer": answer}, kind)


@pytest.mark.parametrize("question", ["", "  \n", None, "x" * (LONGEST_QUESTION + 1)])
def test_an_item_without_a_question_that_can_be_asked_does_not_fit(question: object) -> None:
    with pytest.raises(MisfitError, match="question"):
        fit({**YES, "question": question}, ItemType.BOOLEAN)


@pytest.mark.parametrize(
    ("written", "rating"), [(3, 3), ("3/10", 3), (3.0, 3), ("hard", None), (11, None), (0, None)]
)
def test_a_rating_is_read_or_left_out(written: object, rating: int | None) -> None:
    assert fit({**YES, "difficulty": written}, ItemType.BOOLEAN).difficulty == rating


def test_a_quote_that_says_na_is_no_quote_of_an_na_item() -> None:
    raw = {"question": "Weight?", "answer": "NA", "quote": "N/A"}
    assert fit(raw, ItemType.NA_NUMERIC).quote == ""


def test_none_may_be_what_the_note_says() -> None:
    raw = {"question": "Any allergy?", "answer": "No", "quote": "None"}
    assert fit(raw, ItemType.BOOLEAN).quote == "None"


def test_every_shipped_item_fits_as_it_is() -> None:
    for note in read_notes(DATA):
        for item in note.items:
            fitted = fit(item.model_dump(), item.type)
            assert (fitted.answer, fitted.quote) == (item.answer, item.quote)


@given(st.dictionaries(fields, json_values), st.sampled_from(ItemType))
def test_anything_fits_or_is_refused_without_its_text(
    raw: dict[str, object], kind: ItemType
) -> None:
    try:
        item = fit(raw, kind)
    except MisfitError as error:
        assert len(str(error)) < 60
    else:
        item.model_dump_json().encode()
        item.as_question("study", 1)


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_a_number_keeps_its_value(whole: int, places: int) -> None:
    written = f"{whole / 10**places:.{places}f}"
    read, _ = read_answer(written, AnswerType.NUMERIC)
    assert float(read) == float(written)
    assert float(read_answer(json.loads(written), AnswerType.NUMERIC)[0]) == float(read)
