"""From a reply to items."""

from __future__ import annotations

import json

import pytest

from training.dataset import ItemType
from training.teacher import Dropped, RawItem, Reply, read_items
from training.teacher.reading import items_of

ITEM = {
    "question": "Smoker?",
    "type": "boolean",
    "answer": "Yes",
    "unit": None,
    "section": "Social History:",
    "quote": "smokes\ndaily",
    "difficulty": 3,
    "explanation": "Written there.",
}


def only(changes: dict[str, object], kind: ItemType = ItemType.BOOLEAN) -> RawItem:
    items, dropped = items_of(json.dumps({"items": [ITEM | changes]}), kind)
    assert not dropped
    return items[0]


def test_every_field_of_an_item_is_read() -> None:
    reply = Reply(
        note_id="N",
        kind=ItemType.BOOLEAN,
        text=json.dumps({"items": [ITEM, ITEM]}),
        finish_reason="stop",
        attempts=1,
        prompt_tokens=1,
        completion_tokens=1,
    )
    items, dropped = read_items(reply)
    assert items == [RawItem.model_validate(ITEM)] * 2
    assert dropped == {}


@pytest.mark.parametrize("shape", ["[%s]", '{"questions": [%s]}', "%s", '{"1": %s}', "%s\n%s"])
def test_items_are_found_in_whatever_frame(shape: str) -> None:
    text = shape.replace("%s", json.dumps(ITEM))
    items, dropped = items_of(text, ItemType.BOOLEAN)
    assert len(items) == shape.count("%s")
    assert not dropped


def test_what_a_model_thinks_aloud_is_not_read() -> None:
    text = f"<think>Perhaps {json.dumps(ITEM)}?</think>{json.dumps([ITEM])}"
    assert len(items_of(text, ItemType.BOOLEAN)[0]) == 1


@pytest.mark.parametrize(
    ("written", "kind", "read"),
    [
        ("yes", ItemType.BOOLEAN, "Yes"),
        ("No.", ItemType.BOOLEAN, "No"),
        (True, ItemType.BOOLEAN, "Yes"),
        ("N/A", ItemType.NA_BOOLEAN, "NA"),
        (None, ItemType.NA_NUMERIC, "NA"),
        (187, ItemType.NUMERIC, "187"),
        (3.0, ItemType.NUMERIC, "3"),
        (3.25, ItemType.NUMERIC, "3.25"),
        ("12,500", ItemType.NUMERIC, "12500"),
        ("120/80", ItemType.NUMERIC, "120/80"),
        ("3 to 5", ItemType.NUMERIC, "3 to 5"),
    ],
)
def test_answers_come_in_one_spelling(written: object, kind: ItemType, read: str) -> None:
    assert only({"answer": written}, kind).answer == read


def test_a_unit_behind_the_number_moves_to_where_it_belongs() -> None:
    item = only({"answer": "3.4 mg/dL"}, ItemType.NUMERIC)
    assert (item.answer, item.unit) == ("3.4", "mg/dL")


def test_the_type_is_the_kind_that_was_asked_for() -> None:
    assert only({"type": "Boolean", "answer": "NA"}, ItemType.NA_BOOLEAN).type == "na-boolean"


@pytest.mark.parametrize(
    ("written", "read"), [("7/10", 7), (7.0, 7), ("10", 10), (11, None), ("hard", None)]
)
def test_difficulty_is_a_number_from_1_to_10_or_nothing(written: object, read: int | None) -> None:
    assert only({"difficulty": written}).difficulty == read


def test_the_evidence_may_be_called_source() -> None:
    text = json.dumps({key: v for key, v in ITEM.items() if key != "quote"} | {"Source": "smokes"})
    assert items_of(text, ItemType.BOOLEAN)[0][0].quote == "smokes"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I cannot do that.", Dropped.UNREADABLE),
        ('{"items": []}', Dropped.UNREADABLE),
        ('[{"question": "Smoker?", "answer"', Dropped.BROKEN),
        ('[{"answer": "Yes"}]', Dropped.NO_QUESTION),
        ('[{"question": " ", "answer": "Yes"}]', Dropped.NO_QUESTION),
        ('[{"question": "Smoker?"}]', Dropped.NO_ANSWER),
    ],
)
def test_what_is_no_item_is_counted_by_reason(text: str, reason: Dropped) -> None:
    assert items_of(text, ItemType.BOOLEAN) == ([], {reason: 1})
