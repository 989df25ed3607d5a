"""How a dataset is cleaned, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from training.dataset.check import MOST_QUOTE_WORDS
from training.dataset.records import ItemType
from training.dataset.subsets import Subset


class Reason(StrEnum):
    """Why an item was dropped. Items that could not even be read are counted under the reader's
    own words, which begin with "reply: "."""

    MISFIT = "does not fit its type"
    NO_QUOTE = "answer without a quote"
    QUOTE_NOT_FOUND = "quote not in the note"
    QUOTE_TOO_LONG = "quote too long"
    NA_WITH_QUOTE = "NA with a quote"
    DUPLICATE = "question asked twice"
    CONTRADICTION = "question asked twice with different answers"
    DIFFICULTY = "too easy"
    NOT_IN_SUBSET = "type not in the subset"
    DISAGREED = "teacher did not repeat its answer"
    SURPLUS = "beyond the number wanted of its type"
    NOTE_REPEATED = "same note text under another id"


class CleaningSettings(BaseModel):
    """least_difficulty: an item must be rated at least so difficult (1 to 9); above 1, an item
        without a rating is dropped too.
    balanced: as many items of each type of the subset as there are of the rarest.
    most_items: of all types together.
    seed: of which items are left out by the last two.
    similar: least likeness of two questions that are taken for one (rapidfuzz ratio, 0 to 100).
    rough_quotes: a quote that is found only roughly is replaced by the real text, instead of the
        item being dropped.
    held_out, test, salt: see `training.dataset.split`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    subset: Subset = Subset.ALL
    least_difficulty: int = Field(1, ge=1, le=9)
    balanced: bool = True
    most_items: int | None = Field(None, ge=4)
    seed: int = 0
    similar: float = Field(90.0, ge=50, le=100)
    rough_quotes: bool = False
    most_quote_words: int = Field(MOST_QUOTE_WORDS, ge=1)
    held_out: float = Field(0.1, ge=0, lt=1)
    test: float = Field(0.0, ge=0, lt=1)
    salt: str = ""

    @model_validator(mode="after")
    def _something_to_train_on(self) -> Self:
        if self.held_out + self.test >= 1:
            raise ValueError("held_out and test together must be less than 1")
        return self


class Side(BaseModel):
    """One side of the split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patients: int
    notes: int
    items: dict[ItemType, int]


class CleaningReport(BaseModel):
    """items_read = items_kept + the sum of `dropped`.

    dropped: reason -> items. quotes_mended: quotes replaced by the note's own text, for they
    differed from it in spaces or case (or more, see `rough_quotes`).
    hash: of the dataset, as `read_dataset` gives it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    notes_read: int
    notes_kept: int
    items_read: int
    items_kept: int
    dropped: dict[str, int]
    quotes_mended: int
    asked_again: bool
    train: Side
    held_out: Side
    test: Side
    hash: str
