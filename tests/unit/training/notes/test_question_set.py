"""Question sets as CSV, beside the notes of another source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from training.dataset import ItemType
from training.evaluate.folder import read_folder
from training.notes.question_folder import write_question_folder
from training.notes.question_set import read_question_set, with_questions
from training.notes.records import NoteSourceError, SourceNote

HEADER = "note_id,question,type,answer,unit,quote\n"
GRID = (
    HEADER
    + """\
n1,"Stroke, ever?",boolean,Yes,,a stroke
n1,Hemoglobin?,numeric,13.5,g/dL,Hb 13.5
n2,"Stroke, ever?",boolean,NA,,
n2,Hemoglobin?,numeric,NA,g/dL,
"""
)


def write(folder: Path, content: str) -> Path:
    file = folder / "set.csv"
    file.write_text(content, encoding="utf-8")
    return file


def notes() -> Iterator[SourceNote]:
    yield SourceNote(id="n0", patient_id="p0", text="Nobody asks.")
    yield SourceNote(id="n1", patient_id="p1", text="He had a stroke. Hb 13.5.", note_type="DS")
    yield SourceNote(id="n2", patient_id="p1", text="He is well.")


def test_the_notes_asked_about_come_with_their_items_and_patient(tmp_path: Path) -> None:
    first, second = with_questions(notes(), read_question_set(write(tmp_path, GRID)))
    assert (first.id, first.patient_id, first.note_type) == ("n1", "p1", "DS")
    stroke, hemoglobin = first.items
    assert (stroke.question, stroke.type, stroke.answer) == ("Stroke, ever?", "boolean", "Yes")
    assert (hemoglobin.number, hemoglobin.unit, hemoglobin.quote) == (13.5, "g/dL", "Hb 13.5")
    assert [item.type for item in second.items] == [ItemType.NA_BOOLEAN, ItemType.NA_NUMERIC]


def test_no_more_of_the_source_is_read_than_is_asked_about(tmp_path: Path) -> None:
    source = notes()
    questions = read_question_set(write(tmp_path, HEADER + "n1,Stroke?,boolean,Yes,,\n"))
    assert len(list(with_questions(source, questions))) == 1
    assert next(source).id == "n2"


def test_a_note_that_the_source_does_not_have_is_named(tmp_path: Path) -> None:
    questions = read_question_set(write(tmp_path, GRID + "n9,Stroke?,boolean,No,,\n"))
    with pytest.raises(NoteSourceError, match=r"1 notes .* not in the source, the first: n9"):
        list(with_questions(notes(), questions))


@pytest.mark.parametrize(
    ("kind", "answer", "read"),
    [
        ("Boolean", "no", (ItemType.BOOLEAN, "No")),
        ("na_boolean", "n/a", (ItemType.NA_BOOLEAN, "NA")),
        ("na-boolean", "Yes", (ItemType.BOOLEAN, "Yes")),
        ("numeric", ".5", (ItemType.NUMERIC, "0.5")),
        ("number", "1e3", (ItemType.NUMERIC, "1000")),
        ("numeric", "-2", (ItemType.NUMERIC, "-2")),
        ("na-numeric", "NA", (ItemType.NA_NUMERIC, "NA")),
    ],
)
def test_the_type_of_an_item_follows_from_its_answer(
    tmp_path: Path, kind: str, answer: str, read: tuple[ItemType, str]
) -> None:
    file = write(tmp_path, f"id,question,question_type,answer\nn1,Q?,{kind},{answer}\n")
    (item,) = read_question_set(file)["n1"]
    assert (item.type, item.answer) == read


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("n1,Q?,boolean,perhaps,,", "must be Yes, No or NA"),
        ("n1,Q?,boolean,,,", "must be Yes, No or NA"),
        ("n1,Q?,numeric,13 g,,", "must be a number, its unit aside, or NA"),
        ("n1,Q?,numeric,NaN,,", "must be a number"),
        ("n1,Q?,numeric,1e999999999,,", "must be a number"),
        ("n1,Q?,essay,Yes,,", "its type is none of boolean"),
        ("n1,,boolean,Yes,,", "question: "),
        (",Q?,boolean,Yes,,", "no note id"),
    ],
)
def test_a_row_that_does_not_fit_is_named_with_its_line(
    tmp_path: Path, row: str, cause: str
) -> None:
    with pytest.raises(NoteSourceError, match=rf"set.csv: line 3: .*{cause}"):
        read_question_set(write(tmp_path, HEADER + "n0,Q?,boolean,Yes,,\n" + row + "\n"))


def test_a_set_without_a_column_or_without_a_question_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoteSourceError, match="line 1: no column type"):
        read_question_set(write(tmp_path, "note_id,question,answer\n"))
    with pytest.raises(NoteSourceError, match="no question below the header"):
        read_question_set(write(tmp_path, HEADER))


def test_a_set_that_asks_all_of_every_note_becomes_an_evaluation_folder(tmp_path: Path) -> None:
    asked = with_questions(notes(), read_question_set(write(tmp_path, GRID)))
    write_question_folder(asked, tmp_path / "set")
    folder = read_folder(tmp_path / "set")
    assert [(q.id, q.question, q.unit) for q in folder.questions] == [
        ("q1", "Stroke, ever?", None),
        ("q2", "Hemoglobin?", "g/dL"),
    ]
    assert [note.expected for note in folder.notes] == [
        {"q1": "Yes", "q2": 13.5},
        {"q1": "NA", "q2": "NA"},
    ]


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ("n1,Other?,boolean,No,,\n", "note n2 is asked 2 of 3 questions"),
        ('n1,"Stroke, ever?",boolean,No,,\n', "note n1: a question is asked of it twice"),
        (
            "n2,Hemoglobin?,numeric,1,mmol/L,\n",
            "note n2: its question 3 was asked before in another type or unit",
        ),
    ],
)
def test_a_set_that_the_folder_cannot_hold_leaves_nothing_behind(
    tmp_path: Path, rows: str, cause: str
) -> None:
    asked = list(with_questions(notes(), read_question_set(write(tmp_path, GRID + rows))))
    with pytest.raises(NoteSourceError, match=cause):
        write_question_folder(asked, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_folder_that_holds_something_is_not_written_over(tmp_path: Path) -> None:
    asked = list(with_questions(notes(), read_question_set(write(tmp_path, GRID))))
    with pytest.raises(NoteSourceError, match="is not empty"):
        write_question_folder(asked, tmp_path)
