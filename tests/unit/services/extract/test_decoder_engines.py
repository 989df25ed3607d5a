"""Opening decoder students by the settings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from services.extract.engines import open_student, settings_of_folder
from shared.settings import Settings


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_decoder_needs_a_folder_since_none_is_shipped(engine: str) -> None:
    with pytest.raises(ValueError, match=rf"{engine} needs CHARTSIFT_STUDENT_DIR"):
        open_student(Settings(student=engine))


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_folder_without_student_is_an_error(engine: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=str(tmp_path)):
        open_student(Settings(student=engine, student_dir=tmp_path))


def test_transformers_that_is_not_installed_comes_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "shared.students.decoder.transformers", raising=False)
    with pytest.raises(ValueError, match=r"transformers.*pip install .*chartsift\[llm\]"):
        open_student(Settings(student="transformers", student_dir=tmp_path))


def test_a_promoted_student_is_asked_for_by_its_own_version(tmp_path: Path) -> None:
    (tmp_path / "student.json").write_text('{"engine": "decoder"}')
    settings = Settings(student="vllm", vllm_model="the-one-before")
    assert settings_of_folder(settings, tmp_path).vllm_model == ""
