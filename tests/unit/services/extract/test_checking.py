from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.checking import StudentFault, checked
from shared.criteria.question import AnswerType, Question
from shared.students.interface import Answer, Standing, Verdict

TEXT = "No history of stroke.\nCreatinine today:  1.4 mg/dL, stable."

STROKE = Question(study="s", id="stroke", text="Stroke?", type=AnswerType.BOOLEAN)
CREATININE = Question(
    study="s", id="creatinine", text="Creatinine?", type=AnswerType.NUMERIC, unit="mg/dL"
)


def no(quote: str | None, offset: int | None = None, length: int | None = None) -> Answer:
    return Answer(
        question=STROKE.key,
        verdict=Verdict.NO,
        quote=quote,
        offset=offset,
        length=length,
        confidence=0.9,
    )


def number(value: float | None, unit: str | None = "mg/dL") -> Answer:
    quote = "1.4 mg/dL"
    return Answer(
        question=CREATININE.key,
        verdict=Verdict.NUMBER,
        number=value,
        unit=unit,
        quote=quote,
        offset=TEXT.index(quote),
        length=len(quote),
        confidence=0.8,
    )


def check(question: Question, answer: Answer) -> Answer:
    return checked(TEXT, [question], [answer])[0]


def test_an_answer_that_stands_in_the_note_passes_unchanged() -> None:
    answer = no("No history of stroke", 0, 20)
    assert check(STROKE, answer) == answer
    assert check(CREATININE, number(1.4)) == number(1.4)


def test_wrong_offsets_are_put_right() -> None:
    answer = check(STROKE, no("history of stroke", 9, 4))
    assert (answer.offset, answer.length, answer.standing) == (3, 17, Standing.ANSWERED)


def test_a_quote_with_other_spaces_becomes_the_text_of_the_note() -> None:
    answer = check(STROKE, no("creatinine today: 1.4 mg/dL"))
    assert answer.quote == "Creatinine today:  1.4 mg/dL"
    assert answer.offset == TEXT.index("Creatinine")


@pytest.mark.parametrize("quote", ["Patient has a pacemaker in place.", "", None])
def test_a_claim_that_the_note_does_not_support_is_only_a_proposal(quote: str | None) -> None:
    answer = check(STROKE, no(quote))
    assert (answer.verdict, answer.standing) == (Verdict.NO, Standing.REVIEW)
    assert (answer.quote, answer.offset, answer.length) == (None, None, None)


def test_na_carries_no_quote() -> None:
    stroke = Answer(
        question=STROKE.key, verdict=Verdict.NA, quote="No", offset=0, length=2, confidence=1
    )
    assert check(STROKE, stroke).quote is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (CREATININE, number(None)),
        (CREATININE, number(math.inf)),
        (CREATININE, number(math.nan)),
        (CREATININE, number(1.4, "umol/L")),
        (CREATININE, no("No", 0, 2).model_copy(update={"question": CREATININE.key})),
        (STROKE, number(1.4).model_copy(update={"question": STROKE.key})),
        (STROKE, no("No", 0, 2).model_copy(update={"number": 3.0})),
    ],
)
def test_an_answer_of_another_kind_than_the_question_counts_as_none(
    question: Question, answer: Answer
) -> None:
    assert check(question, answer).verdict is Verdict.NA


@pytest.mark.parametrize(
    "answers",
    [[], [no("No", 0, 2)], [number(1.4), no("No", 0, 2)], [no("No", 0, 2), no("No", 0, 2)]],
)
def test_answers_to_other_questions_are_a_fault(answers: list[Answer]) -> None:
    with pytest.raises(StudentFault, match="2 questions asked"):
        checked(TEXT, [STROKE, CREATININE], answers)


@given(
    text=st.text(max_size=60),
    quote=st.none() | st.text(max_size=20),
    offset=st.none() | st.integers(0, 70),
    length=st.none() | st.integers(1, 30),
    verdict=st.sampled_from([Verdict.YES, Verdict.NO, Verdict.NA]),
)
def test_whatever_a_student_claims_a_fact_is_verbatim_in_the_note(
    text: str, quote: str | None, offset: int | None, length: int | None, verdict: Verdict
) -> None:
    claim = no(quote, offset, length).model_copy(update={"verdict": verdict})
    (answer,) = checked(text, [STROKE], [claim])
    if answer.quote is not None:
        assert answer.offset is not None and answer.length is not None
        assert text[answer.offset : answer.offset + answer.length] == answer.quote
    elif answer.verdict is not Verdict.NA:
        assert answer.standing is Standing.REVIEW
