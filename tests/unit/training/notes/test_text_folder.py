"""Folders of text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.notes.records import NoteSourceError
from training.notes.text_folder import read_text_folder


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".txt").write_bytes(text.encode())
    return folder


def test_a_note_that_lies_in_the_folder_itself_is_a_patient_of_its_own(tmp_path: Path) -> None:
    notes = list(read_text_folder(write(tmp_path, b="Two.", a="One.")))
    assert [(note.id, note.patient_id, note.text) for note in notes] == [
        ("a", "a", "One."),
        ("b", "b", "Two."),
    ]


def test_notes_in_a_folder_for_each_patient_belong_to_that_patient(tmp_path: Path) -> None:
    write(tmp_path, p1__admission="A.", p1__discharge="D.", ward__p2__note="N.")
    assert [(note.id, note.patient_id) for note in read_text_folder(tmp_path)] == [
        ("p1/admission", "p1"),
        ("p1/discharge", "p1"),
        ("ward/p2/note", "p2"),
    ]


def test_line_ends_stay_as_they_are_and_a_byte_order_mark_goes(tmp_path: Path) -> None:
    (note,) = read_text_folder(write(tmp_path, a="\ufeffOne.\r\nTwo.\n"))
    assert note.text == "One.\r\nTwo.\n"


def test_other_files_and_empty_notes_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, a="One.", b=" \n")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    assert [note.id for note in read_text_folder(tmp_path)] == ["a"]


def test_a_single_file_is_a_source_too(tmp_path: Path) -> None:
    (note,) = read_text_folder(write(tmp_path, a="One.") / "a.txt")
    assert (note.id, note.patient_id) == ("a", "a")


def test_a_folder_without_notes_and_a_file_in_another_charset_are_errors(tmp_path: Path) -> None:
    with pytest.raises(NoteSourceError, match=r"no \*.txt file in"):
        list(read_text_folder(tmp_path))
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(NoteSourceError, match=r"a.txt: not UTF-8; convert it"):
        list(read_text_folder(tmp_path))
