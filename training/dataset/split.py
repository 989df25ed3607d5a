"""Training, held-out and test notes, divided by patient and never by item."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from training.dataset.records import TeacherNote


@dataclass(frozen=True)
class Split:
    """train: fits the weights. held_out: calibrates confidence and chooses thresholds. test: seen
    by neither, so that students can be judged on it."""

    train: tuple[TeacherNote, ...]
    held_out: tuple[TeacherNote, ...]
    test: tuple[TeacherNote, ...] = ()


def position(patient_id: str, salt: str = "") -> float:
    """Where a patient lies in [0, 1): a hash, so it does not move when notes are added."""
    digest = hashlib.sha256(f"{salt}:{patient_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_notes(
    notes: Iterable[TeacherNote], held_out: float = 0.1, salt: str = "", test: float = 0.0
) -> Split:
    """Patients whose `position` lies below `held_out` are held out, those of the next `test`
    share are for the test (shares, 0 to 1)."""
    if held_out < 0 or test < 0 or held_out + test > 1:
        raise ValueError(f"shares must lie between 0 and 1 in all, got {held_out} and {test}")
    parts: tuple[list[TeacherNote], ...] = ([], [], [])
    for note in notes:
        place = position(note.patient_id, salt)
        parts[1 if place < held_out else 2 if place < held_out + test else 0].append(note)
    return Split(*map(tuple, parts))
