from __future__ import annotations

import sys
from pathlib import Path

import pytest

from services.extract.engines import open_student
from shared.settings import Settings

ENGINE = """
class Student:
    version = "own-1"

    def answer(self, text, questions):
        return []


def open_own(settings):
    return Student()
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_student_module.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_student_module", raising=False)
    return "own_student_module"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'parrot'.*CHARTSIFT_STUDENT.*encoder"):
        open_student(Settings(student="parrot"))


def test_an_engine_of_ones_own_is_named_by_module_and_function(own_module: str) -> None:
    assert open_student(Settings(student=f"{own_module}:open_own")).version == "own-1"


@pytest.mark.parametrize("name", ["no_such_module:open", "own_student_module:missing"])
def test_an_engine_that_cannot_be_imported_names_setting_and_cure(
    own_module: str, name: str
) -> None:
    with pytest.raises(ValueError, match=rf"CHARTSIFT_STUDENT={name}.*PYTHONPATH"):
        open_student(Settings(student=name))


def test_a_folder_without_student_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=str(tmp_path)):
        open_student(Settings(student="encoder", student_dir=tmp_path))
