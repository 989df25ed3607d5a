from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from services.extract.engines import load_into_server, open_student, settings_of_folder
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


def folder_of(engine: str, folder: Path) -> Path:
    (folder / "student.json").write_text(json.dumps({"engine": engine}))
    return folder


@pytest.mark.parametrize(
    ("named", "set_", "opened"),
    [
        ("encoder", "encoder", "encoder"),
        ("encoder", "vllm", "encoder"),
        ("decoder", "vllm", "vllm"),
        ("decoder", "transformers", "transformers"),
        ("encoder", "own:open", "own:open"),
    ],
)
def test_a_promoted_student_is_opened_by_its_own_engine(
    tmp_path: Path, named: str, set_: str, opened: str
) -> None:
    folder = folder_of(named, tmp_path)
    settings = settings_of_folder(Settings(student=set_), folder)
    assert (settings.student, settings.student_dir) == (opened, folder)


def test_a_promoted_decoder_needs_an_engine_that_runs_decoders(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"decoder; set CHARTSIFT_STUDENT to vllm or"):
        settings_of_folder(Settings(student="encoder"), folder_of("decoder", tmp_path))


def test_only_an_adapter_for_vllm_is_loaded_into_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[str, str, Path, None]] = []
    server = ModuleType("server")
    server.load_adapter = lambda *told: loaded.append(told)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shared.students.decoder.vllm", server)
    settings = Settings(student="vllm", student_dir=tmp_path, vllm_url="http://gpu:8000")
    load_into_server(settings, "decoder-0123456789ab")
    (tmp_path / "adapter_config.json").write_text("{}")
    load_into_server(settings.model_copy(update={"student": "transformers"}), "x-1")
    load_into_server(settings, "decoder-0123456789ab")
    assert loaded == [("http://gpu:8000", "decoder-0123456789ab", tmp_path, None)]
