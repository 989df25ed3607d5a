"""run.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from training.distill.config import RunConfigError, read_config

SOUND = {"name": "nightly", "folder": "runs/nightly", "notes": {"source": "notes"}}


def written(folder: Path, **changes: object) -> Path:
    file = folder / "run.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in (SOUND | changes).items() if v is not None}))
    return file


def test_the_published_setting_is_the_default(tmp_path: Path) -> None:
    config = read_config(written(tmp_path))
    assert (config.teacher.sampling.temperature, config.teacher.sampling.top_p) == (0.7, 0.95)
    assert config.teacher.sampling.max_tokens == 4096


def test_a_run_has_test_patients_of_its_own(tmp_path: Path) -> None:
    assert read_config(written(tmp_path)).cleaning.test == 0.1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"teacher": {"temprature": 1}}, "teacher.temprature"),
        ({"name": "../../etc"}, "name"),
        ({"student": {"preset": "gpt-9"}}, "no preset 'gpt-9'"),
        ({"notes": None}, "either notes to ask a teacher about, or a dataset"),
        ({"dataset": "training/data"}, "either notes to ask a teacher about, or a dataset"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, object], fault: str) -> None:
    with pytest.raises(RunConfigError, match=fault):
        read_config(written(tmp_path, **changes))


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("name: [")
    with pytest.raises(RunConfigError, match=r"run\.yaml"):
        read_config(tmp_path / "run.yaml")


def test_a_key_never_shows_in_what_is_written_down(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, teacher={"api_key": "sk-secret"}))
    assert "sk-secret" not in config.model_dump_json()
    assert "sk-secret" not in repr(config)
