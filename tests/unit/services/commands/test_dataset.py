"""`chartsift dataset`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from services.cli import app
from training.evaluate.folder import read_folder

SHEET = """note_id,question,type,answer,unit,quote
N-1,Does the patient smoke?,boolean,Yes,,Smokes
N-1,How old is the patient?,numeric,61,a,Aged 61
N-2,Does the patient smoke?,na-boolean,NA,,
N-2,How old is the patient?,numeric,48,a,Aged 48
"""


def dataset(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["dataset", *map(str, arguments)])
    return done.exit_code, done.output


def a_set(folder: Path, sheet: str = SHEET) -> tuple[Path, Path]:
    notes = folder / "notes"
    notes.mkdir()
    (notes / "N-1.txt").write_text("Aged 61. Smokes.")
    (notes / "N-2.txt").write_text("Aged 48.")
    (folder / "set.csv").write_text(sheet)
    return folder / "set.csv", notes


def test_a_question_set_becomes_an_evaluation_folder(tmp_path: Path) -> None:
    sheet, notes = a_set(tmp_path)
    code, said = dataset("questions", sheet, "--notes", notes, "--out", tmp_path / "out")
    assert code == 0, said
    folder = read_folder(tmp_path / "out")
    assert [note.id for note in folder.notes] == ["N-1", "N-2"]
    assert len(folder.questions) == 2


def test_a_note_that_is_not_in_the_source_is_named(tmp_path: Path) -> None:
    sheet, notes = a_set(tmp_path, SHEET.replace("N-2", "N-9"))
    code, said = dataset("questions", sheet, "--notes", notes, "--out", tmp_path / "out")
    assert code == 1
    assert "N-9" in said


def test_check_says_what_a_dataset_holds_and_fails_on_a_quote_that_is_not_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "notes").mkdir()
    line = (
        '{"id": "N-1", "text": "Aged 61.", "items": [{"question": "Smokes?", "type": "boolean",'
        ' "answer": "Yes", "quote": "smokes daily"}]}\n'
    )
    (tmp_path / "notes/a.jsonl").write_text(line)
    code, said = dataset("check", tmp_path)
    assert code == 1
    assert "1 notes of 1 patients" in said
    assert "N-1 item 0: quote is not verbatim" in said


def test_a_folder_without_notes_is_refused(tmp_path: Path) -> None:
    code, said = dataset("check", tmp_path)
    assert code == 1
    assert "no *.jsonl file" in said
