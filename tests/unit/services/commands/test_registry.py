"""`chartsift student`: from a folder to service and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from shared.students.version import student_version
from training.gate import Decision
from training.registry import Registry, StudentDescription, write_description


def new_student(folder: Path) -> str:
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(f"# Card of {folder.name}\n")
    description = StudentDescription(
        engine="tiny",
        name=folder.name,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        dataset={},
        thresholds={},
        metrics={},
    )
    return write_description(folder, description).version


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    url = str(tmp_path / "registry")
    monkeypatch.setenv("CHARTSIFT_REGISTRY_URL", url)
    monkeypatch.setenv("CHARTSIFT_MLFLOW_URI", "")
    return Registry(url)


def student(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["student", *arguments], env={"COLUMNS": "200"})


def decision(folder: Path, candidate: str, promote: bool) -> str:
    told = Decision(
        promote=promote,
        candidate=candidate,
        in_service=None,
        notes=1,
        pairs=1,
        reasons=("yes_precision: 0.500 stays below the floor of 0.600",),
    )
    file = folder / "decision.json"
    file.write_text(told.model_dump_json())
    return str(file)


def test_a_student_is_added_promoted_by_the_gate_and_listed(
    tmp_path: Path, registry: Registry
) -> None:
    version = new_student(tmp_path / "a")
    added = student("add", str(tmp_path / "a"))
    assert added.exit_code == 0
    assert "candidate" in added.output
    promoted = student("promote", version, "--decision", decision(tmp_path, version, True))
    assert promoted.exit_code == 0, promoted.output
    assert registry.in_service() == version
    listed = student("list", "--history").output
    assert version in listed
    assert "in-service" in listed
    assert "passed the gate" in listed


def test_a_promotion_that_the_gate_does_not_allow_says_why(
    tmp_path: Path, registry: Registry
) -> None:
    version = new_student(tmp_path / "a")
    student("add", str(tmp_path / "a"))
    refused = student("promote", version, "--decision", decision(tmp_path, version, False))
    assert refused.exit_code == 1
    assert "stays below the floor of 0.600" in refused.output
    assert registry.in_service() is None


@pytest.mark.parametrize(
    "arguments", [[], ["--without-gate"], ["--without-gate", "--decision", "decision.json"]]
)
def test_a_promotion_needs_a_decision_or_somebody_who_gives_a_reason(
    tmp_path: Path, registry: Registry, arguments: list[str]
) -> None:
    version = new_student(tmp_path / "a")
    student("add", str(tmp_path / "a"))
    assert student("promote", version, *arguments).exit_code == 1
    assert registry.in_service() is None


def test_roll_back_is_one_command(tmp_path: Path, registry: Registry) -> None:
    versions = [new_student(tmp_path / name) for name in "ab"]
    for name, version in zip("ab", versions, strict=True):
        student("add", str(tmp_path / name))
        student("promote", version, "--without-gate", "--reason", "first days")
    rolled_back = student("roll-back", "--by", "ann")
    assert rolled_back.exit_code == 0
    assert registry.in_service() == versions[0]
    assert registry.history()[-1].by == "ann"
    assert student("retire", versions[1]).exit_code == 0


def test_the_student_in_service_is_fetched_unless_another_is_named(
    tmp_path: Path, registry: Registry
) -> None:
    version, other = new_student(tmp_path / "a"), new_student(tmp_path / "b")
    student("add", str(tmp_path / "a"))
    student("add", str(tmp_path / "b"))
    nothing = student("fetch", str(tmp_path / "into"))
    assert nothing.exit_code == 1
    assert "No student is in service" in nothing.output
    registry.promote(version, None)
    assert student("fetch", str(tmp_path / "into")).exit_code == 0
    assert student("fetch", str(tmp_path / "into"), "--version", other).exit_code == 0
    for one in (version, other):
        assert student_version(tmp_path / "into" / one) == one


def test_the_card_is_printed(tmp_path: Path) -> None:
    version = new_student(tmp_path / "a")
    student("add", str(tmp_path / "a"))
    assert "Card of a" in student("card", version).output


def test_a_folder_without_student_and_an_unknown_version_are_named(tmp_path: Path) -> None:
    assert "no student" in student("add", str(tmp_path)).output
    unknown = student("card", "tiny-0123456789ab")
    assert unknown.exit_code == 1
    assert "tiny-0123456789ab" in unknown.output


def test_without_a_registry_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTSIFT_REGISTRY_URL", "")
    refused = student("list")
    assert refused.exit_code == 1
    assert "CHARTSIFT_REGISTRY_URL" in refused.output


def test_a_student_is_shown_on_mlflow_where_one_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="needs the extra named mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("CHARTSIFT_MLFLOW_URI", (tmp_path / "mlflow").as_uri())
    version = new_student(tmp_path / "a")
    assert "as version 1" in student("add", str(tmp_path / "a")).output
    promoted = student("promote", version, "--without-gate", "--reason", "first")
    assert "Not shown" not in promoted.output
