"""Which reader a location gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.notes import NoteForm, NoteSourceError, open_source
from training.notes.source import guess_form

III = "row_id,subject_id,category,description,iserror,text\n1,7,ECG,Report,,Well.\n"
IV = "note_id,subject_id,note_type,charttime,text\nn,7,DS,,Well.\n"
XML = "<PatientMatching><TEXT>Well.</TEXT></PatientMatching>"
LINE = json.dumps({"id": "n", "text": "Well."})


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.txt", "Well.", NoteForm.TEXT),
        ("a.jsonl", LINE, NoteForm.JSON_LINES),
        ("a.ndjson", LINE, NoteForm.JSON_LINES),
        ("NOTEEVENTS.csv", III, NoteForm.MIMIC_III),
        ("anything.csv", IV, NoteForm.MIMIC_IV),
        ("101.xml", XML, NoteForm.N2C2),
    ],
)
def test_the_form_is_guessed_from_name_or_header(
    tmp_path: Path, name: str, content: str, form: NoteForm
) -> None:
    file = tmp_path / name
    file.write_text(content)
    assert guess_form(file) is form
    assert [note.text for note in open_source(str(file))] == ["Well."]
    assert [note.text for note in open_source(str(file), form)] == ["Well."]


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("p1/a.txt", "Well.", NoteForm.TEXT),
        ("a.jsonl", LINE, NoteForm.JSON_LINES),
        ("101.xml", XML, NoteForm.N2C2),
    ],
)
def test_a_folder_has_the_form_of_what_it_holds(
    tmp_path: Path, name: str, content: str, form: NoteForm
) -> None:
    (tmp_path / "p1").mkdir()
    (tmp_path / name).write_text(content)
    (tmp_path / "README.md").write_text("About these notes.")
    assert guess_form(tmp_path) is form
    assert [note.text for note in open_source(str(tmp_path))] == ["Well."]


def test_a_form_in_doubt_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NoteSourceError, match=r"nothing .* as notes; say which form it has: text"):
        open_source(str(tmp_path))
    (tmp_path / "a.txt").write_text("Well.")
    (tmp_path / "b.jsonl").write_text(LINE)
    with pytest.raises(NoteSourceError, match="files of several forms; say which"):
        open_source(str(tmp_path))
    assert len(list(open_source(str(tmp_path), NoteForm.TEXT))) == 1
    other = tmp_path / "table.csv"
    other.write_text("a,b\n")
    with pytest.raises(NoteSourceError, match="form is not certain"):
        open_source(str(other))


def test_what_is_not_there_or_does_not_fit_the_form_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NoteSourceError, match="no such file or folder"):
        open_source(str(tmp_path / "gone"))
    with pytest.raises(NoteSourceError, match=r"a folder; name the file, such as NOTEEVENTS"):
        open_source(str(tmp_path), NoteForm.MIMIC_III)
    with pytest.raises(NoteSourceError, match="not a URL"):
        open_source(str(tmp_path), NoteForm.FHIR)
