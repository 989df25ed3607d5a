"""A small study, a small folder and an engine that answers from a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.criteria.question import AnswerType, Question
from shared.criteria.study import Study, parse_study
from shared.students.interface import Answer, Standing, Verdict

STUDY = """
id: s
title: A study
questions:
  - {id: aspirin, type: boolean, text: "Aspirin?"}
  - {id: clopidogrel, type: boolean, text: "Clopidogrel?"}
  - {id: creatinine, type: numeric, unit: mg/dL, text: "Creatinine?"}
criteria:
  - {id: dual, kind: exclusion, when: {all: [aspirin, clopidogrel]}}
  - {id: renal, kind: exclusion, when: creatinine > 2.5 mg/dL}
  - {id: no-aspirin, kind: inclusion, when: {question: aspirin, na: "No"}}
"""

QUESTIONS: list[dict[str, Any]] = [
    {"study": "s", "id": "dual", "type": "boolean", "question": "Both?"},
    {"study": "s", "id": "creatinine", "type": "numeric", "unit": "mg/dL", "question": "Creat?"},
    {"id": "asthma", "type": "boolean", "question": "Asthma?"},
]
NOTES = [
    {"id": "N1", "text": "Takes aspirin and clopidogrel. Creatinine 1.2."},
    {"id": "N2", "text": "Takes aspirin. No clopidogrel. No asthma."},
    {"id": "N3", "text": ""},
]
KEYS: list[dict[str, Any]] = [
    {"id": "N1", "answers": {"dual": ["Yes", ""], "creatinine": ["1.2", ""]}},
    {"id": "N2", "answers": {"dual": ["No", ""], "asthma": ["No", ""]}, "disputed": ["creatinine"]},
    {"id": "N3", "answers": {}},
]


class WordEngine:
    """Yes where the question's word stands in the note, No after "No ", NA elsewhere; a number is
    the word after it."""

    version = "words-1"

    def __init__(self, standing: Standing = Standing.ANSWERED) -> None:
        self.standing = standing

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        return [self._answer(text, question) for question in questions]

    def _answer(self, text: str, question: Question) -> Answer:
        word = question.text.rstrip("?").lower()
        at = text.lower().find(word)
        if at < 0:
            return Answer(question=question.key, verdict=Verdict.NA, confidence=0.9)
        claim: dict[str, Any] = {
            "question": question.key,
            "standing": self.standing,
            "quote": text[at : at + len(word)],
            "offset": at,
            "length": len(word),
            "confidence": 0.8,
        }
        if question.type is AnswerType.NUMERIC:
            number = float(text[at + len(word) :].split(maxsplit=1)[0].rstrip("."))
            return Answer(verdict=Verdict.NUMBER, number=number, unit=question.unit, **claim)
        denied = text[:at].endswith("No ")
        return Answer(verdict=Verdict.NO if denied else Verdict.YES, **claim)


@pytest.fixture
def study() -> Study:
    return parse_study(STUDY)


@pytest.fixture
def engine() -> WordEngine:
    return WordEngine()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "notes.jsonl").write_text(lines(NOTES))
    (path / "questions.json").write_text(json.dumps(QUESTIONS))
    (path / "key.jsonl").write_text(lines(KEYS))
    return path


def lines(records: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
