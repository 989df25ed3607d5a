"""What can be named as a student."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.evaluate.engines import EngineNotOpenedError, names_of, open_engine, open_folder


def test_a_baseline_is_opened_by_its_name() -> None:
    assert open_engine("always-na").version == "always-na-1"


def test_a_student_is_opened_by_its_folder() -> None:
    shipped = Path(__file__).parents[4] / "models/encoder"
    assert open_engine(str(shipped)).version == open_folder(shipped).version
    assert open_folder(shipped).version.startswith("encoder-")


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(EngineNotOpenedError, match="no student engine 'oracle'"):
        open_engine("oracle")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"engine": "oracle"}'])
def test_a_folder_that_names_no_engine_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "student.json").write_text(content)
    with pytest.raises(EngineNotOpenedError, match="engine"):
        open_engine(str(tmp_path))


def test_an_encoder_with_a_file_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "student.json").write_text(json.dumps({"engine": "encoder"}))
    with pytest.raises(EngineNotOpenedError):
        open_engine(str(tmp_path))


def test_notes_are_not_sent_to_a_host_that_nobody_allowed() -> None:
    with pytest.raises(EngineNotOpenedError, match=r"8\.8\.8\.8 .*--allow-host"):
        open_engine("https://8.8.8.8/v1#model")


def test_nothing_at_the_address_is_said_with_the_cure() -> None:
    with pytest.raises(EngineNotOpenedError, match="nothing that lists its models"):
        open_engine("http://127.0.0.1:9/v1")


@pytest.mark.parametrize("against", [["a", "b", "a"], ["encoder"]])
def test_each_student_is_named_once(against: list[str]) -> None:
    with pytest.raises(EngineNotOpenedError, match="named twice"):
        names_of("encoder", against)
