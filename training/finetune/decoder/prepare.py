"""From the chosen notes to the file of prompts and completions that is trained on.

The file holds text of notes. It lies in the work folder and is removed when training is over.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from training.dataset import Dataset
from training.finetune.decoder.examples import Example, draw_examples
from training.finetune.decoder.fitting import Fitter
from training.finetune.decoder.means import Means
from training.finetune.decoder.recipe import Recipe
from training.finetune.selection import UnfitDatasetError
from training.progress import Say

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

EXAMPLES_BETWEEN_LINES = 10_000
TOO_LONG = "longer than the sequence"


@dataclass(frozen=True)
class Prepared:
    """cut: examples whose note was cut to a window. dropped: reason -> how many."""

    examples: int
    cut: int
    dropped: dict[str, int]

    def said(self) -> str:
        dropped = ", ".join(f"{count} {reason}" for reason, count in self.dropped.items())
        return f"{self.examples} examples, {self.cut} on a part of their note" + (
            f"; dropped: {dropped}" if dropped else ""
        )


def prepare(
    dataset: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    means: Means,
    file: Path,
    say: Say,
) -> Prepared:
    """Writes `file`, one example a line. Raises UnfitDatasetError: not one example is left."""
    drawn = draw_examples(dataset.train, dataset.screening, recipe)
    fitter = Fitter(tokenizer, means.max_length, recipe.seed)
    prepared = write_examples(drawn.examples, fitter, drawn.dropped, file, say)
    if not prepared.examples:
        raise UnfitDatasetError(
            f"nothing to train on: {prepared.said()}. The sequence has {means.max_length} tokens; "
            "a longer max_length keeps more"
        )
    return prepared


def write_examples(
    examples: Iterable[Example], fitter: Fitter, dropped: Counter[str], file: Path, say: Say
) -> Prepared:
    """Each line has `prompt` and `completion` as chat messages."""
    dropped = Counter(dropped)
    count = windows = 0
    with file.open("w", encoding="utf-8") as lines:
        for example in examples:
            fitted = fitter.fit(example)
            if fitted is None:
                dropped[TOO_LONG] += 1
                continue
            text, was_cut = fitted
            count += 1
            windows += was_cut
            row = {
                "prompt": fitter.prompt(text, example.question),
                "completion": [{"role": "assistant", "content": example.reply}],
            }
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            if count % EXAMPLES_BETWEEN_LINES == 0:
                say(f"{count} examples made")
    return Prepared(count, windows, dict(dropped))
