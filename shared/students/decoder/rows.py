"""A text read once, and many ways in which it goes on, side by side."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

Ids = Sequence[int]


class Prefix:
    """The beginning that several prompts share, read once; at least one token."""

    def __init__(self, model: PreTrainedModel, ids: Ids) -> None:
        self._model, self._length = model, len(ids)
        past = DynamicCache()
        with torch.inference_mode():
            forward(model, torch.tensor([list(ids)], device=model.device), None, None, past)
        self._layers = [(keys, values) for keys, values, *_ in past]

    def rows(self, count: int) -> Rows:
        """That many continuations; each has its own copy of the keys and values."""
        past = DynamicCache(
            [
                (keys.expand(count, -1, -1, -1), values.expand(count, -1, -1, -1))
                for keys, values in self._layers
            ]
        )
        return Rows(self._model, past, self._length, count)


class Rows:
    """Continuations of one prefix. Shorter ones are filled up on their left by masked columns, so
    that all end in the last column."""

    def __init__(self, model: PreTrainedModel, past: DynamicCache, length: int, count: int) -> None:
        self._model, self._past = model, past
        self._mask = torch.ones(count, length, dtype=torch.long, device=model.device)

    def feed(self, ids: Sequence[Ids]) -> torch.Tensor:
        """Goes on with some tokens in each row, at least one. Returns the log-probabilities of
        the token after them: [rows, vocabulary], float32, on the model's device."""
        longest = max(map(len, ids))
        filled = [[0] * (longest - len(row)) + list(row) for row in ids]
        real = [[0] * (longest - len(row)) + [1] * len(row) for row in ids]
        tokens = torch.tensor(filled, device=self._mask.device)
        self._mask = torch.cat([self._mask, torch.tensor(real, device=self._mask.device)], dim=1)
        positions = (self._mask.cumsum(1) - 1)[:, -longest:]
        with torch.inference_mode():
            logits = forward(self._model, tokens, self._mask, positions, self._past)
        return logits[:, -1].float().log_softmax(-1)

    @property
    def columns(self) -> int:
        return self._mask.shape[1]

    def back(self, columns: int) -> None:
        """Forgets what was fed after there were that many columns."""
        extra = self.columns - columns
        if extra:
            self._past.crop(-extra)
            self._mask = self._mask[:, :columns]

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows go on, in this order."""
        chosen = torch.tensor(list(rows), device=self._mask.device)
        self._past.batch_select_indices(chosen)
        self._mask = self._mask[chosen]


def forward(
    model: PreTrainedModel,
    tokens: torch.Tensor,
    mask: torch.Tensor | None,
    positions: torch.Tensor | None,
    past: DynamicCache,
) -> torch.Tensor:
    """Logits of the last column: [rows, 1, vocabulary]. Adds to the past."""
    given: dict[str, Any] = {
        _past_named_by(type(model).forward): past,
        "attention_mask": mask,
        "position_ids": positions,
    }
    logits: torch.Tensor = model(input_ids=tokens, use_cache=True, logits_to_keep=1, **given).logits
    return logits


@cache
def _past_named_by(forward: Callable[..., object]) -> str:
    """Releases of transformers differ in it."""
    return "cache" if "cache" in inspect.signature(forward).parameters else "past_key_values"
