"""The trainer for real, on a model of two layers: learning, resuming, a full disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from training.finetune.decoder.checkpoints import CheckpointError, whole_ones
from training.finetune.decoder.means import means_here
from training.finetune.decoder.prepare import prepare
from training.finetune.decoder.recipe import Recipe
from training.finetune.decoder.train import Measured, configuration, make_trainer, quiet, train
from training.finetune.selection import select

RECIPE = Recipe(max_steps=20, checkpoint_every=6, learning_rate=5e-3)


@dataclass
class Run:
    model: PeftModel
    measured: Measured
    said: list[str]


@pytest.fixture(scope="module")
def start(base, tokenizer, dataset):
    """Trains in a work folder; `also` is called with each line that is said."""

    def run(work: Path, also=lambda line: None, recipe: Recipe = RECIPE) -> Run:
        quiet()
        work.mkdir(exist_ok=True)
        means = means_here(recipe)
        prepare(select(dataset, recipe), tokenizer, recipe, means, work / "examples.jsonl", print)
        said: list[str] = []

        def say(line: str) -> None:
            said.append(line)
            also(line)

        config = configuration(recipe, means, work)
        model, measured = train(
            base, tokenizer, work / "examples.jsonl", config, recipe, means, say
        )
        return Run(model, measured, said)

    return run


@pytest.fixture(scope="module")
def uninterrupted(start, tmp_path_factory) -> Run:
    return start(tmp_path_factory.mktemp("uninterrupted"))


def weights(run: Run) -> dict[str, torch.Tensor]:
    return {name: p.detach() for name, p in run.model.named_parameters() if "lora_" in name}


def losses(run: Run) -> list[float]:
    return [float(line.split("loss ")[1].split()[0]) for line in run.said if "loss " in line]


def test_the_loss_falls_and_the_adapter_leaves_the_base(uninterrupted):
    first, *_, last = losses(uninterrupted)
    assert last < first
    grown = [p for name, p in weights(uninterrupted).items() if "lora_B" in name]
    assert len(grown) == 14  # seven linear layers, twice
    assert all(p.abs().max() > 0 for p in grown)


def test_time_tokens_and_memory_are_measured(uninterrupted):
    measured = uninterrupted.measured
    assert measured.steps == 20
    assert measured.tokens > 20 * 2 * 300
    assert measured.seconds > 0 and measured.tokens_per_second > 0
    assert measured.peak_bytes > 2**20


def test_the_loss_is_on_the_reply_and_its_end_alone(base, tokenizer, dataset, tmp_path):
    means = means_here(RECIPE)
    prepare(dataset, tokenizer, RECIPE, means, tmp_path / "examples.jsonl", print)
    config = configuration(RECIPE, means, tmp_path)
    trainer = make_trainer(base, tokenizer, tmp_path / "examples.jsonl", config, RECIPE, means)
    replies = set()
    for row in trainer.train_dataset:
        pairs = zip(row["input_ids"], row["labels"], strict=True)
        replies.add(tokenizer.decode([id for id, label in pairs if label >= 0]))
    assert '{"answer": "No", "quote": "Never smoked."}<|im_end|>\n' in replies
    assert all(reply.startswith('{"answer"') for reply in replies)


def test_a_killed_training_ends_where_an_uninterrupted_one_ends(start, uninterrupted, tmp_path):
    class Killed(Exception):
        pass

    def die(line: str) -> None:
        if line.startswith("step 10/"):
            raise Killed

    with pytest.raises(Killed):
        start(tmp_path, die)
    resumed = start(tmp_path)
    assert "goes on after step 6" in resumed.said
    assert resumed.measured.steps == 20
    assert resumed.measured.tokens == uninterrupted.measured.tokens
    for name, value in weights(uninterrupted).items():
        torch.testing.assert_close(weights(resumed)[name], value, atol=1e-4, rtol=1e-3)


def test_a_finished_training_does_not_go_on(start, tmp_path):
    recipe = RECIPE.model_copy(update={"max_steps": 2})
    first = start(tmp_path, recipe=recipe)
    again = start(tmp_path, recipe=recipe)
    assert again.measured.steps == 2
    for name, value in weights(first).items():
        torch.testing.assert_close(weights(again)[name], value)


@pytest.mark.parametrize("file", ["optimizer.pt", "trainer_state.json"])
def test_a_disk_that_is_full_while_saving_leaves_the_last_good_checkpoint(start, tmp_path, file):
    def fill_the_disk(line: str) -> None:
        if line.startswith("step 10/"):
            broken = tmp_path / "checkpoints/checkpoint-12"
            broken.mkdir()
            (broken / file).symlink_to("/dev/full")  # what is written there fails with ENOSPC

    with pytest.raises(CheckpointError, match=r"step 12 .*step 6 is whole.*Free some space"):
        start(tmp_path, fill_the_disk)
    assert [progress.step for _, progress in whole_ones(tmp_path / "checkpoints")] == [6]
    assert not (tmp_path / "checkpoints/checkpoint-12").exists()
    assert "goes on after step 6" in start(tmp_path).said
