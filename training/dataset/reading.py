"""Reads a folder of JSON Lines; says what it holds and under which hash."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from training.dataset.records import ItemType, TeacherNote


class DatasetError(ValueError):
    """A data set that cannot be read; the message names file, line and cause."""


@dataclass(frozen=True)
class DatasetSummary:
    """What a student's card says of its training data. hash: see `dataset_hash`."""

    notes: int
    patients: int
    items: dict[str, int]  # item type -> how many
    questions: int  # distinct, ignoring case
    hash: str


def read_notes(folder: Path) -> list[TeacherNote]:
    """All notes of the folder's *.jsonl files, sorted by id.

    Raises DatasetError: no such files, a line that is not a valid note, an id given twice.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise DatasetError(f"no *.jsonl file in {folder}; name the folder that holds the notes")
    notes: dict[str, TeacherNote] = {}
    for file in files:
        for note in _read_file(file):
            if note.id in notes:
                raise DatasetError(f"{file.name}: note {note.id} stands twice in {folder}")
            notes[note.id] = note
    return [notes[note_id] for note_id in sorted(notes)]


def _read_file(file: Path) -> Iterator[TeacherNote]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield TeacherNote.model_validate_json(line)
            except ValidationError as error:
                # The place and the kind of fault, never the text of the note.
                first = error.errors(include_input=False, include_url=False)[0]
                place = ".".join(str(part) for part in first["loc"]) or "line"
                raise DatasetError(f"{file.name}:{number}: {place}: {first['msg']}") from None


def dataset_hash(notes: Iterable[TeacherNote]) -> str:
    """sha256 (hex) over the notes in the order of their ids: independent of files and key order."""
    digest = hashlib.sha256()
    for note in sorted(notes, key=lambda note: note.id):
        digest.update(note.model_dump_json().encode())
        digest.update(b"\n")
    return digest.hexdigest()


def summarize(notes: Iterable[TeacherNote]) -> DatasetSummary:
    notes = list(notes)
    items = [item for note in notes for item in note.items]
    counts = Counter(item.type for item in items)
    return DatasetSummary(
        notes=len(notes),
        patients=len({note.patient_id for note in notes}),
        items={kind.value: counts[kind] for kind in ItemType},
        questions=len({item.question.strip().lower() for item in items}),
        hash=dataset_hash(notes),
    )
