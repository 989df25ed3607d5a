"""What the machine at hand allows."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from typing import Literal

from training.finetune.decoder.recipe import Recipe


@dataclass(frozen=True)
class Means:
    """max_length: tokens of prompt and reply together. quantized: NF4 with double quantisation."""

    gpu: bool
    quantized: bool
    max_length: int

    @property
    def optimizer(self) -> Literal["paged_adamw_8bit", "adamw_torch"]:
        return "paged_adamw_8bit" if self.quantized else "adamw_torch"

    def within(self, positions: int | None) -> Means:
        """positions: how many tokens the base model can read; None: not known."""
        if positions is None or positions >= self.max_length:
            return self
        return replace(self, max_length=positions)

    def said(self) -> str:
        if self.quantized:
            how = "QLoRA (NF4, double quantisation, bf16), paged 8-bit AdamW"
        else:
            how = f"plain LoRA in bf16 on the {'GPU' if self.gpu else 'CPU'}, AdamW"
        return f"{how}, sequences up to {self.max_length} tokens"


def choose_means(recipe: Recipe, *, gpu: bool, bitsandbytes: bool) -> Means:
    longest = recipe.max_length
    if not gpu:
        longest = min(longest, recipe.max_length_without_gpu)
    return Means(gpu, gpu and bitsandbytes and recipe.quantize == "auto", longest)


def means_here(recipe: Recipe) -> Means:
    import torch

    return choose_means(
        recipe,
        gpu=torch.cuda.is_available(),
        bitsandbytes=importlib.util.find_spec("bitsandbytes") is not None,
    )
