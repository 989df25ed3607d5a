"""Reading a folder of notes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.dataset import DatasetError, dataset_hash, read_notes, summarize


def line(note_id: str, **item: str) -> str:
    base = {"question": "Smoker?", "type": "boolean", "answer": "Yes", "difficulty": 1}
    note = {"id": note_id, "text": "She smokes.", "items": [base | {"quote": "smokes"} | item]}
    return json.dumps(note) + "\n"


def test_notes_come_sorted_by_id_from_every_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line("N2") + "\n" + line("N3"))
    (tmp_path / "b.jsonl").write_text(line("N1"))
    assert [note.id for note in read_notes(tmp_path)] == ["N1", "N2", "N3"]


def test_a_note_without_patient_stands_for_a_patient_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line("N1"))
    assert read_notes(tmp_path)[0].patient_id == "N1"


def test_the_hash_does_not_depend_on_how_notes_are_spread_over_files(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "a.jsonl").write_text(line("N1") + line("N2"))
    (two / "a.jsonl").write_text(line("N2"))
    (two / "b.jsonl").write_text(line("N1"))
    assert dataset_hash(read_notes(one)) == dataset_hash(read_notes(two))


def test_the_hash_changes_with_an_answer(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line("N1"))
    before = dataset_hash(read_notes(tmp_path))
    (tmp_path / "a.jsonl").write_text(line("N1", answer="No"))
    assert dataset_hash(read_notes(tmp_path)) != before


def test_the_summary_counts_questions_without_regard_to_case(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line("N1") + line("N2", question="smoker?"))
    summary = summarize(read_notes(tmp_path))
    assert (summary.notes, summary.items["boolean"], summary.questions) == (2, 2, 1)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("{not json}\n", "a.jsonl:1"),
        (line("N1") + line("N2", answer="Maybe"), "a.jsonl:2: items.0: .*does not fit"),
        (line("N1", type="numeric", answer="about 5"), "does not fit type 'numeric'"),
        (line("N1") + line("N1"), "N1 stands twice"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str, cause: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(DatasetError, match=cause):
        read_notes(tmp_path)


def test_a_message_never_holds_the_text_of_a_note(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "N1", "text": "She smokes.", "items": 7}\n')
    with pytest.raises(DatasetError) as caught:
        read_notes(tmp_path)
    assert "smokes" not in str(caught.value)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="name the folder that holds the notes"):
        read_notes(tmp_path)
