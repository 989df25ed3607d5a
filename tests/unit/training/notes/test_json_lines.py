"""Notes as JSON Lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.notes.json_lines import read_json_lines
from training.notes.records import NoteSourceError


def write(file: Path, *records: object) -> Path:
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


@pytest.mark.parametrize(
    "record",
    [
        {"id": "n1", "patient_id": "p1", "text": "Well.", "note_type": "ECG"},
        {"note_id": "n1", "subject_id": "p1", "text": "Well.", "category": "ECG", "hadm_id": 4},
        {"NoteID": "n1", "PatientId": "p1", "NOTE_TEXT": "Well.", "type": "ECG", "items": [1]},
    ],
)
def test_fields_are_read_by_any_of_their_usual_names(tmp_path: Path, record: dict) -> None:
    (note,) = read_json_lines(write(tmp_path / "a.jsonl", record))
    assert (note.id, note.patient_id, note.text, note.note_type) == ("n1", "p1", "Well.", "ECG")


def test_ids_may_be_numbers_and_the_file_may_be_gzip(tmp_path: Path) -> None:
    record = {"id": 7, "patient_id": 9, "text": "Well."}
    (note,) = read_json_lines(write(tmp_path / "a.jsonl.gz", record))
    assert (note.id, note.patient_id) == ("7", "9")


def test_the_files_of_a_folder_come_by_name_and_empty_notes_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", {"id": "3", "text": "C"})
    write(tmp_path / "a.jsonl", {"id": "1", "text": "A"}, {"id": "2", "text": ""})
    (tmp_path / "README.md").write_text("notes")
    assert [note.id for note in read_json_lines(tmp_path)] == ["1", "3"]


def test_without_any_patient_each_note_is_a_patient_of_its_own(tmp_path: Path) -> None:
    (note,) = read_json_lines(write(tmp_path / "a.jsonl", {"id": "1", "text": "A"}))
    assert note.patient_id == "1"


GOOD = {"id": "1", "patient_id": "p", "text": "A"}


@pytest.mark.parametrize(
    ("second", "cause"),
    [
        ({"id": "2", "text": "B"}, "some notes have a patient_id and some have none"),
        (GOOD, "its note id stands on an earlier line too"),
        ({"patient_id": "p", "text": "Secret"}, "no id"),
        ({"id": "", "patient_id": "p", "text": "Secret"}, "no id"),
        ({"id": "2", "patient_id": "p"}, "no text"),
        ({"id": "2", "patient_id": "p", "text": ["Secret"]}, "text: neither text nor a whole"),
        ({"id": True, "patient_id": "p", "text": "Secret"}, "id: neither text nor a whole"),
        ({"id": "2", "patient_id": "p", "text": "Secret\ud800"}, "text: "),
        (["Secret"], "not a JSON object"),
    ],
)
def test_a_line_that_does_not_fit_is_named_without_its_text(
    tmp_path: Path, second: object, cause: str
) -> None:
    file = write(tmp_path / "a.jsonl", GOOD, second)
    with pytest.raises(NoteSourceError, match=rf"a.jsonl: line 2: {cause}") as error:
        list(read_json_lines(file))
    assert "Secret" not in str(error.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.text(), st.sampled_from(["[" * 100_000, "1" * 5_000, "NaN"])))
def test_any_line_is_a_note_or_a_clear_error(tmp_path: Path, line: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(line, encoding="utf-8", errors="replace")
    try:
        assert list(read_json_lines(file)) == []
    except NoteSourceError as error:
        assert "a.jsonl" in str(error)


def test_a_folder_without_json_lines_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoteSourceError, match=r"no \*.jsonl file in"):
        list(read_json_lines(tmp_path))
