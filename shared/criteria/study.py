"""A study: its questions and its criteria (expressions over the questions).

YAML form (studies/apixaban-af.yaml):

    id: apixaban-af
    version: 1
    title: ...
    questions:
      - {id: mi, type: boolean, text: "Has the patient had a myocardial infarction?"}
      - {id: creatinine, type: numeric, unit: mg/dL, text: ..., codes: [...]}
      - {id: male, type: boolean, text: "Is the patient male?", fact: sex-male}
    criteria:
      - id: creatinine
        kind: exclusion            # inclusion | exclusion | risk-factor
        text: Serum creatinine above 2.5 mg/dL
        when: creatinine > 2.5 mg/dL
      - id: pregnancy
        kind: exclusion
        combine: latest            # for every question of the criterion that says nothing else
        when: {holds: pregnant, unless: {any: [male, age > 55 a]}}
      - id: advanced-cad
        kind: risk-factor
        when: {at-least: 2, of: [mi, angina, ischemia, two-cad-drugs]}
      - id: recent-major-bleed
        kind: exclusion
        when: {question: major-bleed, within: 6 months, combine: any, na: "No"}

Criteria of kind risk-factor hold as one: at least one of them must be true. The forms of `when`
are described in shared/criteria/expression.py.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.criteria.consistency import Inconsistent, Located, inconsistencies
from shared.criteria.expression import Combine, Expression, leaves
from shared.criteria.problems import Problem, StudyError, problems_of, read_yaml
from shared.criteria.question import QUESTION_ID_PATTERN, Question
from shared.criteria.window import Within


class CriterionKind(StrEnum):
    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"
    RISK_FACTOR = "risk-factor"


class Criterion(BaseModel):
    """within, combine: for every question of `when` that does not say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=QUESTION_ID_PATTERN)
    kind: CriterionKind
    text: str | None = Field(None, min_length=1, max_length=500)
    within: Within | None = None
    combine: Combine | None = None
    when: Expression

    @property
    def label(self) -> str:
        return self.text or self.id

    @property
    def question_ids(self) -> tuple[str, ...]:
        """The questions of the expression, each once, in order."""
        return tuple(dict.fromkeys(leaf.question_id for leaf in leaves(self.when)))


class Study(BaseModel):
    """One version of a study. Raises pydantic.ValidationError; its messages name the cure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", max_length=64)
    version: int = Field(1, ge=1)
    title: str = Field(min_length=1, max_length=500)
    description: str | None = Field(None, max_length=5000)
    questions: tuple[Question, ...] = Field(min_length=1, max_length=200)
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=200)

    def question(self, question_id: str) -> Question:
        """Raises KeyError."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def criterion(self, criterion_id: str) -> Criterion:
        """Raises KeyError."""
        for criterion in self.criteria:
            if criterion.id == criterion_id:
                return criterion
        raise KeyError(criterion_id)

    @model_validator(mode="before")
    @classmethod
    def _questions_belong_to_the_study(cls, raw: Any) -> Any:
        """The YAML form does not repeat the study's id in each question."""
        if not isinstance(raw, dict) or not isinstance(raw.get("questions"), list | tuple):
            return raw
        questions = [
            {"study": raw.get("id"), **question} if isinstance(question, dict) else question
            for question in raw["questions"]
        ]
        return {**raw, "questions": questions}

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        found: list[Located] = [
            Located(("questions", at), f"question {question.id!r} belongs to {question.study!r}")
            for at, question in enumerate(self.questions)
            if question.study != self.id
        ]
        found += inconsistencies(
            self.questions,
            [(criterion.id, criterion.when, criterion.combine) for criterion in self.criteria],
        )
        if found:
            raise Inconsistent(found)
        return self


def load_study(path: Path) -> Study:
    """Raises StudyError, which names line, field and cure; OSError if the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise StudyError(str(path), [Problem(None, "", "not UTF-8: save it as UTF-8")]) from None
    return parse_study(text, str(path))


def parse_study(text: str, source: str = "study") -> Study:
    """A study from YAML text. Raises StudyError."""
    raw, root = read_yaml(text, source)
    return check_study(raw, source, root)


def check_study(raw: Any, source: str = "study", root: yaml.Node | None = None) -> Study:
    """A study from plain data, as JSON gives it. Raises StudyError."""
    try:
        return Study.model_validate(raw)
    except ValidationError as error:
        raise StudyError(source, problems_of(error, raw, root)) from None
    except RecursionError:
        raise StudyError(source, [Problem(None, "criteria", "nested too deeply")]) from None
