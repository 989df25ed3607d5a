"""What a note must have before a student learns from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.dataset import TeacherItem, TeacherNote, check_notes, read_notes

DATA = Path(__file__).parents[4] / "training/data/notes"

MakeNote = Callable[..., TeacherNote]


def problems(note: TeacherNote, *changed: TeacherItem) -> list[str]:
    items = (*changed, *note.items[len(changed) :])
    return list(check_notes([note.model_copy(update={"items": items})]))


def test_the_shipped_notes_have_no_problem() -> None:
    notes = read_notes(DATA)
    assert len(notes) >= 400
    assert list(check_notes(notes)) == []


def test_a_sound_note_passes(teacher_note: MakeNote) -> None:
    assert problems(teacher_note()) == []


def test_a_quote_that_is_not_in_the_note_is_found(teacher_note: MakeNote) -> None:
    note = teacher_note()
    changed = note.items[0].model_copy(update={"quote": "she smokes"})
    assert problems(note, changed) == ["T-1 item 0: quote is not verbatim"]


def test_an_answer_without_a_quote_is_found(teacher_note: MakeNote) -> None:
    note = teacher_note()
    changed = note.items[0].model_copy(update={"quote": ""})
    assert problems(note, changed) == ["T-1 item 0: no quote"]


def test_a_note_with_too_few_items_is_found(teacher_note: MakeNote) -> None:
    note = teacher_note()
    assert list(check_notes([note.model_copy(update={"items": note.items[-9:]})])) == [
        "T-1: 9 items, fewer than 10"
    ]


def test_a_note_that_is_silent_on_nothing_is_found(teacher_note: MakeNote) -> None:
    note = teacher_note()
    told = tuple(item for item in note.items if item.answer != "NA")
    assert list(check_notes([note.model_copy(update={"items": told})])) == [
        "T-1: 0 items NA, fewer than 4"
    ]
