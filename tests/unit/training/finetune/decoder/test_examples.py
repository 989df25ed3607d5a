"""What is asked and which reply is trained."""

from __future__ import annotations

import json

import pytest

from training.dataset import TeacherItem
from training.finetune.decoder.examples import answer_text, draw_examples
from training.finetune.decoder.recipe import Recipe


def screening(answers: int, silent: int) -> tuple[TeacherItem, ...]:
    yes = {"type": "boolean", "answer": "Yes", "quote": "She smokes"}
    na = {"type": "na-boolean", "answer": "NA"}
    items = [{"question": f"Yes {i}?", **yes} for i in range(answers)]
    items += [{"question": f"Silent {i}?", **na} for i in range(silent)]
    return tuple(TeacherItem.model_validate(item) for item in items)


def test_each_item_of_a_note_is_an_example_with_answer_and_quote(teacher_note):
    note = teacher_note()
    drawn = draw_examples([note], {}, Recipe())
    assert len(drawn.examples) == len(note.items)
    replies = [json.loads(example.reply) for example in drawn.examples]
    assert replies[0] == {"answer": "Yes", "quote": "She smokes"}
    assert {"answer": "187", "quote": "Platelets 187"} in replies
    assert {"answer": "NA", "quote": ""} in replies


def test_without_evidence_the_reply_is_the_answer_alone(teacher_note):
    drawn = draw_examples([teacher_note()], {}, Recipe(evidence=False))
    assert {tuple(json.loads(e.reply)) for e in drawn.examples} == {("answer",)}


def test_a_number_is_asked_for_in_its_unit(teacher_note):
    drawn = draw_examples([teacher_note()], {}, Recipe())
    assert any(e.question.unit == "10*3/uL" for e in drawn.examples)
    assert any(e.question.unit == "kg" and '"NA"' in e.reply for e in drawn.examples)


def test_one_of_a_questions_wordings_is_drawn_and_the_same_at_every_start(teacher_note):
    item = {"question": "a?", "also": ["b?", "c?"], "type": "na-boolean", "answer": "NA"}
    note = teacher_note(items=[item] * 40)
    asked = [e.question.text for e in draw_examples([note], {}, Recipe()).examples]
    assert set(asked) == {"a?", "b?", "c?"}
    assert asked == [e.question.text for e in draw_examples([note], {}, Recipe()).examples]
    assert asked != [e.question.text for e in draw_examples([note], {}, Recipe(seed=8)).examples]


def test_of_the_screening_questions_a_bounded_number_is_asked(teacher_note):
    note = teacher_note(items=[])
    recipe = Recipe(screening_shown=3, screening_silent=4)
    drawn = draw_examples([note], {note.id: screening(20, 20)}, recipe)
    answers = [json.loads(e.reply)["answer"] for e in drawn.examples]
    assert (answers.count("Yes"), answers.count("NA")) == (3, 4)


def test_a_quote_that_is_not_in_the_note_is_counted_and_dropped(teacher_note):
    item = {"question": "a?", "type": "boolean", "answer": "Yes", "quote": "elsewhere"}
    drawn = draw_examples([teacher_note(items=[item])], {}, Recipe())
    assert drawn.examples == []
    assert drawn.dropped == {"quote not in the note": 1}


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("Yes", "Yes"),
        ("NA", "NA"),
        ("7.10", "7.10"),
        ("0.123456", "0.1235"),
        ("-3.00004", "-3"),
        ("12345678", None),
    ],
)
def test_a_number_is_written_as_the_reply_can_hold_it(answer, reply):
    assert answer_text(answer) == reply
