"""From a dataset folder to a student that the services can open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from shared.criteria.question import Question
from shared.students.decoder.description import base_hash, read_description
from shared.students.decoder.transformers import TransformersStudent
from shared.students.interface import Verdict
from training.dataset import read_dataset
from training.finetune import UnfitDatasetError, finetune
from training.finetune.decoder import command
from training.finetune.decoder.bases import BaseModelError
from training.finetune.decoder.checkpoints import CheckpointError
from training.registry import read_entry

OVERRIDES = {
    "max_steps": 4,
    "checkpoint_every": 2,
    "learning_rate": 5e-3,
    "calibration_questions": 20,
}


@pytest.fixture(scope="module")
def student(base, dataset, tmp_path_factory):
    """The entry, the work folder, and what was said."""
    folder = tmp_path_factory.mktemp("student")
    said: list[str] = []
    out, work = folder / "student", folder / "work"
    entry = finetune("smollm2-135m", dataset, out, work, said.append, OVERRIDES, base)
    return entry, work, said


def test_the_student_opens_in_the_engine_and_answers_with_real_quotes(student, base, dataset):
    entry, _, _ = student
    engine = TransformersStudent(entry.folder, base)
    assert engine.version == entry.version == read_entry(entry.folder).version
    assert entry.version.startswith("decoder-")
    text = dataset.held_out[0].text
    questions = [
        Question(study="s", id="q", text="Does the patient smoke?", type="boolean"),
        Question(study="s", id="n", text="How old is the patient?", type="numeric", unit="a"),
    ]
    answers = engine.answer(text, questions)
    assert [a.question for a in answers] == ["s/q", "s/n"]
    for answer in answers:
        if answer.quote is not None:
            assert text[answer.offset : answer.offset + answer.length] == answer.quote


def test_the_description_says_how_it_came_about(student, base, dataset):
    entry, _, _ = student
    about = json.loads((entry.folder / "student.json").read_text())
    assert about["name"] == "smollm2-135m"
    assert (about["base"], about["base_hash"]) == (base.name, base_hash(base))
    assert about["dataset"]["hash"] == dataset.hash
    assert about["recipe"]["max_steps"] == 4 and about["recipe"]["rank"] == 8
    assert about["recipe"]["quantized"] is False
    assert about["metrics"]["training"]["steps"] == 4
    assert about["metrics"]["training"]["tokens_per_second"] > 0
    assert "three_class_balanced_accuracy" in about["metrics"]
    thresholds = read_description(entry.folder).thresholds
    assert set(thresholds) == {Verdict.YES, Verdict.NO, Verdict.NUMBER}
    assert all(0 < t.review <= t.answer < 1 for t in thresholds.values())


def test_the_folder_holds_adapter_tokenizer_and_card_and_no_path_of_the_machine(student, base):
    entry, _, _ = student
    names = {file.name for file in entry.folder.iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"} <= names
    assert {"student.json", "README.md"} <= names
    texts = [file.read_text() for file in entry.folder.glob("*.json")]
    assert not any(str(base.parent) in text for text in texts)
    assert "no claim of accuracy" in (entry.folder / "README.md").read_text()


def test_no_text_of_a_note_is_left_behind_or_said(student, dataset):
    _, work, said = student
    assert not any(note.text in line for note in dataset.train for line in said)
    files = [file for file in work.rglob("*") if file.is_file()]
    assert files and not any(b"Diabetes mellitus" in file.read_bytes() for file in files)


def test_what_the_machine_could_not_do_as_published_is_said(student):
    _, _, said = student
    assert any("plain LoRA in bf16 on the CPU" in line for line in said)


def test_a_crash_while_thresholds_are_chosen_leaves_the_student_that_was_there(
    student, base, dataset, tmp_path, monkeypatch
):
    class Crash(Exception):
        pass

    def crash(*_):
        raise Crash

    out, work = tmp_path / "student", tmp_path / "work"
    first = finetune("smollm2-135m", dataset, out, work, print, OVERRIDES, base)
    monkeypatch.setattr(command, "read_held_out", crash)
    with pytest.raises(Crash):
        finetune("smollm2-135m", dataset, out, work, print, OVERRIDES, base)
    assert read_entry(out).version == first.version
    monkeypatch.undo()
    said: list[str] = []
    again = finetune("smollm2-135m", dataset, out, work, said.append, OVERRIDES, base)
    assert "the training ended before, with step 4" in said
    adapters = [load_file(entry.folder / "adapter_model.safetensors") for entry in (first, again)]
    assert all((adapters[0][name] == adapters[1][name]).all() for name in adapters[0])


def test_checkpoints_of_another_recipe_are_refused(student, base, dataset):
    entry, work, _ = student
    other = {**OVERRIDES, "rank": 4}
    with pytest.raises(CheckpointError, match="differs in: recipe"):
        finetune("smollm2-135m", dataset, entry.folder, work, print, other, base)
    assert read_entry(entry.folder).version == entry.version


def test_sequences_too_short_for_any_example_are_refused(base, dataset, tmp_path):
    short = {**OVERRIDES, "max_length": 200}
    with pytest.raises(UnfitDatasetError, match="longer than the sequence"):
        finetune("smollm2-135m", dataset, tmp_path / "s", tmp_path / "w", print, short, base)


def test_a_base_model_that_is_not_there_is_named_with_the_cure(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BaseModelError, match=r"nobody/nothing.*name its folder as the base"):
        finetune(
            "llama-3.2-1b", dataset, tmp_path / "s", tmp_path / "w", print, {}, "nobody/nothing"
        )


def test_two_processes_train_one_student(base, dataset_folder, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\n"
        "from training.dataset import read_dataset\nfrom training.finetune import finetune\n"
        "data, out, work, base = map(Path, sys.argv[1:])\n"
        f"finetune('smollm2-135m', read_dataset(data), out, work, print, {OVERRIDES!r}, base)\n"
    )
    # What `accelerate launch --multi_gpu` starts too; its own launcher wants MPI for CPUs.
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launch += ["--rdzv_backend", "c10d", "--rdzv_endpoint", "localhost:0"]
    paths = [dataset_folder, tmp_path / "student", tmp_path / "work", base]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [*launch, str(script), *map(str, paths)],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("chooses thresholds") == 1
    about = json.loads((tmp_path / "student/student.json").read_text())
    assert about["metrics"]["training"]["steps"] == 4
    alone = len(read_dataset(dataset_folder).train)
    assert about["dataset"]["training_notes"] == alone
