"""A person's Observation as an item."""

from __future__ import annotations

from typing import Any

import pytest

from services.retrain.corrections.item import item_of, quote_of
from services.retrain.corrections.omitted import Left, Omitted
from shared.criteria.question import AnswerType, Question
from shared.fhir import systems
from training.dataset.records import ItemType

AF = Question(study="s", id="af", text="Atrial fibrillation?", type=AnswerType.BOOLEAN)
PLATELETS = Question(
    study="s", id="plt", text="Platelet count?", type=AnswerType.NUMERIC, unit="10*3/uL"
)
TEXT = "History: known atrial fibrillation.\nPlatelets 148 today.\nINR 2.5, again INR 2.5."


def observation(question: Question = AF, **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {
            "coding": [{"system": systems.QUESTIONS, "code": question.key}],
            "text": "As it was asked?",
        },
        **elements,
    }


def quantity(value: float, unit: str | None) -> dict[str, Any]:
    return {"value": value} | ({"unit": unit, "code": unit} if unit else {})


def placed(offset: int, length: int) -> list[dict[str, Any]]:
    parts = [
        {"url": "offset", "valueInteger": offset},
        {"url": "length", "valueInteger": length},
    ]
    return [{"extension": [{"url": systems.DERIVATION_REFERENCE, "extension": parts}]}]


@pytest.mark.parametrize(("holds", "answer"), [(True, "Yes"), (False, "No")])
def test_yes_and_no_in_the_words_that_the_person_saw(holds: bool, answer: str) -> None:
    item = item_of(observation(valueBoolean=holds), AF)

    assert (item.question, item.type, item.answer) == ("As it was asked?", "boolean", answer)


def test_without_words_of_its_own_the_studys_are_taken() -> None:
    bare = observation(valueBoolean=True)
    del bare["code"]["text"]

    assert item_of(bare, AF).question == AF.text
    with pytest.raises(Left) as left:
        item_of(bare, None)
    assert left.value.why is Omitted.NO_WORDS


def test_a_number_comes_in_the_unit_of_the_question() -> None:
    number = observation(PLATELETS, valueQuantity=quantity(148000, "/uL"))

    item = item_of(number, PLATELETS)
    assert (item.type, item.answer, item.unit) == (ItemType.NUMERIC, "148", "10*3/uL")
    alone = item_of(number, None)
    assert (alone.answer, alone.unit) == ("148000", "/uL")


@pytest.mark.parametrize("unit", [None, "mg/dL", "cups"])
def test_a_number_that_cannot_be_understood_is_left_out(unit: str | None) -> None:
    with pytest.raises(Left) as left:
        item_of(observation(PLATELETS, valueQuantity=quantity(148, unit)), PLATELETS)
    assert left.value.why is Omitted.UNIT


@pytest.mark.parametrize(
    ("question", "kind"), [(AF, ItemType.NA_BOOLEAN), (PLATELETS, ItemType.NA_NUMERIC)]
)
def test_that_nothing_is_known_is_an_answer(question: Question, kind: ItemType) -> None:
    absent = {"coding": [{"system": systems.DATA_ABSENT_REASON, "code": "unknown"}]}

    item = item_of(observation(question, dataAbsentReason=absent), question)
    assert (item.type, item.answer, item.unit) == (kind, "NA", question.unit)


def test_that_nothing_is_known_of_a_question_nobody_knows_is_left_out() -> None:
    with pytest.raises(Left) as left:
        item_of(observation(), None)
    assert left.value.why is Omitted.NO_KIND


def test_a_proposal_closed_without_an_answer_says_nothing() -> None:
    absent = {"coding": [{"system": systems.ANSWER_STATUS, "code": "needs-review"}]}

    with pytest.raises(Left) as left:
        item_of(observation(dataAbsentReason=absent), AF)
    assert left.value.why is Omitted.UNSETTLED


def test_an_answer_of_another_kind_than_the_question_is_left_out() -> None:
    with pytest.raises(Left) as left:
        item_of(observation(PLATELETS, valueBoolean=True), PLATELETS)
    assert left.value.why is Omitted.NO_KIND


@pytest.mark.parametrize(
    ("elements", "quote"),
    [
        ({"note": [{"text": "Quote: known atrial fibrillation"}]}, "known atrial fibrillation"),
        ({"note": [{"text": "Quote: Known  ATRIAL fibrillation"}]}, "known atrial fibrillation"),
        ({"note": [{"text": "Quote: sinus rhythm throughout"}]}, ""),
        ({"derivedFrom": placed(9, 25)}, "known atrial fibrillation"),
        ({"derivedFrom": placed(900, 25)}, ""),
        ({"valueQuantity": quantity(148, "10*3/uL")}, "Platelets 148 today."),
        ({"valueQuantity": quantity(2.5, "1")}, ""),  # it stands there twice
        ({"valueQuantity": quantity(14, "1")}, ""),  # only as a part of 148
        ({"valueQuantity": quantity(4, "1")}, ""),
        ({}, ""),
    ],
)
def test_the_evidence_is_what_the_note_says(elements: dict[str, Any], quote: str) -> None:
    assert quote_of(observation(**elements), TEXT, same_text=True) == quote
    assert quote in TEXT


def test_a_place_counts_in_its_own_text_alone() -> None:
    assert quote_of(observation(derivedFrom=placed(9, 25)), TEXT, same_text=False) == ""


def test_a_quote_of_half_the_note_is_no_evidence() -> None:
    long = " ".join(f"word{n}" for n in range(80))

    assert quote_of(observation(note=[{"text": f"Quote: {long}"}]), long, same_text=True) == ""
