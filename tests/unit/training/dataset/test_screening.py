import json

import pytest

from training.dataset import DatasetError, ItemType, TeacherNote
from training.dataset.screening import read_screening

NOTE = TeacherNote(id="N-1", text="58-year-old man. Denies tobacco.", items=())
QUESTIONS = {
    "questions": [
        {"id": "smoker", "type": "boolean", "question": "Smokes?", "also": ["Smoker"]},
        {"id": "age", "type": "numeric", "unit": "a", "question": "How old is the patient?"},
        {"id": "af", "type": "boolean", "question": "Atrial fibrillation?"},
    ]
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "questions.json").write_text(json.dumps(QUESTIONS))
    return tmp_path


def write(folder, answers, note="N-1"):
    line = json.dumps({"id": note, "answers": answers})
    (folder / "answers-0.jsonl").write_text(line + "\n")


def test_a_note_gets_an_item_for_every_question_and_silence_is_na(folder):
    write(folder, {"smoker": ["No", "Denies tobacco"], "age": ["58", "58-year-old"]})
    items = read_screening(folder, [NOTE])["N-1"]
    assert [item.answer for item in items] == ["No", "58", "NA"]
    assert items[0].also == ("Smoker",)
    assert items[1].type is ItemType.NUMERIC
    assert items[2].type is ItemType.NA_BOOLEAN
    assert items[1].unit == "a"


def test_a_quote_that_is_not_in_its_note_is_refused_without_repeating_it(folder):
    write(folder, {"smoker": ["No", "never smoked"]})
    with pytest.raises(DatasetError, match="smoker: quote not verbatim") as error:
        read_screening(folder, [NOTE])
    assert "never smoked" not in str(error.value)


@pytest.mark.parametrize(
    ("answers", "note"), [({"bmi": ["30", "x"]}, "N-1"), ({"smoker": ["No", "x"]}, "N-2")]
)
def test_an_unknown_question_or_note_is_refused(folder, answers, note):
    write(folder, answers, note)
    with pytest.raises(DatasetError, match="unknown note or question"):
        read_screening(folder, [NOTE])


def test_a_note_answered_twice_is_refused(folder):
    write(folder, {})
    (folder / "answers-1.jsonl").write_text((folder / "answers-0.jsonl").read_text())
    with pytest.raises(DatasetError, match="stands twice"):
        read_screening(folder, [NOTE])
