"""A student folder as a registry entry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.students.version import StudentFolderError, student_version
from training.registry import StudentDescription, read_entry, write_description


def description(**changes: object) -> StudentDescription:
    fields = {
        "engine": "encoder",
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "dataset": {"hash": "abc", "notes": 360},
        "thresholds": {"boolean": {"answer": 0.6, "review": 0.4}},
        "metrics": {"three_class_balanced_accuracy": 0.7},
    }
    return StudentDescription.model_validate(fields | changes)


def test_what_is_written_is_read_back_under_the_version_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    entry = write_description(tmp_path, description())
    assert read_entry(tmp_path) == entry
    assert entry.version == student_version(tmp_path)
    assert entry.description == description()


def test_keys_of_the_engine_are_kept(tmp_path: Path) -> None:
    write_description(tmp_path, description(passage_tokens=160))
    assert read_entry(tmp_path).description.model_extra == {"passage_tokens": 160}


def test_missing_keys_are_named(tmp_path: Path) -> None:
    (tmp_path / "student.json").write_text('{"format": 2, "engine": "encoder"}')
    with pytest.raises(StudentFolderError, match=r"format: .*; created: .*; dataset: "):
        read_entry(tmp_path)
