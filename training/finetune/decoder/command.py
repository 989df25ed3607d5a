"""From a dataset to the folder of a decoder student."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

from accelerate import PartialState
from transformers import AutoConfig, AutoTokenizer

from shared.students.decoder.transformers import TransformersStudent
from shared.students.version import CARD
from training.dataset import Dataset
from training.finetune.decoder.bases import Base, find_base
from training.finetune.decoder.calibrate import calibrate, read_held_out
from training.finetune.decoder.checkpoints import claim
from training.finetune.decoder.export import (
    calibrated,
    card,
    describe,
    put_in_place,
    write_adapter,
)
from training.finetune.decoder.means import means_here
from training.finetune.decoder.prepare import prepare
from training.finetune.decoder.recipe import Recipe
from training.finetune.decoder.train import configuration, quiet, train
from training.progress import Say
from training.registry import RegistryEntry, StudentDescription, read_entry, write_description


def train_decoder(
    name: str,
    base: str | Path,
    dataset: Dataset,
    out: Path,
    work: Path,
    recipe: Recipe,
    say: Say,
) -> RegistryEntry:
    """Trains, exports, calibrates; puts the finished student into `out`.

    name: the student's. base: see `find_base`. dataset: as `select` left it. work: keeps the
    checkpoints; the same call resumes from them.
    Raises UnfitDatasetError, BaseModelError, CheckpointError.
    """
    quiet()
    recipe = recipe.model_copy(update={"evidence": recipe.evidence and dataset.evidence})
    means = means_here(recipe)
    config = configuration(recipe, means, work)
    first = config.process_index == 0
    say = say if first else _silent
    work.mkdir(parents=True, exist_ok=True)
    with config.main_process_first(local=False):
        found = find_base(base, work)
    means = means.within(AutoConfig.from_pretrained(found.folder).max_position_embeddings)
    say(f"{name}: {means.said()}, base {found.name} in {found.folder}")
    tokenizer = AutoTokenizer.from_pretrained(found.folder)
    examples = work / "examples.jsonl"
    prepared = None
    with config.main_process_first(local=False):
        if first:
            claim(
                Path(str(config.output_dir)), _identity(dataset, recipe, found, config.world_size)
            )
            shutil.rmtree(work / "cache", ignore_errors=True)  # of a start that was cut short
            prepared = prepare(dataset, tokenizer, recipe, means, examples, say)
            say(f"{len(dataset.train)} training notes: {prepared.said()}")
    model, measured = train(found.folder, tokenizer, examples, config, recipe, means, say)
    folder = out.with_name(f".{out.name}.partial")
    if first:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_adapter(model, tokenizer, found, folder)
    del model  # its memory: the engine loads the base model anew
    gc.collect()
    if prepared is not None:
        about = describe(name, found, dataset, recipe, means, prepared, measured)
        finish(folder, about, found, dataset, recipe, say)
        put_in_place(folder, out)
        examples.unlink()
        shutil.rmtree(work / "cache", ignore_errors=True)
    PartialState().wait_for_everyone()
    return read_entry(out)


def finish(
    folder: Path,
    about: StudentDescription,
    base: Base,
    dataset: Dataset,
    recipe: Recipe,
    say: Say,
) -> None:
    """Describes the exported student and chooses temperatures and thresholds with the engine of
    the services."""
    write_description(folder, about)
    say(f"chooses thresholds on {len(dataset.held_out)} held-out notes")
    student = TransformersStudent(folder, base.folder)
    final = calibrated(about, calibrate(read_held_out(student, dataset, recipe, say)))
    write_description(folder, final)
    (folder / CARD).write_text(card(final), encoding="utf-8")


def _identity(dataset: Dataset, recipe: Recipe, base: Base, processes: int) -> dict[str, object]:
    return {
        "recipe": recipe.model_dump(mode="json") | {"items": sorted(recipe.items)},
        "dataset": dataset.hash,
        "base": base.hash,
        "processes": processes,
    }


def _silent(_: str) -> None:
    """The other processes of a training on several GPUs."""
