"""Training of students: `finetune` with one of the PRESETS. Needs torch only when called."""

from training.finetune.command import finetune
from training.finetune.presets import PRESETS, Preset, RecipeError
from training.finetune.selection import Selection, UnfitDatasetError

__all__ = ["PRESETS", "Preset", "RecipeError", "Selection", "UnfitDatasetError", "finetune"]
