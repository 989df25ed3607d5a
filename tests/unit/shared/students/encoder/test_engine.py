"""The shipped student itself, on notes that nobody trained on."""

from __future__ import annotations

import pytest

from shared.criteria.question import AnswerType, Question
from shared.criteria.shipped import shipped_studies
from shared.students.encoder import load_encoder
from shared.students.interface import Standing, StudentEngine, Verdict

QUESTIONS = [question for study in shipped_studies() for question in study.questions]
NOTE = """\
PROGRESS NOTE. Mr. Abel is a 71-year-old man seen for palpitations.
PMH: atrial fibrillation since 2019, hypertension on lisinopril. He has never had a stroke or TIA.
He drinks no alcohol and never used street drugs. No history of diabetes.
VS: BP 138/84, HR 76. Labs today: creatinine 1.1, hemoglobin 13.2, platelets 214.
He is alert and oriented and agrees with the plan.
"""


@pytest.fixture(scope="module")
def student() -> StudentEngine:
    return load_encoder()


def test_every_question_is_answered_in_order_with_real_quotes(student: StudentEngine) -> None:
    answers = student.answer(NOTE, QUESTIONS)
    assert [answer.question for answer in answers] == [question.key for question in QUESTIONS]
    for answer in answers:
        if answer.quote is not None and answer.offset is not None:
            assert NOTE[answer.offset :].startswith(answer.quote)


def test_what_the_note_says_plainly_is_found(student: StudentEngine) -> None:
    said = {answer.question: answer for answer in student.answer(NOTE, QUESTIONS)}
    assert said["apixaban-af/age"].number == 71
    assert said["apixaban-af/systolic-bp"].number == 138
    assert said["apixaban-af/diastolic-bp"].number == 84
    assert said["apixaban-af/stroke-tia"].verdict is Verdict.NO


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00", "\U0001f600"])
def test_a_note_without_words_is_answered_with_nothing(student: StudentEngine, text: str) -> None:
    answers = student.answer(text, QUESTIONS)
    assert len(answers) == len(QUESTIONS)
    assert all(
        answer.standing is not Standing.ANSWERED or answer.verdict is Verdict.NA
        for answer in answers
    )


def test_claims_on_a_note_shorter_than_any_it_knows_are_proposals(student: StudentEngine) -> None:
    answers = student.answer("The patient is 50 years old and takes aspirin.", QUESTIONS)
    claims = [answer for answer in answers if answer.verdict is not Verdict.NA]
    assert claims
    assert {answer.standing for answer in claims} == {Standing.REVIEW}


def test_a_question_nobody_trained_on_gets_an_answer(student: StudentEngine) -> None:
    question = Question(
        study="x", id="job", text="Is the patient a retired sailor?", type=AnswerType.BOOLEAN
    )
    (answer,) = student.answer(NOTE, [question])
    assert 0 <= answer.confidence <= 1
