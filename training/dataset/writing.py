"""Writes a dataset folder (`training.dataset.folder`), whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from training.dataset.folder import DATASET, Dataset, read_dataset
from training.dataset.reading import DatasetError
from training.dataset.records import TeacherNote
from training.dataset.whole_folder import whole_folder

CARD = "README.md"
NOTES_OF_A_PART = 1_000

Describe = Callable[[Dataset], tuple[Mapping[str, JsonValue], str]]
"""Given the dataset as it will be read: the contents of dataset.json beside the split, and of
README.md. May refuse the dataset by raising DatasetError."""


def write_dataset(
    notes: Sequence[TeacherNote], out: Path, split: Mapping[str, JsonValue], describe: Describe
) -> None:
    """split: the keys of `DatasetSplit`. A dataset that is there already is replaced.

    If anything fails, `out` stays as it was. Raises DatasetError: refused by `describe`, or the
    disk gave out; FileExistsError: `out` is something else than a dataset.
    """
    if strange := {path.name for path in out.glob("*")} - {"notes", DATASET, CARD}:
        raise FileExistsError(
            f"{out} also holds {', '.join(sorted(strange))}, which would be lost; name another"
        )
    try:
        with whole_folder(out, DATASET) as folder:
            (folder / "notes").mkdir()
            for part, start in enumerate(range(0, len(notes), NOTES_OF_A_PART)):
                _write_part(
                    folder / "notes" / f"part-{part:05}.jsonl",
                    notes[start : start + NOTES_OF_A_PART],
                )
            file = folder / DATASET
            file.write_text(json.dumps(dict(split)), encoding="utf-8")
            facts, card = describe(read_dataset(folder))
            document = json.dumps({**split, **facts}, indent=2, ensure_ascii=False)
            file.write_text(document + "\n", encoding="utf-8")
            (folder / CARD).write_text(card, encoding="utf-8")
    except FileExistsError:
        raise
    except OSError as error:
        raise DatasetError(
            f"{out}: cannot be written ({error.strerror}); nothing changed"
        ) from None


def _write_part(file: Path, notes: Sequence[TeacherNote]) -> None:
    with file.open("w", encoding="utf-8") as out:
        for note in notes:
            out.write(json.dumps(_without_null(note.model_dump(mode="json")), ensure_ascii=False))
            out.write("\n")


def _without_null(value: JsonValue) -> JsonValue:
    """Strings that are missing are written as empty: readers that take a column's type from the
    first lines (Arrow) stumble over a column that begins with nothing but null."""
    if isinstance(value, dict):
        return {
            key: "" if item is None and key != "difficulty" else _without_null(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return value
