"""The shipped studies, and the replay of the sample hospital's key through their rules."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.criteria.question import AnswerType
from shared.criteria.shipped import shipped_studies
from shared.criteria.study import CriterionKind, Study
from shared.eligibility import NotedAnswer, PatientFacts, as_whole_questions, screen
from shared.students.interface import Answer, Verdict

HOSPITAL = Path(__file__).parents[4] / "infra" / "sample-hospital"
AS_OF = date(2026, 10, 31)


def lines(name: str) -> list[dict[str, Any]]:
    text = (HOSPITAL / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def shipped(study_id: str) -> Study:
    return next(study for study in shipped_studies() if study.id == study_id)


@pytest.mark.parametrize(("study_id", "criteria"), [("apixaban-af", 23), ("n2c2-2018", 13)])
def test_every_listed_question_is_a_criterion(study_id: str, criteria: int) -> None:
    study = shipped(study_id)
    listed = [
        q for q in json.loads((HOSPITAL / "questions.json").read_text()) if q["study"] == study_id
    ]

    assert len(listed) == len(study.criteria) == criteria
    for question in listed:
        assert study.criterion(question["id"])
        if question["type"] == "numeric":
            own = study.question(question["id"])
            assert (own.type, own.unit) == (AnswerType.NUMERIC, question["unit"])
            assert own.text == question["question"]


def test_a_note_is_asked_no_more_than_forty_questions_for_the_apixaban_study() -> None:
    assert len(shipped("apixaban-af").questions) <= 40


def test_every_question_of_a_shipped_study_serves_a_criterion() -> None:
    for study in shipped_studies():
        used = {id for criterion in study.criteria for id in criterion.question_ids}
        assert used == {question.id for question in study.questions}


def test_apixaban_has_risk_factors_that_hold_as_one() -> None:
    kinds = [criterion.kind for criterion in shipped("apixaban-af").criteria]

    assert kinds.count(CriterionKind.RISK_FACTOR) == 5


def key_answers(study: Study, mrn: str) -> list[NotedAnswer]:
    """The key as the answers of a reader who is asked each criterion whole."""
    key = {line["id"]: line["answers"] for line in lines("key.jsonl")}
    return [
        NotedAnswer(
            note["id"],
            datetime.fromisoformat(note["date"]),
            key_answer(question.key, question.unit, key[note["id"]].get(question.id)),
        )
        for note in lines("notes.jsonl")
        if note["mrn"] == mrn
        for question in study.questions
    ]


def key_answer(question: str, unit: str | None, said: list[str] | None) -> Answer:
    if said is None:
        return Answer(question=question, verdict=Verdict.NA, confidence=1)
    if unit is None:
        return Answer(question=question, verdict=Verdict(said[0]), confidence=1)
    number = float(said[0])
    return Answer(question=question, verdict=Verdict.NUMBER, number=number, unit=unit, confidence=1)


@pytest.mark.parametrize("patient", lines("patients.jsonl"), ids=lambda patient: patient["mrn"])
def test_replayed_key_gives_the_intended_outcome(patient: dict[str, Any]) -> None:
    study = as_whole_questions(shipped("apixaban-af"))
    facts = PatientFacts(
        patient["sex"], date.fromisoformat(patient["birthDate"]), (patient["language"],)
    )

    screening = screen(study, key_answers(study, patient["mrn"]), facts, AS_OF)

    assert screening.status == patient["intended"], screening.decided_by
