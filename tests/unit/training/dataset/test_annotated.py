"""Filled-in sheets become an evaluation set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from training.dataset import (
    Dataset,
    DatasetError,
    ItemType,
    TeacherItem,
    TeacherNote,
    read_dataset,
)
from training.dataset.annotate import COLUMNS, SHEET, export_sample
from training.dataset.annotated import read_annotated
from training.dataset.sheet import read_sheet, write_sheet

NOTE = TeacherNote(
    id="N-1",
    patient_id="P-1",
    text="She smokes.\nNo asthma. Temperature -5 below. Platelets 187.",
    items=(
        TeacherItem(question="Smoker?", type=ItemType.BOOLEAN, answer="Yes", quote="She smokes",
                    section="Social", difficulty=3),
        TeacherItem(question="Platelets?", type=ItemType.NUMERIC, answer="187", unit="10*3/uL",
                    quote="Platelets 187"),
        TeacherItem(question="Asthma?", type=ItemType.NA_BOOLEAN, answer="NA"),
        TeacherItem(question="Weight?", type=ItemType.NA_NUMERIC, answer="NA", unit="kg"),
    ),
)  # fmt: skip
Fill = Callable[..., Path]
Cells = dict[str, str]
CONFIRMED = {"verdict": "confirmed"}


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    export_sample(Dataset((), (NOTE,), {}, "h"), 4, tmp_path / "sheet")
    return tmp_path / "sheet"


@pytest.fixture
def fill(sheet: Path) -> Fill:
    """Fills the sheet in; what is given for a question replaces its cells."""

    def write(changes: dict[str, Cells], name: str = SHEET) -> Path:
        rows = [row for _, row in read_sheet((sheet / SHEET).read_bytes(), COLUMNS)]
        changed = [row | changes.get(row["question"], {}) for row in rows]
        (sheet / name).write_bytes(write_sheet(COLUMNS, changed))
        return sheet / name

    return write


def items_of(folder: Path) -> dict[str, TeacherItem]:
    return {item.question: item for note in read_dataset(folder).held_out for item in note.items}


def test_what_is_confirmed_stays_and_nothing_of_it_is_for_training(
    fill: Fill, sheet: Path, tmp_path: Path
) -> None:
    fill(dict.fromkeys([item.question for item in NOTE.items], CONFIRMED))
    read_annotated(sheet, tmp_path / "eval")
    data = read_dataset(tmp_path / "eval")
    assert data.annotated
    assert data.train == ()
    assert items_of(tmp_path / "eval")["Smoker?"].section == "Social"
    assert {i.question: i.answer for i in items_of(tmp_path / "eval").values()} == {
        item.question: item.answer for item in NOTE.items
    }


def test_corrections_are_read_back_and_counted(fill: Fill, sheet: Path, tmp_path: Path) -> None:
    fill(
        {
            "Smoker?": {"verdict": "Corrected ", "question": "Does she smoke?"},
            "Platelets?": {"verdict": "rejected"},
            "Asthma?": {
                "verdict": "corrected", "answer": "no", "quote": "NO ASTHMA",
                "explanation": "Denied.",
            },
        }
    )  # fmt: skip
    agreement = read_annotated(sheet, tmp_path / "eval")
    items = items_of(tmp_path / "eval")
    assert set(items) == {"Does she smoke?", "Asthma?"}
    assert items["Asthma?"].type is ItemType.BOOLEAN
    assert (items["Asthma?"].answer, items["Asthma?"].quote) == ("No", "No asthma")
    assert items["Asthma?"].explanation == "Denied."
    assert (agreement.items, agreement.open, agreement.disputed) == (4, 1, 0)
    assert agreement.types[ItemType.BOOLEAN].model_dump(exclude_defaults=True) == {
        "judged": 1, "corrected": 1, "agreed": 1, "question_changed": 1
    }  # fmt: skip
    assert agreement.types[ItemType.NUMERIC].rejected == 1
    assert agreement.answers == {"NA -> No": 1, "Yes -> Yes": 1}


def test_a_claim_corrected_to_na_loses_its_quote(fill: Fill, sheet: Path, tmp_path: Path) -> None:
    fill({"Platelets?": {"verdict": "corrected", "answer": "n/a"}})
    read_annotated(sheet, tmp_path / "eval")
    item = items_of(tmp_path / "eval")["Platelets?"]
    assert (item.type, item.quote, item.unit) == (ItemType.NA_NUMERIC, "", "10*3/uL")


def test_a_number_is_still_the_same_when_a_program_has_rewritten_it(
    fill: Fill, sheet: Path, tmp_path: Path
) -> None:
    fill({"Platelets?": CONFIRMED | {"answer": "187,0", "quote": " Platelets\r\n187"}})
    agreement = read_annotated(sheet, tmp_path / "eval")
    assert agreement.types[ItemType.NUMERIC].confirmed == 1
    item = items_of(tmp_path / "eval")["Platelets?"]
    assert (item.answer, item.unit, item.quote) == ("187", "10*3/uL", "Platelets 187")


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"verdict": "fine"}, "neither confirmed, corrected nor rejected"),
        ({"verdict": "confirmed", "answer": "No"}, "write corrected"),
        ({"verdict": "confirmed", "quote": "No asthma"}, "write corrected"),
        ({"verdict": "corrected", "answer": "perhaps"}, "neither Yes, No nor NA"),
        ({"verdict": "corrected", "quote": "She drinks a lot"}, "quote is not in the note"),
        ({"verdict": "corrected", "quote": ""}, "no quote"),
        ({"verdict": "corrected", "question": " "}, "no question"),
        ({"verdict": "confirmed", "row": "q99999"}, "no such row"),
        ({"verdict": "confirmed", "note": "note-00002.txt"}, "was a column sorted alone"),
    ],
)
def test_a_fault_is_named_by_line_without_text_and_nothing_is_written(
    fill: Fill, sheet: Path, tmp_path: Path, cells: Cells, fault: str
) -> None:
    fill({"Smoker?": cells, "Platelets?": CONFIRMED})
    with pytest.raises(DatasetError, match=fault) as caught:
        read_annotated(sheet, tmp_path / "eval")
    assert "line " in str(caught.value)
    assert "drinks" not in str(caught.value)
    assert not (tmp_path / "eval").exists()


def test_a_row_with_two_verdicts_is_a_fault(fill: Fill, sheet: Path, tmp_path: Path) -> None:
    lines = fill({"Smoker?": CONFIRMED}).read_bytes().splitlines(keepends=True)
    (sheet / SHEET).write_bytes(b"".join([*lines, lines[1]]))
    with pytest.raises(DatasetError, match="line 6, row q00001: this row has a verdict already"):
        read_annotated(sheet, tmp_path / "eval")


def test_all_faults_are_named_at_once(fill: Fill, sheet: Path, tmp_path: Path) -> None:
    fill({"Smoker?": {"verdict": "?"}, "Platelets?": {"verdict": "!"}})
    with pytest.raises(DatasetError, match=r"line 2.*\n.*line 3"):
        read_annotated(sheet, tmp_path / "eval")


def test_an_empty_sheet_is_no_evaluation_set(sheet: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no item was confirmed or corrected"):
        read_annotated(sheet, tmp_path / "eval")


def test_where_two_annotators_differ_the_item_is_left_out(
    fill: Fill, sheet: Path, tmp_path: Path
) -> None:
    one = fill({"Smoker?": CONFIRMED, "Platelets?": CONFIRMED}, "one.csv")
    two = fill({"Smoker?": {"verdict": "rejected"}, "Platelets?": CONFIRMED}, "two.csv")
    agreement = read_annotated(sheet, tmp_path / "eval", [one, two])
    assert set(items_of(tmp_path / "eval")) == {"Platelets?"}
    assert (agreement.open, agreement.disputed) == (2, 1)


def test_a_sheet_that_is_missing_is_named(sheet: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.csv"):
        read_annotated(sheet, tmp_path / "eval", [sheet / "gone.csv"])


def test_the_card_counts_and_warns(fill: Fill, sheet: Path, tmp_path: Path) -> None:
    fill({"Smoker?": CONFIRMED})
    read_annotated(sheet, tmp_path / "eval")
    card = (tmp_path / "eval/README.md").read_text()
    assert "| boolean | 1 | 1 | 0 | 0 | 1 |" in card
    assert "health information" in card
    assert "smokes" not in card
