"""Filters of notes."""

from __future__ import annotations

from collections.abc import Iterator

from training.notes.records import NoteFilter, SourceNote


def notes() -> Iterator[SourceNote]:
    for number in range(1, 10):
        yield SourceNote(id=str(number), patient_id="p", text="word " * number)


def test_notes_are_kept_by_their_length_in_words() -> None:
    kept = NoteFilter(least_words=3, most_words=5).keep(notes())
    assert [note.id for note in kept] == ["3", "4", "5"]


def test_no_more_of_the_source_is_read_than_is_kept() -> None:
    source = notes()
    assert len(list(NoteFilter(most_notes=2).keep(source))) == 2
    assert next(source).id == "3"


def test_a_note_without_type_is_none_of_the_types_asked_for() -> None:
    assert list(NoteFilter(types=("ECG",)).keep(notes())) == []
    assert list(NoteFilter(descriptions=("Report",)).keep(notes())) == []
