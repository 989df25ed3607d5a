"""What is written is read by the libraries that other trainers use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.dataset import Dataset, ItemType, TeacherItem, TeacherNote, read_dataset
from training.dataset.flat import FlatForm, export_flat, flat_rows
from training.dataset.writing import NOTES_OF_A_PART, write_dataset

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    datasets.disable_progress_bars()


def notes(count: int) -> Iterator[TeacherNote]:
    """The first part has neither units, sections nor note types, so that a reader that takes the
    types of columns from it would not know they are strings."""
    for number in range(count):
        late = number >= NOTES_OF_A_PART
        item = TeacherItem(
            question="Platelets?",
            type=ItemType.NUMERIC,
            answer=str(number),
            unit="10*3/uL" if late else None,
            quote=f"Platelets {number}",
            section="Labs" if late else None,
            difficulty=3 if number % 2 else None,
            explanation="It says so." if late else None,
        )
        note_type = "Progress note" if late else None
        yield TeacherNote(
            id=f"N-{number:05}", text=f"Platelets {number}", note_type=note_type, items=(item,)
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_dataset(
        list(notes(NOTES_OF_A_PART + 50)),
        tmp_path / "data",
        {"held_out": 0.1},
        lambda data: ({"hash": data.hash}, "---\nlicense: other\n---\n"),
    )
    return tmp_path / "data"


def test_datasets_reads_the_notes_with_one_type_for_each_column(folder: Path) -> None:
    files = sorted(str(path) for path in (folder / "notes").iterdir())
    read = datasets.load_dataset("json", data_files=files, split="train")
    assert len(files) == 2
    assert len(read) == NOTES_OF_A_PART + 50
    assert read[-1]["items"][0]["unit"] == "10*3/uL"
    assert read[0]["items"][0]["unit"] == ""


def test_our_own_reader_reads_the_same_notes(folder: Path) -> None:
    data = read_dataset(folder)
    assert len(data.train) + len(data.held_out) == NOTES_OF_A_PART + 50
    assert json.loads((folder / "dataset.json").read_text())["hash"] == data.hash


@pytest.mark.parametrize("form", FlatForm)
def test_the_flat_table_is_read_row_by_row(folder: Path, tmp_path: Path, form: FlatForm) -> None:
    data = read_dataset(folder)
    export_flat(data, tmp_path / "flat", form)
    files = {side: str(tmp_path / f"flat/{side}.{form}") for side in ("train", "held_out")}
    read = datasets.load_dataset("json" if form is FlatForm.JSONL else "parquet", data_files=files)
    assert list(read["train"]) == list(flat_rows(data.train))
    assert list(read["held_out"]) == list(flat_rows(data.held_out))


def test_parquet_stores_a_notes_text_once(tmp_path: Path) -> None:
    item = next(notes(1)).items[0]
    text = "".join(chr(33 + (n * n * 7919 + n) % 90) for n in range(20_000)) + "Platelets 0"
    items = tuple(item.model_copy(update={"question": f"Platelets {n}?"}) for n in range(40))
    note = TeacherNote(id="N", text=text, items=items)
    export_flat(Dataset((note,), (), {}, "h"), tmp_path / "flat", FlatForm.PARQUET)
    assert (tmp_path / "flat/train.parquet").stat().st_size < 3 * len(text)
