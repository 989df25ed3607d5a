"""A dataset folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.dataset import DatasetError, read_dataset

ITEM = {"question": "Smoker?", "type": "boolean", "answer": "Yes", "quote": "smokes"}
QUESTIONS = {"questions": [{"id": "af", "type": "boolean", "question": "Atrial fibrillation?"}]}


def fill(folder: Path, patients: int = 200) -> Path:
    """Two notes of each patient."""
    (folder / "notes").mkdir()
    with (folder / "notes/a.jsonl").open("w") as file:
        for at in range(patients * 2):
            note = {"id": f"N-{at}", "patient_id": f"P-{at // 2}", "text": "She smokes."}
            file.write(json.dumps(note | {"items": [ITEM]}) + "\n")
    return folder


def test_one_patient_in_ten_is_held_out_with_all_notes(tmp_path: Path) -> None:
    data = read_dataset(fill(tmp_path))
    held_out = {note.patient_id for note in data.held_out}
    assert not held_out & {note.patient_id for note in data.train}
    assert len(data.held_out) == 2 * len(held_out)
    assert 8 <= len(held_out) <= 32


def test_dataset_json_chooses_the_share_held_out(tmp_path: Path) -> None:
    (fill(tmp_path) / "dataset.json").write_text('{"held_out": 0.5, "made_by": "a test"}')
    assert 150 <= len(read_dataset(tmp_path).held_out) <= 250


def test_a_dataset_json_that_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    (fill(tmp_path) / "dataset.json").write_text('{"held_out": 1.5}')
    with pytest.raises(DatasetError, match=r"dataset\.json: held_out"):
        read_dataset(tmp_path)


def test_screening_answers_are_read_and_change_the_hash(tmp_path: Path) -> None:
    plain = read_dataset(fill(tmp_path))
    (tmp_path / "screening").mkdir()
    (tmp_path / "screening/questions.json").write_text(json.dumps(QUESTIONS))
    (tmp_path / "screening/answers-0.jsonl").write_text('{"id": "N-3", "answers": {}}\n')
    whole = read_dataset(tmp_path)
    assert plain.screening == {}
    assert [item.answer for item in whole.screening["N-3"]] == ["NA"]
    assert whole.hash != plain.hash
