"""How an id of a folder is answered."""

from __future__ import annotations

from typing import Any

import pytest

from shared.criteria.study import Study
from shared.students.interface import Answer, Standing, Verdict
from training.evaluate.folder import FolderQuestion
from training.evaluate.subjects import Subject, subjects


def asked(study: Study, /, **question: Any) -> Subject:
    fields = {"type": "boolean", "question": "As it stands?"} | question
    (subject,) = subjects([FolderQuestion.model_validate(fields)], [study])
    return subject


def answer(question: str, verdict: Verdict, **changes: Any) -> Answer:
    fields = {"question": question, "verdict": verdict, "confidence": 0.8, "quote": "words"}
    return Answer.model_validate(fields | changes)


def told(*answers: Answer) -> dict[str, Answer]:
    return {answer.question: answer for answer in answers}


YES, NO, NA = Verdict.YES, Verdict.NO, Verdict.NA


def test_a_yes_no_id_that_is_a_criterion_asks_the_questions_of_its_expression(study: Study) -> None:
    subject = asked(study, id="dual")
    assert [question.key for question in subject.asked] == ["s/aspirin", "s/clopidogrel"]
    assert subject.answered_by == "criterion s/dual"


def test_a_numeric_id_is_answered_by_the_question_of_the_study(study: Study) -> None:
    subject = asked(study, id="creatinine", type="numeric", unit="mg/dL")
    assert [question.text for question in subject.asked] == ["Creatinine?"]
    assert subject.answered_by == "question s/creatinine"


@pytest.mark.parametrize(
    "question",
    [
        {"id": "asthma"},
        {"id": "dual", "study": "another"},
        {"id": "aspirin"},  # a yes/no question of the study, but no criterion
        {"id": "creatinine", "type": "numeric", "unit": "umol/L"},
        {"id": "any id: _1"},
        {"id": "ratio", "type": "numeric"},
    ],
)
def test_any_other_id_is_asked_as_it_stands(study: Study, question: dict[str, Any]) -> None:
    subject = asked(study, **question)
    assert [question.text for question in subject.asked] == ["As it stands?"]
    assert subject.answered_by == "as-it-stands"


@pytest.mark.parametrize(
    ("aspirin", "clopidogrel", "value"),
    [(YES, YES, YES), (YES, NA, NA), (NA, NO, NO), (NA, NA, NA), (NO, YES, NO)],
)
def test_a_criterion_gives_its_kleene_value(
    study: Study, aspirin: Verdict, clopidogrel: Verdict, value: Verdict
) -> None:
    settled = asked(study, id="dual").settle(
        told(answer("s/aspirin", aspirin), answer("s/clopidogrel", clopidogrel))
    )
    assert settled.value == value
    assert len(settled.claims) == (aspirin != NA) + (clopidogrel != NA)


def test_the_stated_meaning_of_na_is_off(study: Study) -> None:
    settled = asked(study, id="no-aspirin").settle(told(answer("s/aspirin", NA)))
    assert settled.value == NA


def test_a_comparison_is_answered_from_the_number(study: Study) -> None:
    number = answer("s/creatinine", Verdict.NUMBER, number=3.1, unit="mg/dL")
    assert asked(study, id="renal").settle(told(number)).value == YES


def test_a_number_is_the_value_of_a_numeric_id(study: Study) -> None:
    subject = asked(study, id="creatinine", type="numeric", unit="mg/dL")
    number = answer("s/creatinine", Verdict.NUMBER, number=3.1, unit="mg/dL")
    assert subject.settle(told(number)).value == 3.1


def test_an_answer_that_needs_review_claims_nothing(study: Study) -> None:
    subject = asked(study, id="asthma")
    proposal = answer(subject.asked[0].key, YES, standing=Standing.REVIEW)
    settled = subject.settle(told(proposal))
    assert (settled.value, settled.claims) == (NA, ())


def test_the_confidence_is_that_of_the_least_certain_claim(study: Study) -> None:
    settled = asked(study, id="dual").settle(
        told(answer("s/aspirin", YES, confidence=0.9), answer("s/clopidogrel", YES, confidence=0.6))
    )
    assert settled.confidence == 0.6
