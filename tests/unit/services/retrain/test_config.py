"""What a run is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.retrain.config import (
    CorrectionsOf,
    NotConfigured,
    Plan,
    RetrainConfigError,
    UnknownConfig,
    plan_of,
    read_retrain_config,
)

FOLDER = Path("/runs/1/run")


def plan(files: Path, name: str = "default", overrides: dict[str, Any] | None = None) -> Plan:
    config = read_retrain_config(files / "retrain.yaml")
    return plan_of(config, "af", FOLDER, name, overrides)


def test_a_run_is_the_base_in_a_folder_of_its_own(files: Path) -> None:
    run = plan(files).run

    assert (run.folder, run.student.recipe) == (FOLDER, {"epochs": 2})


def test_a_named_configuration_changes_parts_of_the_base(files: Path) -> None:
    run = plan(files, "small").run

    assert (run.student.preset, run.student.recipe) == ("encoder", {"epochs": 1})


def test_a_caller_changes_parts_of_that(files: Path) -> None:
    run = plan(files, "small", {"student": {"recipe": {"seed": 7}}, "promote": False}).run

    assert (run.student.recipe, run.promote) == ({"epochs": 1, "seed": 7}, False)


def test_a_plan_is_kept_whole(files: Path) -> None:
    made = plan(files)

    assert Plan.model_validate_json(made.model_dump_json()) == made
    assert made.corrections.corrections is CorrectionsOf.ALL


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"registry": "s3://elsewhere"}, "registry cannot be set"),
        ({"folder": "/etc"}, "folder cannot be set"),
        ({"teacher": {"base_url": "https://elsewhere/v1"}}, "teacher cannot be set"),
        ({"gate": "/dev/null"}, "gate cannot be set"),
        ({"notes": {"source": "/etc"}}, "of notes only keep"),
        ({"student": {"base": "/root"}}, "of student only preset, recipe"),
        ({"student": "encoder"}, "of student only preset, recipe"),
        ({"promote": True}, "promote can only be turned off"),
        ({"student": {"preset": "gpt-9"}}, "no preset 'gpt-9'"),
        ({"student": {"recipe": {"colour": 1}}}, "recipe: colour"),
        ({"cleaning": {"held_out": 2}}, "cleaning.held_out"),
    ],
)
def test_what_is_not_a_callers_to_change_is_refused(
    files: Path, overrides: dict[str, Any], told: str
) -> None:
    with pytest.raises(RetrainConfigError, match=told):
        plan(files, overrides=overrides)


def test_an_unknown_configuration_is_refused_with_the_known_ones(files: Path) -> None:
    with pytest.raises(UnknownConfig, match="there are: default, small"):
        plan(files, "large")


def test_without_a_file_no_run_can_be_started() -> None:
    with pytest.raises(NotConfigured, match="CHARTSIFT_RETRAIN_CONFIG"):
        read_retrain_config(None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "document"),
        ("base: [", "retrain.yaml"),
        ("base: run.yaml\nnightly: {af: large}\n", "no configuration 'large'"),
        ("base: run.yaml\nevery: day\n", "every"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(files: Path, text: str, told: str) -> None:
    (files / "retrain.yaml").write_text(text)

    with pytest.raises(RetrainConfigError, match=told):
        read_retrain_config(files / "retrain.yaml")
