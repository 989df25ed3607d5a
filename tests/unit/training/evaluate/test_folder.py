"""The folder form: notes.jsonl, questions.json, key.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.students.interface import Verdict
from training.evaluate.folder import EvaluationFolderError, read_folder

QUESTIONS: list[dict[str, Any]] = [
    {"study": "s", "id": "smoker", "type": "boolean", "question": "Smoker?"},
    {"id": "weight", "type": "numeric", "unit": "kg", "question": "Weight?"},
]
NOTES = [{"id": "N1", "text": "He smokes. 80 kg."}, {"id": "N2", "text": "Nothing."}]
KEYS: list[dict[str, Any]] = [
    {"id": "N1", "answers": {"smoker": ["Yes", "smokes"], "weight": ["80.0", "80 kg"]}},
    {"id": "N2", "answers": {}, "disputed": ["weight"]},
]


def lines(records: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes.jsonl").write_text(lines(NOTES))
    (tmp_path / "questions.json").write_text(json.dumps(QUESTIONS))
    (tmp_path / "key.jsonl").write_text(lines(KEYS))
    return tmp_path


def test_what_the_key_lists_is_expected(folder: Path) -> None:
    first = read_folder(folder).notes[0]
    assert (first.id, first.expected) == ("N1", {"smoker": Verdict.YES, "weight": 80.0})


def test_what_the_key_does_not_list_is_na_and_what_is_disputed_is_not_scored(folder: Path) -> None:
    read = read_folder(folder)
    assert read.notes[1].expected == {"smoker": Verdict.NA}
    assert read.disputed == 1


@pytest.mark.parametrize("name", ["notes.jsonl", "questions.json", "key.jsonl"])
def test_a_missing_file_is_named_with_what_the_folder_must_hold(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(EvaluationFolderError, match=f"{name}: No such file.* must hold"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("notes.jsonl", "{oops\n", "notes.jsonl:1: Invalid JSON"),
        ("notes.jsonl", "", "holds no note"),
        ("notes.jsonl", lines([NOTES[0], NOTES[0]]), "notes.jsonl:2: note N1 stands twice"),
        ("notes.jsonl", lines([NOTES[0]]), "answers note N2, which is not in notes.jsonl"),
        ("key.jsonl", lines(KEYS[:1]), "no line for note N2"),
        ("key.jsonl", lines([{"id": "N1", "answers": {"age": ["3", ""]}}, KEYS[1]]), "'age'"),
        (
            "key.jsonl",
            lines([{"id": "N1", "answers": {"smoker": ["Maybe", ""]}}, KEYS[1]]),
            "note N1: the answer to 'smoker' must be Yes, No or NA",
        ),
        (
            "key.jsonl",
            lines([{"id": "N1", "answers": {"weight": ["80 kg", ""]}}, KEYS[1]]),
            "note N1: the answer to 'weight' must be a number or NA",
        ),
        ("questions.json", "[]", "must list questions"),
        ("questions.json", json.dumps([QUESTIONS[0]] * 2), "each id once"),
        ("questions.json", json.dumps([{"id": "x", "type": "date", "question": "When?"}]), "type"),
    ],
)
def test_a_fault_is_named(folder: Path, name: str, content: str, cause: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(EvaluationFolderError, match=cause):
        read_folder(folder)


def test_an_infinite_number_is_no_answer(folder: Path) -> None:
    key = [{"id": "N1", "answers": {"weight": ["inf", ""]}}, KEYS[1]]
    (folder / "key.jsonl").write_text(lines(key))
    with pytest.raises(EvaluationFolderError, match="must be a number"):
        read_folder(folder)


def test_a_message_never_holds_the_text_of_a_note(folder: Path) -> None:
    (folder / "notes.jsonl").write_text('{"text": "He smokes."}\n')
    with pytest.raises(EvaluationFolderError) as caught:
        read_folder(folder)
    assert "smokes" not in str(caught.value)
