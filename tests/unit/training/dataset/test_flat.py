"""A dataset as one table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from training.dataset import Dataset, DatasetError, TeacherNote
from training.dataset.flat import FlatForm, Row, export_flat, flat_rows

MakeNote = Callable[..., TeacherNote]


def test_a_row_for_each_item_with_its_note(teacher_note: MakeNote) -> None:
    note = teacher_note(note_type="Discharge summary")
    rows = list(flat_rows([note]))
    assert len(rows) == len(note.items)
    assert {row["text"] for row in rows} == {note.text}
    assert rows[0]["quote"] == "She smokes"
    assert all(list(row) == list(Row.__annotations__) for row in rows)
    assert None not in [value for row in rows for value in row.values()]


def test_each_side_is_a_file_and_an_empty_one_none(teacher_note: MakeNote, tmp_path: Path) -> None:
    note = teacher_note()
    export_flat(Dataset((note,), (), {}, "h"), tmp_path / "flat")
    assert sorted(path.name for path in (tmp_path / "flat").iterdir()) == [
        "hash.txt",
        "train.jsonl",
    ]
    lines = (tmp_path / "flat/train.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(flat_rows([note]))


def test_a_folder_of_something_else_is_not_replaced(teacher_note: MakeNote, tmp_path: Path) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat/mine").touch()
    with pytest.raises(FileExistsError):
        export_flat(Dataset((teacher_note(),), (), {}, "h"), tmp_path / "flat")


def test_without_pyarrow_it_is_said_what_to_install(
    teacher_note: MakeNote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DatasetError, match="extra named train"):
        export_flat(Dataset((teacher_note(),), (), {}, "h"), tmp_path / "flat", FlatForm.PARQUET)
    assert list(tmp_path.iterdir()) == []
