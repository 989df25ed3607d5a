"""A dataset folder, which every student trains from.

notes/*.jsonl       notes with their items, one TeacherNote a line
screening/          optional: questions asked of every note (`training.dataset.screening`)
dataset.json        optional: DatasetSplit; without it 10 % of the patients are held out
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.dataset.reading import DatasetError, dataset_hash, read_notes
from training.dataset.records import TeacherItem, TeacherNote
from training.dataset.screening import QUESTIONS, read_screening
from training.dataset.split import split_notes

DATASET = "dataset.json"


class DatasetSplit(BaseModel):
    """What of dataset.json decides the split; the rest of it is the dataset's card.

    held_out: share of the patients; 1 for an evaluation set, which nothing is trained on.
    test: share of further patients, neither trained on nor used for thresholds.
    evidence: whether answers carry quotes. annotated: whether people have checked the items.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    held_out: float = Field(0.1, ge=0, le=1)
    test: float = Field(0.0, ge=0, lt=1)
    salt: str = ""
    evidence: bool = True
    annotated: bool = False


@dataclass(frozen=True)
class Dataset:
    """Split by patient. screening: note id -> items asked of every note.

    hash: of notes, items and screening answers; a student's card names it.
    evidence, annotated: see `DatasetSplit`.
    """

    train: tuple[TeacherNote, ...]
    held_out: tuple[TeacherNote, ...]
    screening: Mapping[str, tuple[TeacherItem, ...]]
    hash: str
    evidence: bool = True
    annotated: bool = False
    test: tuple[TeacherNote, ...] = ()


def read_dataset(folder: Path) -> Dataset:
    """Raises DatasetError: nothing to read, or something in it that does not fit."""
    notes = read_notes(folder / "notes")
    screening: dict[str, tuple[TeacherItem, ...]] = {}
    if (folder / "screening" / QUESTIONS).is_file():
        screening = read_screening(folder / "screening", notes)
    chosen = _split(folder / DATASET)
    split = split_notes(notes, chosen.held_out, chosen.salt, chosen.test)
    digest = hashlib.sha256(dataset_hash(notes).encode())
    for id in sorted(screening):
        digest.update(id.encode())
        for item in screening[id]:
            digest.update(item.model_dump_json().encode() + b"\n")
    return Dataset(
        split.train,
        split.held_out,
        screening,
        digest.hexdigest(),
        evidence=chosen.evidence,
        annotated=chosen.annotated,
        test=split.test,
    )


def _split(file: Path) -> DatasetSplit:
    if not file.is_file():
        return DatasetSplit()
    try:
        return DatasetSplit.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "document"
        raise DatasetError(f"{file}: {place}: {first['msg']}") from None
