"""Reviewers' corrections join the dataset of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from training.dataset import Dataset, TeacherItem, TeacherNote, read_dataset


@dataclass(frozen=True)
class Joined:
    """joined: items that were added. replaced: of the dataset's own, questions that a correction
    answers. unquoted: corrections left out for want of a quote. judged: corrections left out
    because their patients are for the test."""

    dataset: Dataset
    joined: int
    replaced: int
    unquoted: int
    judged: int


def with_corrections(dataset: Dataset, folder: Path, *, quotes: bool) -> Joined:
    """The dataset with the corrected items of the dataset folder `folder`; a patient stays on the
    side where the dataset has it. On a question that both have, the correction counts.

    quotes: items that claim something without a quote are left out: a student that is taught to
    quote would learn that it need not. Raises DatasetError.
    """
    corrections = read_dataset(folder)
    held_out = _patients(dataset.held_out) | (
        _patients(corrections.held_out) - _patients(dataset.train)
    )
    tested = _patients(dataset.test)
    train, holding = _by_id(dataset.train), _by_id(dataset.held_out)
    screening = dict(dataset.screening)
    joined = replaced = unquoted = judged = 0
    for note in (*corrections.train, *corrections.held_out, *corrections.test):
        if note.patient_id in tested:
            judged += len(note.items)
            continue
        items = tuple(item for item in note.items if not quotes or _is_quoted(item))
        unquoted += len(note.items) - len(items)
        if not items:
            continue
        joined += len(items)
        side = holding if note.patient_id in held_out else train
        replaced += _add(side, note.model_copy(update={"items": items}), screening)
    digest = hashlib.sha256(f"{dataset.hash}\n{corrections.hash}\n{quotes}".encode())
    together = replace(
        dataset,
        train=_sorted(train),
        held_out=_sorted(holding),
        screening=screening,
        hash=digest.hexdigest(),
    )
    return Joined(together, joined, replaced, unquoted, judged)


def _add(
    side: dict[str, TeacherNote],
    note: TeacherNote,
    screening: dict[str, tuple[TeacherItem, ...]],
) -> int:
    """Returns how many items gave way. A note whose text differs, because it was cut or has
    changed, stands beside the dataset's own."""
    other = side.get(note.id)
    corrected = {_words(item) for item in note.items}
    own = other.items if other is not None else ()
    kept = tuple(item for item in own if _words(item) not in corrected)
    asked = screening.get(note.id, ())
    if asked:
        screening[note.id] = tuple(item for item in asked if _words(item) not in corrected)
    gone = len(own) - len(kept) + len(asked) - len(screening.get(note.id, ()))
    if other is None:
        side[note.id] = note
    elif other.text == note.text:
        side[note.id] = other.model_copy(update={"items": (*kept, *note.items)})
    else:
        side[note.id] = other.model_copy(update={"items": kept})
        side[f"{note.id}/corrected"] = note.model_copy(update={"id": f"{note.id}/corrected"})
    return gone


def _is_quoted(item: TeacherItem) -> bool:
    return item.answer == "NA" or bool(item.quote)


def _words(item: TeacherItem) -> str:
    return " ".join(item.question.split()).casefold()


def _by_id(notes: Iterable[TeacherNote]) -> dict[str, TeacherNote]:
    return {note.id: note for note in notes}


def _patients(notes: Iterable[TeacherNote]) -> frozenset[str]:
    return frozenset(note.patient_id for note in notes)


def _sorted(notes: Mapping[str, TeacherNote]) -> tuple[TeacherNote, ...]:
    return tuple(notes[id] for id in sorted(notes))
