"""A sample for people to check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset import DatasetError, ItemType, TeacherItem, TeacherNote, read_dataset
from training.dataset.annotate import COLUMNS, SHEET, export_sample, read_sample, sample
from training.dataset.clean import clean
from training.dataset.cleaning import CleaningSettings
from training.dataset.sheet import read_sheet

ANSWERS = {"boolean": "Yes", "numeric": "1", "na-boolean": "NA", "na-numeric": "NA"}
kinds = st.lists(st.lists(st.sampled_from(ItemType), max_size=6), max_size=6)


def notes_of(kinds: list[list[ItemType]]) -> list[TeacherNote]:
    return [
        TeacherNote(
            id=f"N{at}",
            text="x",
            items=tuple(
                TeacherItem(question=f"Question {n}?", type=kind, answer=ANSWERS[kind])
                for n, kind in enumerate(of_note)
            ),
        )
        for at, of_note in enumerate(kinds)
    ]


@given(kinds, st.integers(1, 20))
def test_types_are_as_equal_as_the_notes_allow(kinds: list[list[ItemType]], count: int) -> None:
    there = Counter(kind for of_note in kinds for kind in of_note)
    drawn = Counter(i.type for note in sample(notes_of(kinds), count) for i in note.items)
    assert drawn.total() == min(count, there.total())
    for one in ItemType:
        for other in ItemType:
            assert drawn[one] >= drawn[other] - 1 or drawn[one] == there[one]


@given(kinds, st.integers(1, 10), st.integers(0, 10))
def test_a_smaller_sample_is_part_of_a_larger_one(
    kinds: list[list[ItemType]], count: int, more: int
) -> None:
    def drawn(count: int) -> set[tuple[str, str]]:
        chosen = sample(notes_of(kinds), count, seed=3)
        return {(note.id, item.question) for note in chosen for item in note.items}

    assert drawn(count) <= drawn(count + more)


@pytest.fixture
def data(generated: Callable[..., Path], tmp_path: Path) -> Path:
    settings = CleaningSettings(held_out=0.4)
    clean(generated(), tmp_path / "data", settings, lambda line: None)
    return tmp_path / "data"


def test_a_row_for_each_item_and_a_file_for_each_note(data: Path, tmp_path: Path) -> None:
    dataset = read_dataset(data)
    assert export_sample(dataset, 12, tmp_path / "sheet") == 12
    rows = read_sheet((tmp_path / "sheet" / SHEET).read_bytes(), COLUMNS)
    held_out = {note.text for note in dataset.held_out}
    assert len(rows) == 12
    for _, row in rows:
        text = (tmp_path / "sheet/notes" / row["note"]).read_text()
        assert text in held_out
        assert row["quote"] in text
        assert row["verdict"] == ""


def test_rows_are_known_again(data: Path, tmp_path: Path) -> None:
    export_sample(read_dataset(data), 12, tmp_path / "sheet")
    places = read_sample(tmp_path / "sheet")
    for _, row in read_sheet((tmp_path / "sheet" / SHEET).read_bytes(), COLUMNS):
        assert places[row["row"]][1].question == row["question"]


def test_test_notes_are_drawn_from_where_there_are_some(data: Path, tmp_path: Path) -> None:
    (data / "dataset.json").write_text('{"held_out": 0.3, "test": 0.3}')
    dataset = read_dataset(data)
    export_sample(dataset, 12, tmp_path / "sheet")
    drawn = {note.id for note, _ in read_sample(tmp_path / "sheet").values()}
    assert drawn <= {note.id for note in dataset.test}


def test_a_sheet_is_never_written_over(data: Path, tmp_path: Path) -> None:
    export_sample(read_dataset(data), 4, tmp_path / "sheet")
    with pytest.raises(FileExistsError, match="perhaps filled in"):
        export_sample(read_dataset(data), 8, tmp_path / "sheet")


def test_without_held_out_notes_there_is_nothing_to_check(data: Path, tmp_path: Path) -> None:
    (data / "dataset.json").write_text('{"held_out": 0}')
    with pytest.raises(DatasetError, match="only test or held-out notes"):
        export_sample(read_dataset(data), 4, tmp_path / "sheet")


def test_without_quotes_there_is_nothing_to_check(data: Path, tmp_path: Path) -> None:
    (data / "dataset.json").write_text('{"evidence": false}')
    with pytest.raises(DatasetError, match="no quotes"):
        export_sample(read_dataset(data), 4, tmp_path / "sheet")
