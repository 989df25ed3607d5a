"""From notes through the teacher's HTTP interface to a dataset, a sample and an evaluation set."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.dataset import read_dataset, read_notes
from training.dataset.annotate import COLUMNS, SHEET, export_sample
from training.dataset.annotated import read_annotated
from training.dataset.clean import clean
from training.dataset.cleaning import CleaningSettings
from training.dataset.sheet import read_sheet, write_sheet
from training.notes.records import SourceNote
from training.teacher import TeacherSettings, generate
from training.teacher.stand_in import stand_in

DATA = Path(__file__).parents[4] / "training/data/notes"


def silent(line: str) -> None: ...


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "generated"
    notes = read_notes(DATA)[:30]
    sources = [SourceNote(id=n.id, patient_id=n.patient_id, text=n.text) for n in notes]
    with stand_in(notes) as server:
        generate(
            sources, TeacherSettings(base_url=server.base_url, model=server.model), folder, silent
        )
    return folder


def test_what_the_teacher_says_becomes_a_dataset(generated: Path, tmp_path: Path) -> None:
    settings = CleaningSettings(held_out=0.3, most_items=400)
    report = clean(generated, tmp_path / "data", settings, silent)
    data = read_dataset(tmp_path / "data")
    assert report.items_kept == 400
    assert len(data.train) + len(data.held_out) == report.notes_kept == 30
    for note in (*data.train, *data.held_out):
        assert all(item.quote in note.text for item in note.items)


def test_a_checked_sample_becomes_an_evaluation_set(generated: Path, tmp_path: Path) -> None:
    clean(generated, tmp_path / "data", CleaningSettings(held_out=0.3), silent)
    export_sample(read_dataset(tmp_path / "data"), 40, tmp_path / "sheet")
    file = tmp_path / "sheet" / SHEET
    rows = [row | {"verdict": "confirmed"} for _, row in read_sheet(file.read_bytes(), COLUMNS)]
    file.write_bytes(write_sheet(COLUMNS, rows))
    agreement = read_annotated(tmp_path / "sheet", tmp_path / "eval")
    assert [of.agreed for of in agreement.types.values()] == [10] * 4
    assert sum(len(note.items) for note in read_dataset(tmp_path / "eval").held_out) == 40
