"""Refuses a dataset that no student can be trained on, before any training starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from training.dataset.cleaning import CleaningSettings
from training.dataset.folder import Dataset
from training.dataset.reading import DatasetError
from training.dataset.records import ItemType, TeacherNote


def refuse_lacking(
    notes: Iterable[TeacherNote], settings: CleaningSettings, dropped: Mapping[str, int]
) -> None:
    """Raises DatasetError: no item at all, or none of a type that is to be balanced."""
    types = Counter(item.type for note in notes for item in note.items)
    if not types:
        raise DatasetError(f"no item is left ({_why(dropped)})")
    lacking = [kind.value for kind in settings.subset.types if not types[kind]]
    if lacking and settings.balanced:
        raise DatasetError(
            f"no item of type {', '.join(lacking)} is left, so there is nothing to balance with "
            f"({_why(dropped)}); generate some, choose another subset than "
            f"{settings.subset.value}, or do without balance"
        )


def refuse_unusable(
    dataset: Dataset, settings: CleaningSettings, dropped: Mapping[str, int]
) -> None:
    """Raises DatasetError: a side of the split without a patient, or in training one class of
    answers only (booleans that are all Yes or all No count as one)."""
    if not dataset.train:
        raise DatasetError(
            "no patient is left to train on; lower held_out or test, or generate more notes"
        )
    sides = (
        ("held_out", settings.held_out, dataset.held_out),
        ("test", settings.test, dataset.test),
    )
    for name, share, side in sides:
        if share > 0 and not side:
            notes = (*dataset.train, *dataset.held_out, *dataset.test)
            raise DatasetError(
                f"none of {len({note.patient_id for note in notes})} patients is on the side "
                f"{name} ({share:g}); raise {name}, choose another salt, or generate notes of more "
                "patients"
            )
    items = [item for note in dataset.train for item in note.items]
    booleans = {item.answer for item in items if item.type is ItemType.BOOLEAN}
    if len(booleans) == 1:
        raise DatasetError(
            f"all training questions of type boolean are answered {booleans.pop()}; a student "
            f"needs Yes and No ({_why(dropped)})"
        )
    classes = {item.verdict for item in items}
    if len(classes) < 2:
        raise DatasetError(
            f"all training questions have the same class of answer, {classes.pop().value} "
            f"({_why(dropped)})"
        )


def _why(dropped: Mapping[str, int]) -> str:
    said = [f"{reason}: {count}" for reason, count in Counter(dropped).most_common() if count]
    return "dropped: " + ", ".join(said) if said else "nothing was generated"
