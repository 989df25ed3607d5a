"""Presets, what a run can override, and which part of a dataset is trained on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from training.dataset import Dataset, ItemType
from training.finetune import PRESETS, RecipeError, Selection, UnfitDatasetError
from training.finetune.presets import find_preset, override
from training.finetune.selection import select


@pytest.mark.parametrize("name", ["llama-3.1-8b", "llama-3.2-3b", "llama-3.2-1b", "smollm2-135m"])
def test_every_decoder_has_the_published_recipe(name):
    recipe = PRESETS[name].recipe
    assert (recipe.epochs, recipe.batch, recipe.accumulation) == (1, 1, 2)
    assert (recipe.rank, recipe.alpha, recipe.learning_rate) == (8, 16, 2e-4)
    assert recipe.max_length == 12_000


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(RecipeError, match=r"llama-9.*there are: llama-3\.1-8b"):
        find_preset("llama-9")


def test_fields_of_a_recipe_are_set_anew_as_yaml_gives_them():
    recipe = override(PRESETS["smollm2-135m"].recipe, {"max_steps": 60, "items": ["boolean"]})
    assert recipe.max_steps == 60
    assert recipe.items == {ItemType.BOOLEAN}
    assert recipe.rank == 8


@pytest.mark.parametrize(
    ("preset", "overrides", "field"),
    [
        ("smollm2-135m", {"max_step": 60}, "max_step:"),
        ("smollm2-135m", {"epochs": 0}, "epochs:"),
        ("encoder", {"rank": 4}, "rank:"),
        ("encoder", {"items": ["poem"]}, "items"),
    ],
)
def test_an_override_that_does_not_fit_is_named(preset, overrides, field):
    with pytest.raises(RecipeError, match=field):
        override(PRESETS[preset].recipe, overrides)


def test_the_whole_dataset_keeps_its_hash_and_a_part_has_another(teacher_note):
    whole = dataset(teacher_note)
    assert select(whole, Selection()) == whole
    part = select(whole, Selection(items=frozenset({ItemType.BOOLEAN})))
    assert part.hash != whole.hash
    assert {item.type for note in part.train for item in note.items} == {ItemType.BOOLEAN}


def test_a_dataset_without_held_out_notes_is_refused(teacher_note):
    with pytest.raises(UnfitDatasetError, match="no held-out note"):
        select(Dataset((teacher_note(),), (), {}, "h"), Selection())


def test_a_dataset_with_one_answer_only_is_refused(teacher_note):
    with pytest.raises(UnfitDatasetError, match="every item's answer is NA"):
        select(dataset(teacher_note), Selection(items=frozenset({ItemType.NA_BOOLEAN})))


def test_the_presets_are_known_without_torch():
    code = "import sys, training.finetune; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def dataset(teacher_note) -> Dataset:
    return Dataset((teacher_note(),), (teacher_note(id="T-2"),), {}, "h")
