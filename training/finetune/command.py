"""One call for every kind of student."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from training.dataset import Dataset
from training.finetune.decoder.recipe import Recipe
from training.finetune.encoder.overrides import EncoderOverrides
from training.finetune.presets import find_preset, override
from training.finetune.selection import select
from training.progress import Say
from training.registry import RegistryEntry


def finetune(
    preset: str,
    dataset: Dataset,
    out: Path,
    work: Path,
    say: Say,
    overrides: Mapping[str, object] = {},
    base: Path | str | None = None,
) -> RegistryEntry:
    """Trains the preset's student and writes it into `out`; the same call goes on from the
    checkpoints in `work`.

    overrides: fields of the preset's recipe. base: folder (for a decoder also a name on the
    Hugging Face hub) of another base model.
    Raises ValueError: unknown preset or field, a dataset nothing can be learned from, a base model
    that is not there. RuntimeError: a checkpoint that could not be written, or of another training.
    """
    chosen = find_preset(preset)
    recipe = override(chosen.recipe, overrides)
    part = select(dataset, recipe)
    # Imported here: the base installation has no torch, and the encoder needs no peft.
    if isinstance(recipe, Recipe):
        from training.finetune.decoder.command import train_decoder

        return train_decoder(preset, base or chosen.base, part, out, work, recipe, say)
    from training.finetune.encoder import command
    from training.finetune.encoder.train import Recipe as EncoderRecipe

    assert isinstance(recipe, EncoderOverrides)
    own = replace(EncoderRecipe(), **recipe.chosen())
    return command.train_encoder(part, out, work, own, say, Path(base) if base else None)
