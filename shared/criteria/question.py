"""A question: what the student is asked of one note."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

QUESTION_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9.-]*$"


class AnswerType(StrEnum):
    BOOLEAN = "boolean"
    NUMERIC = "numeric"


class Coding(BaseModel):
    """A LOINC or SNOMED CT code of the question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    code: str
    display: str | None = None


class Fact(StrEnum):
    """What the Patient resource says without a model; where it says so, it wins over the notes.

    ENGLISH: a listed English proves that it is spoken, another language proves nothing.
    """

    SEX_MALE = "sex-male"
    SEX_FEMALE = "sex-female"
    AGE = "age"
    ENGLISH = "english"


class Question(BaseModel):
    """Free text, answer type and, for numbers, the UCUM unit the answer is wanted in.

    key: `study/question id`, e.g. `apixaban-af/creatinine`; code of the question in ChartSift's
        CodeSystem and part of every Observation's identity. Rewording keeps the key.
    fact: the structured fact that answers it in screening, if the patient has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    id: str = Field(pattern=QUESTION_ID_PATTERN, max_length=64)
    text: str = Field(min_length=1, max_length=500)
    type: AnswerType
    unit: str | None = None
    codes: tuple[Coding, ...] = ()
    fact: Fact | None = None

    @property
    def key(self) -> str:
        return f"{self.study}/{self.id}"

    @model_validator(mode="after")
    def _unit_for_numbers_only(self) -> Question:
        if (self.type is AnswerType.NUMERIC) != (self.unit is not None):
            raise ValueError(
                f"question {self.id!r}: numeric questions need a UCUM unit, others have none"
            )
        return self
