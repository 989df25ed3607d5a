"""What of the encoder's recipe a run can set, checked before anything heavy is loaded."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from training.finetune.selection import Selection


class EncoderOverrides(Selection):
    """None: the recipe's own (`training.finetune.encoder.train.Recipe`)."""

    epochs: int | None = Field(None, ge=1)
    screening_from: int | None = Field(None, ge=0)
    learning_rate: float | None = Field(None, gt=0)
    warmup: int | None = Field(None, ge=1)
    weight_decay: float | None = Field(None, ge=0)
    passages: int | None = Field(None, ge=1)
    seed: int | None = None
    checkpoint_every: int | None = Field(None, ge=1)

    def chosen(self) -> dict[str, Any]:
        """The recipe's fields that were set."""
        return self.model_dump(exclude=set(Selection.model_fields), exclude_none=True)
