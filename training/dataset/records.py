"""One note with its question-answer items, as the teacher wrote them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.criteria.question import AnswerType, Question
from shared.students.interface import Verdict

NUMBER = re.compile(r"-?\d+(\.\d+)?")
DIMENSIONLESS = "1"  # UCUM


class ItemType(StrEnum):
    """The method's four question types; the na- types are what the note cannot answer."""

    BOOLEAN = "boolean"
    NUMERIC = "numeric"
    NA_BOOLEAN = "na-boolean"
    NA_NUMERIC = "na-numeric"

    @property
    def answer_type(self) -> AnswerType:
        if self in (ItemType.BOOLEAN, ItemType.NA_BOOLEAN):
            return AnswerType.BOOLEAN
        return AnswerType.NUMERIC


class TeacherItem(BaseModel):
    """A question with the teacher's answer.

    answer: "Yes", "No", "NA", or a number as a string, in `unit` (UCUM).
    quote: verbatim evidence, one contiguous span of the note; empty for NA.
    difficulty: 1 (lookup) to 10 (inference over the whole note), in the teacher's opinion.
    also: the same question in other words; training draws one wording at each step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=1)
    also: tuple[str, ...] = ()
    type: ItemType
    answer: str
    unit: str | None = None
    quote: str = ""
    section: str | None = None
    difficulty: int | None = Field(None, ge=1, le=10)
    explanation: str | None = None

    @field_validator("unit")
    @classmethod
    def _no_empty_unit(cls, unit: str | None) -> str | None:
        return unit or None

    @model_validator(mode="after")
    def _answer_fits_type(self) -> Self:
        fits = {
            ItemType.BOOLEAN: self.answer in ("Yes", "No"),
            ItemType.NUMERIC: NUMBER.fullmatch(self.answer) is not None,
            ItemType.NA_BOOLEAN: self.answer == "NA",
            ItemType.NA_NUMERIC: self.answer == "NA",
        }
        if not fits[self.type]:
            raise ValueError(f"answer {self.answer!r} does not fit type {self.type.value!r}")
        return self

    @property
    def verdict(self) -> Verdict:
        return Verdict.NUMBER if self.type is ItemType.NUMERIC else Verdict(self.answer)

    @property
    def number(self) -> float | None:
        return float(self.answer) if self.type is ItemType.NUMERIC else None

    def as_question(self, study: str, number: int) -> Question:
        """The item as a question to a student; its id is `item-<number>`.

        A numeric item without a unit is asked in UCUM's "1".
        """
        numeric = self.type.answer_type is AnswerType.NUMERIC
        return Question(
            study=study,
            id=f"item-{number}",
            text=self.question,
            type=self.type.answer_type,
            unit=(self.unit or DIMENSIONLESS) if numeric else None,
        )


class TeacherNote(BaseModel):
    """A note and its items. `patient_id` is what splits go by; without one the note stands for
    a patient of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    patient_id: str = ""
    note_type: str | None = None
    specialty: str | None = None
    text: str = Field(min_length=1)
    items: tuple[TeacherItem, ...]

    @model_validator(mode="before")
    @classmethod
    def _own_patient(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("patient_id"):
            return {**data, "patient_id": data.get("id", "")}
        return data
