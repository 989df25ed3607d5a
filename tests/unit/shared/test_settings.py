"""Settings from the environment."""

import pytest

from shared.settings import Settings


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"CHARTSIFT_{name.upper()}", "")
    assert Settings() == Settings.model_construct()


def test_secrets_do_not_print() -> None:
    settings = Settings.model_validate({"fhir_token": "s3cret"})
    assert settings.fhir_token is not None
    assert settings.fhir_token.get_secret_value() == "s3cret"
    assert (
        "s3cret"
        not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    )
