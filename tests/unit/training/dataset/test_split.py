"""Held-out notes are chosen by patient, and stay chosen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset import TeacherNote, split_notes

ids = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=30)


def note(note_id: str, patient: str = "") -> TeacherNote:
    return TeacherNote(id=note_id, patient_id=patient, text="text", items=())


@given(ids, st.floats(0, 1))
def test_every_note_is_on_exactly_one_side(names: list[str], share: float) -> None:
    split = split_notes([note(name) for name in names], share)
    assert sorted(n.id for n in split.train + split.held_out) == sorted(names)


@given(ids, ids)
def test_a_note_stays_on_its_side_when_others_are_added(old: list[str], new: list[str]) -> None:
    before = split_notes([note(name) for name in old], 0.5)
    after = split_notes([note(name) for name in {*old, *new}], 0.5)
    assert {n.id for n in before.held_out} <= {n.id for n in after.held_out}
    assert {n.id for n in before.train} <= {n.id for n in after.train}


@given(ids)
def test_the_notes_of_a_patient_stay_together(names: list[str]) -> None:
    split = split_notes([note(name, "one patient") for name in names], 0.5)
    assert not (split.train and split.held_out)


def test_about_the_share_asked_for_is_held_out() -> None:
    split = split_notes([note(f"N{number}") for number in range(1000)], 0.1)
    assert 70 <= len(split.held_out) <= 130


def test_another_salt_holds_out_other_notes() -> None:
    notes = [note(f"N{number}") for number in range(100)]
    assert split_notes(notes, 0.3, "a").held_out != split_notes(notes, 0.3, "b").held_out


def test_a_share_above_one_is_refused(teacher_note: Callable[..., TeacherNote]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_notes([teacher_note()], 10)
