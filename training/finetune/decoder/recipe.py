"""How a decoder student is trained. The defaults are the published setting."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from training.finetune.selection import Selection


class Recipe(Selection):
    """QLoRA as published (Woo et al. 2024): one epoch, batch 1 x 2 accumulation for each GPU,
    constant learning rate, sequences up to 12,000 tokens, rank 8, alpha 16, all linear layers,
    no bias. Dropout was not published: none.

    max_steps: ends training before `epochs` do. max_length: tokens of prompt and reply;
        max_length_without_gpu: the same on a CPU, where memory and hours are short.
    quantize: "auto" is 4-bit wherever a GPU and bitsandbytes are there; "never" is plain LoRA.
    evidence: the reply carries the quote beside the answer.
    screening_shown, screening_silent: screening questions drawn of each note that it answers,
        and that it does not.
    calibration_questions: at most so many questions on held-out notes choose the thresholds.
    checkpoint_every: steps.
    """

    epochs: float = Field(1, gt=0)
    max_steps: int | None = Field(None, ge=1)
    batch: int = Field(1, ge=1)
    accumulation: int = Field(2, ge=1)
    learning_rate: float = Field(2e-4, gt=0)
    rank: int = Field(8, ge=1)
    alpha: int = Field(16, ge=1)
    dropout: float = Field(0, ge=0, lt=1)
    max_length: int = Field(12_000, ge=128)
    max_length_without_gpu: int = Field(2_048, ge=128)
    quantize: Literal["auto", "never"] = "auto"
    evidence: bool = True
    screening_shown: int = Field(12, ge=0)
    screening_silent: int = Field(12, ge=0)
    calibration_questions: int = Field(1_000, ge=20)
    seed: int = 7
    checkpoint_every: int = Field(200, ge=1)
