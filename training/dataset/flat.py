"""A dataset as one table, a row for each item, for trainers that know nothing of ChartSift."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TypedDict

from training.dataset.folder import Dataset
from training.dataset.reading import DatasetError
from training.dataset.records import TeacherNote
from training.dataset.whole_folder import whole_folder

MARK = "hash.txt"
"""Holds the dataset's hash."""
_ROWS_OF_A_GROUP = 1_000


class FlatForm(StrEnum):
    JSONL = "jsonl"
    PARQUET = "parquet"


class Row(TypedDict):
    """Missing strings are empty, a missing difficulty is null."""

    note_id: str
    patient_id: str
    note_type: str
    text: str
    question: str
    type: str
    answer: str
    unit: str
    quote: str
    section: str
    difficulty: int | None
    explanation: str


def export_flat(dataset: Dataset, out: Path, form: FlatForm = FlatForm.JSONL) -> None:
    """Writes train.<form>, held_out.<form>, test.<form> into the folder `out`, all or nothing.

    A note's text stands in each of its rows; Parquet stores it once. An empty side is left out.
    Raises DatasetError: Parquet without pyarrow (extra named train), or the disk gave out;
    FileExistsError: `out` is something else than such an export.
    """
    try:
        with whole_folder(out, MARK) as folder:
            sides = {"train": dataset.train, "held_out": dataset.held_out, "test": dataset.test}
            for side, notes in sides.items():
                if not notes:
                    continue
                if form is FlatForm.PARQUET:
                    _write_parquet(flat_rows(notes), folder / f"{side}.parquet")
                else:
                    _write_lines(flat_rows(notes), folder / f"{side}.jsonl")
            (folder / MARK).write_text(dataset.hash + "\n", encoding="utf-8")
    except FileExistsError:
        raise
    except OSError as error:
        raise DatasetError(
            f"{out}: cannot be written ({error.strerror}); nothing changed"
        ) from None


def flat_rows(notes: Iterable[TeacherNote]) -> Iterator[Row]:
    for note in notes:
        for item in note.items:
            yield {
                "note_id": note.id,
                "patient_id": note.patient_id,
                "note_type": note.note_type or "",
                "text": note.text,
                "question": item.question,
                "type": item.type.value,
                "answer": item.answer,
                "unit": item.unit or "",
                "quote": item.quote,
                "section": item.section or "",
                "difficulty": item.difficulty,
                "explanation": item.explanation or "",
            }


def _write_lines(rows: Iterable[Row], file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_parquet(rows: Iterator[Row], file: Path) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise DatasetError(
            f"Parquet needs pyarrow ({error}), which is part of the extra named train; "
            "or export JSON Lines"
        ) from None
    columns = [
        (name, pa.int8() if name == "difficulty" else pa.string()) for name in Row.__annotations__
    ]
    schema = pa.schema(columns)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(rows, _ROWS_OF_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
