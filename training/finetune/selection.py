"""Which part of a dataset a student is trained on; the same choice for every kind of student."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from training.dataset import Dataset, ItemType, TeacherItem, TeacherNote


class UnfitDatasetError(ValueError):
    """Nothing can be learned from what was chosen; the message says why."""


class Selection(BaseModel):
    """items: question types that are kept. notes: at most so many training notes, and of the
    held-out ones at most `held_out_notes`, in the order of their ids. screening: whether the
    questions asked of every note are used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: frozenset[ItemType] = Field(frozenset(ItemType), min_length=1)
    notes: int | None = Field(None, ge=1)
    held_out_notes: int | None = Field(None, ge=1)
    screening: bool = True


def select(dataset: Dataset, selection: Selection) -> Dataset:
    """The chosen part; its hash is the dataset's own where all of it was chosen.

    Raises UnfitDatasetError: no training or no held-out note is left, or one answer only.
    """
    chosen = {key: getattr(selection, key) for key in Selection.model_fields}
    part = Selection(**chosen)
    train = _kept(dataset.train[: part.notes], part)
    held_out = _kept(dataset.held_out[: part.held_out_notes], part)
    screening = {id: _of(items, part) for id, items in dataset.screening.items()}
    kept = replace(dataset, train=train, held_out=held_out, screening=screening)
    if not part.screening:
        kept = replace(kept, screening={})
    if part != Selection():
        text = f"{dataset.hash} {part.model_dump_json(exclude={'items'})} {sorted(part.items)}"
        kept = replace(kept, hash=hashlib.sha256(text.encode()).hexdigest())
    _check(kept)
    return kept


def _kept(notes: tuple[TeacherNote, ...], part: Selection) -> tuple[TeacherNote, ...]:
    return tuple(note.model_copy(update={"items": _of(note.items, part)}) for note in notes)


def _of(items: tuple[TeacherItem, ...], part: Selection) -> tuple[TeacherItem, ...]:
    return tuple(item for item in items if item.type in part.items)


def _check(dataset: Dataset) -> None:
    for name, notes in {"training": dataset.train, "held-out": dataset.held_out}.items():
        if not any([*note.items, *dataset.screening.get(note.id, ())] for note in notes):
            raise UnfitDatasetError(
                f"no {name} note with an item is left; a student needs some to train on and, of "
                "other patients, some to choose its thresholds on. Choose more, or set held_out "
                "in dataset.json"
            )
    items = (
        i for note in dataset.train for i in (*note.items, *dataset.screening.get(note.id, ()))
    )
    answers = {item.answer for item in items}
    if len(answers) == 1:
        raise UnfitDatasetError(
            f"every item's answer is {answers.pop()}, so a student would learn to say nothing "
            "else; choose items of more types"
        )
