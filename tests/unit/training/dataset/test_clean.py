"""From a teacher folder to a dataset folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.criteria.question import Question
from training.dataset import DatasetError, ItemType, TeacherNote, read_dataset
from training.dataset.clean import clean
from training.dataset.cleaning import CleaningReport, CleaningSettings, Reason
from training.dataset.subsets import Subset
from training.teacher.errors import TeacherFolderError

from .conftest import raw_items, text_of

Generated = Callable[..., Path]


def silent(line: str) -> None: ...


def cleaned(generated: Path, out: Path, ask: Any = None, **settings: object) -> CleaningReport:
    return clean(generated, out, CleaningSettings.model_validate(settings), silent, ask)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Hidden files too: nothing unfinished may be left beside it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_dataset_is_split_by_patient_and_balanced(generated: Generated, tmp_path: Path) -> None:
    report = cleaned(generated(), tmp_path / "data")
    data = read_dataset(tmp_path / "data")
    assert data.hash == report.hash
    assert (report.notes_read, report.items_read, report.items_kept) == (60, 300, 240)
    assert report.dropped == {Reason.SURPLUS: 60}
    assert {k: report.train.items[k] + report.held_out.items[k] for k in ItemType} == dict.fromkeys(
        ItemType, 60
    )
    assert len(data.held_out) == report.held_out.notes > 0
    assert not {n.patient_id for n in data.train} & {n.patient_id for n in data.held_out}


def test_a_test_share_is_a_third_side(generated: Generated, tmp_path: Path) -> None:
    report = cleaned(generated(), tmp_path / "data", test=0.2)
    data = read_dataset(tmp_path / "data")
    assert len(data.test) == report.test.notes > 0
    assert report.items_kept == 240
    with pytest.raises(DatasetError, match="on the side test"):
        cleaned(generated(), tmp_path / "data", test=0.00001)


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(ValidationError, match="less than 1"):
        CleaningSettings(held_out=0.5, test=0.5)


def test_the_same_settings_give_the_same_dataset(generated: Generated, tmp_path: Path) -> None:
    one, two = cleaned(generated(), tmp_path / "a"), cleaned(generated(), tmp_path / "b")
    other = cleaned(generated(), tmp_path / "c", seed=1)
    assert one == two
    assert other.hash != one.hash


def test_dataset_json_tells_the_figures_and_the_teacher(
    generated: Generated, tmp_path: Path
) -> None:
    report = cleaned(generated(), tmp_path / "data", held_out=0.2, salt="s")
    document = json.loads((tmp_path / "data/dataset.json").read_text())
    assert (document["held_out"], document["salt"]) == (0.2, "s")
    assert CleaningReport.model_validate(document["cleaning"]) == report
    assert document["teacher"]["prompts"]["numeric"] == "numeric-hash"


def test_the_card_says_where_the_data_comes_from_and_warns(
    generated: Generated, tmp_path: Path
) -> None:
    report = cleaned(generated(), tmp_path / "data")
    card = (tmp_path / "data/README.md").read_text()
    for said in ("a-teacher\\|70b", "na-numeric-hash", report.hash, "health information",
                 Reason.SURPLUS, "2024.09.27.24314517"):  # fmt: skip
        assert said in card
    assert "She smokes" not in card


def test_garbage_in_replies_is_counted_and_left_out(generated: Generated, tmp_path: Path) -> None:
    def replies(number: int) -> dict[ItemType, Any]:
        broken = {ItemType.NUMERIC: "Sorry, I cannot."} if number == 0 else {}
        return raw_items(number) | broken

    report = cleaned(generated(replies=replies), tmp_path / "data")
    assert report.dropped["reply: reply without an item"] == 1
    assert report.items_kept == 4 * 59


def test_a_subset_without_evidence_says_so(generated: Generated, tmp_path: Path) -> None:
    cleaned(generated(), tmp_path / "data", subset=Subset.WITHOUT_EVIDENCE)
    data = read_dataset(tmp_path / "data")
    assert not data.evidence
    assert not any(item.quote for note in data.train for item in note.items)


def test_the_teachers_second_answer_decides_what_stays(
    generated: Generated, tmp_path: Path
) -> None:
    def ask(note: TeacherNote, question: Question) -> str:
        number = int(note.id.removeprefix("N-"))
        said = {"Smoker?": "Yes", "Asthma?": "No", "Platelets?": str(100 + number)}
        return (
            "12" if number < 10 and question.text == "Platelets?" else said.get(question.text, "NA")
        )

    report = cleaned(generated(), tmp_path / "data", ask)
    assert report.dropped[Reason.DISAGREED] == 10
    assert report.items_kept == 4 * 50
    assert report.asked_again


def test_a_run_that_is_not_complete_is_said(generated: Generated, tmp_path: Path) -> None:
    said: list[str] = []
    clean(generated(complete=False), tmp_path / "data", CleaningSettings(), said.append)
    assert any("not come to the end" in line for line in said)
    assert "not come to its end" in (tmp_path / "data/README.md").read_text()


def only(kind: ItemType, at: int) -> Callable[[int], dict[ItemType, Any]]:
    return lambda number: {kind: [raw_items(number)[kind][at]]}


@pytest.mark.parametrize(
    ("replies", "settings", "cause"),
    [
        (lambda n: {}, {}, r"no item is left \(nothing was generated\)"),
        (only(ItemType.BOOLEAN, 0), {"subset": "boolean"}, "all answered Yes|are answered Yes"),
        (only(ItemType.NUMERIC, 0), {"balanced": False}, "same class of answer, number"),
        (only(ItemType.BOOLEAN, 0), {}, "no item of type numeric, na-boolean, na-numeric"),
        (lambda n: {ItemType.BOOLEAN: "I am sorry"}, {}, r"dropped: reply: .*: 60"),
        (raw_items, {"held_out": 0.00001}, "none of 60 patients is on the side held_out"),
        (raw_items, {"held_out": 0.99999}, "no patient is left to train on"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_and_changes_nothing(
    generated: Generated,
    tmp_path: Path,
    replies: Callable[[int], Any],
    settings: dict[str, object],
    cause: str,
) -> None:
    cleaned(generated(), tmp_path / "data")
    folder = generated(replies=replies)
    before = snapshot(tmp_path)
    with pytest.raises(DatasetError, match=cause):
        cleaned(folder, tmp_path / "data", **settings)
    assert snapshot(tmp_path) == before


def test_a_teacher_that_fails_when_asked_again_changes_nothing(
    generated: Generated, tmp_path: Path
) -> None:
    def ask(note: TeacherNote, question: Question) -> str:
        raise ConnectionError

    folder = generated()
    before = snapshot(tmp_path)
    with pytest.raises(ConnectionError):
        cleaned(folder, tmp_path / "data", ask)
    assert snapshot(tmp_path) == before


def test_a_dataset_is_replaced_as_a_whole(generated: Generated, tmp_path: Path) -> None:
    cleaned(generated(), tmp_path / "data")
    report = cleaned(generated(patients=40), tmp_path / "data")
    assert read_dataset(tmp_path / "data").hash == report.hash
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "generated"]


def test_a_folder_of_something_else_is_not_replaced(generated: Generated, tmp_path: Path) -> None:
    (tmp_path / "data/notes").mkdir(parents=True)
    (tmp_path / "data/notes/mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="something else"):
        cleaned(generated(), tmp_path / "data")


def test_screening_answers_beside_a_dataset_are_not_lost(
    generated: Generated, tmp_path: Path
) -> None:
    cleaned(generated(), tmp_path / "data")
    (tmp_path / "data/screening").mkdir()
    with pytest.raises(FileExistsError, match="also holds screening"):
        cleaned(generated(), tmp_path / "data")


def test_a_folder_without_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no manifest"):
        cleaned(tmp_path, tmp_path / "data")


def test_a_damaged_folder_is_named_without_its_text(generated: Generated, tmp_path: Path) -> None:
    folder = generated()
    with (folder / "notes.jsonl").open("a") as notes:
        notes.write('{"id": "N-9999", "text": "She smokes."}\n')
    with pytest.raises(TeacherFolderError) as caught:
        cleaned(folder, tmp_path / "data")
    assert "smokes" not in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_no_text_is_said_as_progress(generated: Generated, tmp_path: Path) -> None:
    said: list[str] = []
    clean(generated(patients=600), tmp_path / "data", CleaningSettings(), said.append)
    assert len(said) == 2
    assert not any(text_of(0)[:8] in line or "smokes" in line for line in said)
