"""Training and held-out notes, divided by patient and never by item."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from training.dataset.records import TeacherNote


@dataclass(frozen=True)
class Split:
    """train: fits the weights. held_out: calibrates confidence and chooses thresholds."""

    train: tuple[TeacherNote, ...]
    held_out: tuple[TeacherNote, ...]


def position(patient_id: str, salt: str = "") -> float:
    """Where a patient lies in [0, 1): a hash, so it does not move when notes are added."""
    digest = hashlib.sha256(f"{salt}:{patient_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_notes(notes: Iterable[TeacherNote], held_out: float = 0.1, salt: str = "") -> Split:
    """Holds out the patients whose `position` lies below `held_out` (a share, 0 to 1)."""
    if not 0 <= held_out <= 1:
        raise ValueError(f"the share held out must lie between 0 and 1, got {held_out}")
    train: list[TeacherNote] = []
    rest: list[TeacherNote] = []
    for note in notes:
        (rest if position(note.patient_id, salt) < held_out else train).append(note)
    return Split(tuple(train), tuple(rest))
