"""Reviewers' corrections in the data of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.dataset import Dataset, ItemType, TeacherItem, TeacherNote, read_dataset
from training.distill.corrections import with_corrections

TEXT = "Known atrial fibrillation. No bleeding."


def item(question: str, answer: str = "Yes", quote: str = "atrial fibrillation") -> TeacherItem:
    kind = ItemType.NA_BOOLEAN if answer == "NA" else ItemType.BOOLEAN
    return TeacherItem(question=question, type=kind, answer=answer, quote=quote)


def note(id: str, *items: TeacherItem, patient: str = "", text: str = TEXT) -> TeacherNote:
    return TeacherNote(id=id, patient_id=patient or id, text=text, items=items)


def dataset(
    train: tuple[TeacherNote, ...] = (),
    held_out: tuple[TeacherNote, ...] = (),
    test: tuple[TeacherNote, ...] = (),
) -> Dataset:
    return Dataset(train, held_out, {}, "hash", test=test)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "corrections"


def write(folder: Path, *notes: TeacherNote, held_out: float = 0.0) -> Path:
    (folder / "notes").mkdir(parents=True)
    (folder / "notes/part-0.jsonl").write_text("".join(f"{n.model_dump_json()}\n" for n in notes))
    (folder / "dataset.json").write_text(json.dumps({"held_out": held_out}))
    return folder


def questions(notes: tuple[TeacherNote, ...]) -> dict[str, dict[str, str]]:
    return {one.id: {item.question: item.answer for item in one.items} for one in notes}


def test_corrected_notes_join_the_training(folder: Path) -> None:
    joined = with_corrections(
        dataset((note("a", item("AF?")),)), write(folder, note("b", item("Bleeding?"))), quotes=True
    )

    assert questions(joined.dataset.train) == {"a": {"AF?": "Yes"}, "b": {"Bleeding?": "Yes"}}
    assert joined.joined == 1


def test_on_the_same_question_the_correction_counts(folder: Path) -> None:
    teachers = note("a", item("AF?"), item("Bleeding?"))

    joined = with_corrections(
        dataset((teachers,)), write(folder, note("a", item("bleeding? ", "No"))), quotes=True
    )

    assert questions(joined.dataset.train) == {"a": {"AF?": "Yes", "bleeding? ": "No"}}
    assert joined.replaced == 1


def test_a_note_of_another_text_stands_beside_the_datasets_own(folder: Path) -> None:
    cut = note("a", item("AF?"), item("Bleeding?"), text="Known atrial fibrillation.")

    joined = with_corrections(
        dataset((cut,)), write(folder, note("a", item("Bleeding?", "No"))), quotes=True
    )

    assert questions(joined.dataset.train) == {
        "a": {"AF?": "Yes"},
        "a/corrected": {"Bleeding?": "No"},
    }


def test_a_patient_stays_on_the_side_of_the_dataset(folder: Path) -> None:
    before = dataset(
        (note("a", item("AF?"), patient="p1"),),
        (note("b", item("AF?"), patient="p2"),),
        (note("c", item("AF?"), patient="p3"),),
    )
    corrections = write(
        folder,
        note("a2", item("AF?"), patient="p1"),
        note("b2", item("AF?"), patient="p2"),
        note("c2", item("AF?"), patient="p3"),
    )

    joined = with_corrections(before, corrections, quotes=True)

    assert list(questions(joined.dataset.train)) == ["a", "a2"]
    assert list(questions(joined.dataset.held_out)) == ["b", "b2"]
    assert joined.dataset.test == before.test
    assert joined.judged == 1


def test_new_patients_are_held_out_as_their_folder_says(folder: Path) -> None:
    corrections = write(folder, note("b", item("AF?")), held_out=1.0)

    joined = with_corrections(dataset((note("a", item("AF?")),)), corrections, quotes=True)

    assert list(questions(joined.dataset.held_out)) == ["b"]


def test_a_student_that_quotes_learns_from_quoted_answers_alone(folder: Path) -> None:
    corrections = write(folder, note("b", item("AF?", quote=""), item("DVT?", "NA", "")))

    quoting = with_corrections(dataset(), corrections, quotes=True)
    silent = with_corrections(dataset(), corrections, quotes=False)

    assert questions(quoting.dataset.train) == {"b": {"DVT?": "NA"}}
    assert quoting.unquoted == 1
    assert questions(silent.dataset.train) == {"b": {"AF?": "Yes", "DVT?": "NA"}}


def test_the_hash_tells_the_corrections(folder: Path) -> None:
    before = dataset((note("a", item("AF?")),))
    joined = with_corrections(before, write(folder, note("b", item("AF?"))), quotes=True)

    assert joined.dataset.hash != before.hash
    assert joined.dataset.hash == with_corrections(before, folder, quotes=True).dataset.hash
    assert joined.dataset.hash != with_corrections(before, folder, quotes=False).dataset.hash
    assert read_dataset(folder).hash not in (before.hash, joined.dataset.hash)
