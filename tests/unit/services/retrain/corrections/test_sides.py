"""A patient's corrections train or judge."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.retrain.corrections.sides import Rule, divide
from training.dataset import ItemType, TeacherItem, TeacherNote, split_notes

ITEM = TeacherItem(question="AF?", type=ItemType.BOOLEAN, answer="Yes")


def note(id: str, patient: str) -> TeacherNote:
    return TeacherNote(id=id, patient_id=patient, text="AF.", items=(ITEM,))


def some(count: int) -> list[TeacherNote]:
    return [note(f"n{n}", f"p{n // 2}") for n in range(count)]


@given(
    patients=st.lists(st.text(min_size=1, max_size=3), max_size=30),
    held_out=st.floats(0, 0.4),
    test=st.floats(0.01, 0.5),
    salt=st.text(max_size=3),
    trained=st.frozensets(st.text(min_size=1, max_size=1), max_size=3),
    judged=st.frozensets(st.text(min_size=1, max_size=1), max_size=3),
)
def test_no_patient_is_on_both_sides_and_none_is_lost(
    patients: list[str],
    held_out: float,
    test: float,
    salt: str,
    trained: frozenset[str],
    judged: frozenset[str],
) -> None:
    notes = [note(f"n{n}", patient) for n, patient in enumerate(patients)]

    divided = divide(notes, Rule(held_out, test, salt, trained, judged))

    training = {one.patient_id for one in divided.training}
    evaluation = {one.patient_id for one in divided.evaluation}
    assert not training & evaluation
    assert not training & judged
    assert not evaluation & trained
    sides = (*divided.training, *divided.evaluation, *divided.refused)
    assert {one.id for one in sides} == {one.id for one in notes}
    assert len(sides) == len(notes)


def test_the_sides_are_those_of_the_dataset_that_is_made_from_the_same_notes() -> None:
    notes = some(200)
    split = split_notes(notes, 0.1, "salt", 0.2)

    divided = divide(notes, Rule(0.1, 0.2, "salt"))

    assert set(divided.evaluation) == set(split.test)
    assert set(divided.training) == {*split.train, *split.held_out}


def test_patients_of_other_datasets_stay_where_they_are() -> None:
    notes = [note("a", "trained"), note("b", "judged"), note("c", "both")]
    rule = Rule(
        0.0,
        0.5,
        trained=frozenset({"trained", "both"}),
        judged=frozenset({"judged", "both"}),
    )

    divided = divide(notes, rule)

    assert [one.id for one in divided.training] == ["a"]
    assert [one.id for one in divided.evaluation] == ["b"]
    assert [one.id for one in divided.refused] == ["c"]
