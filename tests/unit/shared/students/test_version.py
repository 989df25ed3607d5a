"""A student's version is its content."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.students.version import StudentFolderError, student_version


@pytest.fixture
def student(tmp_path: Path) -> Path:
    folder = tmp_path / "student"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "student.json").write_text('{"format": 1, "engine": "encoder"}')
    (folder / "model.onnx").write_bytes(b"weights")
    (folder / "tokenizer/vocab.txt").write_text("a b c")
    return folder


def test_it_names_the_engine_and_twelve_hex_digits(student: Path) -> None:
    assert re.fullmatch(r"encoder-[0-9a-f]{12}", student_version(student))


def test_it_does_not_depend_on_where_the_folder_is(student: Path, tmp_path: Path) -> None:
    before = student_version(student)
    assert student_version(student.rename(tmp_path / "elsewhere")) == before


@pytest.mark.parametrize("name", ["student.json", "model.onnx", "tokenizer/vocab.txt"])
def test_it_changes_with_every_file(student: Path, name: str) -> None:
    before = student_version(student)
    with (student / name).open("a") as file:
        file.write(" ")
    assert student_version(student) != before


def test_it_changes_when_a_file_is_renamed(student: Path) -> None:
    before = student_version(student)
    (student / "model.onnx").rename(student / "reader.onnx")
    assert student_version(student) != before


def test_it_does_not_change_with_the_model_card(student: Path) -> None:
    before = student_version(student)
    (student / "README.md").write_text("# Card")
    assert student_version(student) == before


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "holds no student.json.*CHARTSIFT_STUDENT_DIR"),
        ("{", "is not JSON"),
        ("[]", "names no engine"),
        ('{"engine": ""}', "names no engine"),
    ],
)
def test_a_folder_without_a_student_is_refused(
    student: Path, content: str | None, cause: str
) -> None:
    (student / "student.json").unlink()
    if content is not None:
        (student / "student.json").write_text(content)
    with pytest.raises(StudentFolderError, match=cause):
        student_version(student)
