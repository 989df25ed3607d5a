"""`chartsift evaluate` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from training.evaluate import command


@pytest.fixture(autouse=True)
def no_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "BASELINES", {})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)], env={"COLUMNS": "200"})


def test_it_writes_figures_page_and_errors(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("figures.json", "report.html", "errors.jsonl")]
    options = zip(("--json", "--html", "--errors"), files, strict=True)
    result = run(folder, "--engine", "always-na", *(part for option in options for part in option))
    assert result.exit_code == 0, result.output
    assert json.loads(files[0].read_text())["engine"] == "always-na"
    assert files[1].read_text().startswith("<!doctype html>")
    assert len(files[2].read_text().splitlines()) == 4
    assert "aspirin" not in result.output


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (("--engine", "oracle"), "no student engine"),
        (("--engine", "always-na", "--against", "always-na"), "named twice"),
        (("--engine", "always-na", "--price", "cheap"), "no price"),
        (("--engine", "https://8.8.8.8/v1"), "--allow-host"),
    ],
)
def test_what_cannot_be_done_is_said_and_ends_with_one(
    folder: Path, options: tuple[str, ...], cause: str
) -> None:
    result = run(folder, *options)
    assert result.exit_code == 1
    assert cause in result.output
    assert "Traceback" not in result.output


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    result = run(tmp_path, "--engine", "always-na")
    assert result.exit_code == 1
    assert "the folder must hold" in " ".join(result.output.split())
