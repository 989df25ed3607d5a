"""What a location holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from training.dataset import TeacherNote
from training.evaluate.folder import EvaluationFolderError
from training.evaluate.forms import Form, form_of, read_asked


def test_an_evaluation_folder_is_known_by_its_key(folder: Path) -> None:
    assert form_of(folder) is Form.FOLDER
    asked = read_asked(folder, Form.FOLDER)
    assert (asked.name, len(asked.notes), asked.disputed) == ("folder", 3, 1)


def test_a_disputed_question_is_not_asked(folder: Path) -> None:
    second = read_asked(folder, Form.FOLDER).notes[1]
    assert [subject.id for subject in second.subjects] == ["dual", "asthma"]


def test_a_dataset_gives_its_held_out_notes(
    tmp_path: Path, teacher_note: Callable[..., TeacherNote]
) -> None:
    (tmp_path / "notes").mkdir()
    notes = [teacher_note(id=f"T-{at}").model_dump_json() for at in range(40)]
    (tmp_path / "notes/part-0.jsonl").write_text("\n".join(notes))
    assert form_of(tmp_path) is Form.DATASET
    asked = read_asked(tmp_path, Form.DATASET)
    assert 0 < len(asked.notes) < 40
    assert asked.name.endswith("(held out)")


def test_a_dataset_with_test_patients_gives_these(
    tmp_path: Path, teacher_note: Callable[..., TeacherNote]
) -> None:
    (tmp_path / "notes").mkdir()
    notes = [teacher_note(id=f"T-{at}").model_dump_json() for at in range(40)]
    (tmp_path / "notes/part-0.jsonl").write_text("\n".join(notes))
    held_out = {one.note.id for one in read_asked(tmp_path, Form.DATASET).notes}
    (tmp_path / "dataset.json").write_text('{"held_out": 0.1, "test": 0.3}')
    asked = read_asked(tmp_path, Form.DATASET)
    assert asked.name.endswith("(test)")
    assert held_out.isdisjoint(one.note.id for one in asked.notes)


def test_an_annotated_dataset_is_asked_whole(
    tmp_path: Path, teacher_note: Callable[..., TeacherNote]
) -> None:
    (tmp_path / "notes").mkdir()
    notes = [teacher_note(id=f"T-{at}").model_dump_json() for at in range(5)]
    (tmp_path / "notes/part-0.jsonl").write_text("\n".join(notes))
    (tmp_path / "dataset.json").write_text('{"held_out": 1, "annotated": true}')
    assert len(read_asked(tmp_path, Form.DATASET).notes) == 5


def test_xml_files_are_a_cohort(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "100.xml").write_text("<PatientMatching/>")
    assert form_of(tmp_path) is Form.COHORT
    assert form_of(tmp_path / "train" / "100.xml") is Form.COHORT


def test_a_folder_of_nothing_is_told_what_it_must_hold(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFolderError, match="the folder must hold"):
        read_asked(tmp_path, form_of(tmp_path))
