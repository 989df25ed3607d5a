"""Every kind of student from one call and from one command."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from services.cli import app
from shared.students.encoder import load_encoder
from training.dataset import read_dataset
from training.finetune import finetune

DATA = Path(__file__).parents[4] / "training/data"


def chartsift(*arguments: object):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def test_the_encoder_is_trained_by_the_same_call(tmp_path):
    few = {"notes": 2, "held_out_notes": 1, "epochs": 1, "warmup": 2}
    said: list[str] = []
    dataset = read_dataset(DATA)
    entry = finetune("encoder", dataset, tmp_path / "out", tmp_path / "work", said.append, few)
    assert load_encoder(entry.folder).version == entry.version
    about = json.loads((entry.folder / "student.json").read_text())
    assert about["dataset"]["training_notes"] == 2
    assert about["dataset"]["hash"] != dataset.hash
    assert about["recipe"]["epochs"] == 1
    assert "2 training notes, 1 held out" in said


def test_the_command_trains_a_decoder_and_names_its_version(base, dataset_folder, tmp_path):
    done = chartsift(
        *("smollm2-135m", "--base", base, "--dataset", dataset_folder),
        *("--work", tmp_path, "--set", "max_steps=1", "--set", "calibration_questions=20"),
    )
    assert done.exit_code == 0, done.output
    assert "decoder-" in done.output.splitlines()[-2] + done.output.splitlines()[-1]
    assert json.loads((tmp_path / "student/student.json").read_text())["name"] == "smollm2-135m"


def test_the_command_refuses_what_it_does_not_know(dataset_folder, tmp_path):
    place = ("--dataset", dataset_folder, "--work", tmp_path)
    for arguments, message in {
        ("gpt-9",): "no preset 'gpt-9'",
        ("smollm2-135m", "--set", "ranks=4"): "ranks",
        ("smollm2-135m", "--set", "rank"): "FIELD=VALUE",
    }.items():
        done = chartsift(*arguments, *place)
        assert done.exit_code == 1
        assert message in done.output
    assert list(tmp_path.iterdir()) == []
