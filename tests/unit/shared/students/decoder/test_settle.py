"""From a reply to a grounded answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.checking import checked
from shared.criteria.question import AnswerType, Question
from shared.students.decoder.description import DecoderDescription
from shared.students.decoder.reply import Reply
from shared.students.decoder.settle import settle
from shared.students.decoder.windows import Window
from shared.students.interface import Standing, Verdict
from shared.students.thresholds import Thresholds

TEXT = "Follow-up. He had a stroke in 2019.\nCreatinine 1.4 mg/dL."
STROKE = Question(study="s", id="stroke", text="Stroke?", type=AnswerType.BOOLEAN)
CREATININE = Question(
    study="s", id="creatinine", text="Creatinine?", type=AnswerType.NUMERIC, unit="mg/dL"
)
LIMITS = Thresholds(answer=0.8, review=0.4)


def student(evidence: bool = True, temperature: float = 1.0) -> DecoderDescription:
    return DecoderDescription(
        engine="decoder",
        base="base",
        evidence=evidence,
        temperatures={AnswerType.BOOLEAN: temperature},
        thresholds={Verdict.YES: LIMITS, Verdict.NO: LIMITS, Verdict.NUMBER: LIMITS},
    )


def test_a_sure_claim_with_its_quote_stands_and_offsets_are_those_of_the_note() -> None:
    window = Window(11, TEXT[11:])
    answer = settle(STROKE, window, Reply("Yes", "a stroke in 2019"), 0.9, student())
    assert answer.standing is Standing.ANSWERED
    assert answer.offset is not None and answer.length is not None
    assert TEXT[answer.offset : answer.offset + answer.length] == answer.quote == "a stroke in 2019"


def test_a_number_has_the_unit_of_its_question() -> None:
    answer = settle(CREATININE, Window(0, TEXT), Reply("1.4", "Creatinine 1.4"), 0.9, student())
    assert (answer.verdict, answer.number, answer.unit) == (Verdict.NUMBER, 1.4, "mg/dL")


def test_a_claim_whose_quote_is_not_in_the_note_is_a_proposal_without_quote() -> None:
    answer = settle(STROKE, Window(0, TEXT), Reply("Yes", "massive haemorrhage"), 0.99, student())
    assert (answer.verdict, answer.standing) == (Verdict.YES, Standing.REVIEW)
    assert (answer.quote, answer.offset, answer.length) == (None, None, None)


def test_a_claim_without_quote_is_a_proposal() -> None:
    assert (
        settle(STROKE, Window(0, TEXT), Reply("Yes"), 0.99, student()).standing is Standing.REVIEW
    )


def test_between_the_thresholds_is_a_proposal_and_below_is_nothing() -> None:
    window, reply = Window(0, TEXT), Reply("Yes", "stroke")
    assert settle(STROKE, window, reply, 0.5, student()).standing is Standing.REVIEW
    below = settle(STROKE, window, reply, 0.3, student())
    assert (below.verdict, below.confidence) == (Verdict.NA, 0.7)


def test_the_temperature_counts_before_the_thresholds() -> None:
    window, reply = Window(0, TEXT), Reply("Yes", "stroke")
    assert settle(STROKE, window, reply, 0.85, student(temperature=3)).standing is Standing.REVIEW


def test_a_student_that_learned_no_quotes_only_proposes() -> None:
    window = Window(0, TEXT)
    answer = settle(STROKE, window, Reply("Yes", "stroke"), 0.99, student(evidence=False))
    assert (answer.standing, answer.quote) == (Standing.REVIEW, None)


def test_no_reply_is_nothing_of_no_confidence() -> None:
    answer = settle(STROKE, Window(0, TEXT), None, 0.9, student())
    assert (answer.verdict, answer.confidence) == (Verdict.NA, 0)


replies = st.builds(
    Reply, st.sampled_from(["Yes", "No", "NA"]), st.one_of(st.sampled_from([TEXT[3:20]]), st.text())
)


@pytest.mark.parametrize("evidence", [True, False])
@given(reply=replies, confidence=st.floats(0, 1), offset=st.integers(0, len(TEXT)))
def test_the_service_has_nothing_to_correct(
    reply: Reply, confidence: float, offset: int, evidence: bool
) -> None:
    answer = settle(STROKE, Window(offset, TEXT[offset:]), reply, confidence, student(evidence))
    assert checked(TEXT, [STROKE], [answer]) == [answer]
