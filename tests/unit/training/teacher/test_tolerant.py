"""Finding JSON objects in what a model wrote."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.teacher.tolerant import find_objects

ITEM = re.compile(r'\{\s*"question"')
plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
items = st.lists(
    st.fixed_dictionaries(
        {"question": plain, "answer": plain, "difficulty": st.integers(1, 10), "unit": st.none()}
    ),
    min_size=1,
    max_size=5,
)
indents = st.sampled_from([None, 0, 2])


def objects(text: str) -> list[dict[str, object]]:
    return [dict(found) for found in find_objects(text, ITEM).objects]


@given(items, indents, st.booleans())
def test_valid_json_is_read_as_any_reader_reads_it(
    written: list[dict[str, object]], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps({"items": written}, indent=indent, ensure_ascii=ascii_only)
    assert objects(text) == [{"items": written}]


@given(items, indents, st.data())
def test_a_list_cut_off_anywhere_keeps_its_complete_items(
    written: list[dict[str, object]], indent: int | None, data: st.DataObject
) -> None:
    # Without braces in strings, the closed ones of the text are its complete items.
    whole = [{k: str(v).translate({123: 40, 125: 41}) for k, v in item.items()} for item in written]
    text = json.dumps({"items": whole}, indent=indent)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    complete = cut.count("}")
    found = objects(cut)
    assert found in (whole[:complete], [{"items": whole}])


@given(st.text())
def test_nothing_that_a_model_writes_raises(text: str) -> None:
    find_objects(text, ITEM)


@given(st.text('{}[]":,\\ \nu0a1', max_size=80))
def test_nothing_that_looks_like_json_raises_either(text: str) -> None:
    find_objects(text, ITEM)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('```json\n{"a": 1}\n```', 1),
        ('Sure, here it is: {"a": 1} Shall I go on?', 1),
        ('{"a": 1,}', 1),
        ('{"a": [1, 2,],}', [1, 2]),
        ('{"a": "line one\nline two"}', "line one\nline two"),
        ('{"a": "he said "no" today", }', 'he said "no" today'),
        ('{"a": "C:\\temp \\d"}', "C:\temp \\d"),
        ('{"a": "\\\\m"}', "\\m"),
        ('{"a": "\\ud800"}', "\ufffd"),
        ('{"a": True, "b": None}', True),
        ('{"a": -1.50}', -1.5),
    ],
)
def test_the_usual_slips_of_a_model_are_forgiven(text: str, value: object) -> None:
    (found,) = objects(text)
    assert found["a"] == value


def test_a_broken_item_is_counted_and_does_not_take_its_neighbours_with_it() -> None:
    text = '[{"question": "a"}, {"question": "b" "answer": "Yes"}, {"question": "c"}]'
    found = find_objects(text, ITEM)
    assert [o["question"] for o in found.objects] == ["a", "c"]
    assert found.broken == 1


def test_an_item_cut_off_is_counted_once() -> None:
    assert find_objects('{"items": [{"question": "a"}, {"question": "b', ITEM).broken == 1


def test_nesting_without_end_is_given_up() -> None:
    assert objects('{"a": ' * 3000) == []
