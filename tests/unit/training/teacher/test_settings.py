"""The settings of the teacher."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from training.teacher import TeacherSettings


def test_the_defaults_are_the_published_sampling() -> None:
    sampling = TeacherSettings().sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0.7, 0.95, 4096)


def test_the_key_comes_from_the_environment_and_is_never_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHARTSIFT_TEACHER_KEY", "very-secret")
    settings = TeacherSettings()
    assert settings.api_key == SecretStr("very-secret")
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "very-secret" not in shown


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError):
        TeacherSettings.model_validate({"temprature": 1})
