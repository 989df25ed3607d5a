"""student.json of a decoder, and its base model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.criteria.question import AnswerType
from shared.students.decoder.description import (
    DecoderDescription,
    Thresholds,
    base_hash,
    base_of,
    has_adapter,
    read_description,
)
from shared.students.interface import Verdict
from shared.students.version import StudentFolderError

LIMITS = {"answer": 0.8, "review": 0.4}
WHOLE = {
    "engine": "decoder",
    "base": "some/model",
    "thresholds": {"Yes": LIMITS, "No": LIMITS, "number": LIMITS},
    "recipe": {"rank": 8},
}


def folder_with(folder: Path, content: object) -> Path:
    (folder / "student.json").write_text(json.dumps(content))
    return folder


def base_with(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.safetensors").write_text(content)
    return folder


def test_what_the_engines_need_is_read_and_the_rest_left(tmp_path: Path) -> None:
    student = read_description(folder_with(tmp_path, WHOLE))
    assert student.thresholds[Verdict.YES] == Thresholds(answer=0.8, review=0.4)
    assert student.temperature(AnswerType.BOOLEAN) == 1
    assert student.evidence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": "encoder"}, "engine 'encoder'"),
        ({"base": ""}, "base"),
        ({"prompt": "answer-0"}, "no prompt 'answer-0'"),
        ({"thresholds": {"Yes": LIMITS}}, "no thresholds for No, number"),
        ({"thresholds": {"Perhaps": LIMITS}}, "thresholds"),
        ({"temperatures": {"boolean": 0}}, "temperature"),
    ],
)
def test_an_incomplete_description_says_what_is_wrong(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(StudentFolderError, match=message):
        read_description(folder_with(tmp_path, WHOLE | change))


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"decoder"'])
def test_what_is_no_description_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "student.json").write_text(content)
    with pytest.raises(StudentFolderError):
        read_description(tmp_path)


def test_no_student_at_all_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(StudentFolderError, match="CHARTSIFT_STUDENT_DIR"):
        read_description(tmp_path)


def test_a_folder_without_adapter_is_the_base_model_as_it_is(tmp_path: Path) -> None:
    assert not has_adapter(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    assert has_adapter(tmp_path)


def student_of(base: Path) -> DecoderDescription:
    return DecoderDescription.model_validate(
        WHOLE | {"base": str(base), "base_hash": base_hash(base)}
    )


def test_the_base_of_the_training_is_taken_wherever_it_lies_now(tmp_path: Path) -> None:
    trained, moved = (base_with(tmp_path / n, model="weights") for n in ("trained", "moved"))
    assert base_of(student_of(trained), "") == str(trained)
    assert base_of(student_of(trained), str(moved)) == str(moved)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    trained = base_with(tmp_path / "trained", model="weights")
    other = base_with(tmp_path / "other", model="other weights")
    with pytest.raises(StudentFolderError, match="CHARTSIFT_STUDENT_BASE"):
        base_of(student_of(trained), str(other))


def test_a_name_cannot_be_compared_and_is_taken(tmp_path: Path) -> None:
    trained = base_with(tmp_path / "trained", model="weights")
    assert base_of(student_of(trained), "some/model") == "some/model"


def test_the_hash_covers_names_and_contents(tmp_path: Path) -> None:
    one = base_hash(base_with(tmp_path / "one", a="1", b="2"))
    assert base_hash(base_with(tmp_path / "same", a="1", b="2")) == one
    assert base_hash(base_with(tmp_path / "swapped", a="2", b="1")) != one


def test_a_folder_without_weights_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(StudentFolderError, match="no weights"):
        base_hash(tmp_path)
