from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType, Question
from shared.students.encoder.decoding import NoteLogits, NoteText, decode
from shared.students.encoder.description import EncoderDescription
from shared.students.encoder.numbers import candidates
from shared.students.encoder.passages import Tokens
from shared.students.interface import Standing, Verdict
from shared.students.thresholds import Thresholds

SMOKER = Question(study="s", id="smoker", text="Does the patient smoke?", type=AnswerType.BOOLEAN)
PLATELETS = Question(
    study="s", id="plt", text="Platelet count?", type=AnswerType.NUMERIC, unit="10*3/uL"
)
STUDENT = EncoderDescription(
    temperatures={"boolean": 1.0, "numeric": 1.0},
    thresholds={v: Thresholds(answer=0.7, review=0.4) for v in ("Yes", "No", "number")},
    passages=3,
    rank_mix=(1.0, 1.0),
)


def note_of(text: str) -> NoteText:
    """One token for each word or sign."""
    found = [m.span() for m in re.finditer(r"\w+|[^\w\s]", text)]
    spans = np.array(found, dtype=np.int64).reshape(-1, 2)
    tokens = Tokens(np.arange(len(spans)), spans[:, 0], spans[:, 1])
    numbers = candidates(text)
    at = np.array([tokens.at(c.start) for c in numbers], dtype=np.int64)
    return NoteText(text, tokens, numbers, at)


def logits(note: NoteText, verdict: list[float], span=(0, 0), value: int | None = None):
    size = len(note.tokens)
    start, end, values = (np.zeros(size, np.float32) for _ in range(3))
    start[span[0]] = end[span[1]] = 9
    if value is not None:
        values[value] = 9
    return NoteLogits(np.array(verdict, np.float32), start, end, values, np.arange(size))


def test_a_sure_answer_carries_its_evidence_word_for_word():
    note = note_of("He denies tobacco use.")
    answer = decode(SMOKER, note, logits(note, [0, 5, 0, 0], (1, 2)), STUDENT)
    assert (answer.verdict, answer.standing) == (Verdict.NO, Standing.ANSWERED)
    assert answer.quote == "denies tobacco"
    assert note.text[answer.offset : answer.offset + answer.length] == answer.quote


def test_a_claim_between_the_thresholds_is_a_proposal_for_a_person():
    note = note_of("He denies tobacco use.")
    answer = decode(SMOKER, note, logits(note, [0, 1, 0, 0.5], (1, 2)), STUDENT)
    assert (answer.verdict, answer.standing) == (Verdict.NO, Standing.REVIEW)


def test_a_claim_below_both_is_na_without_a_quote():
    note = note_of("He denies tobacco use.")
    answer = decode(SMOKER, note, logits(note, [0, 0, 0, 3]), STUDENT)
    assert (answer.verdict, answer.quote) == (Verdict.NA, None)


def test_a_yes_no_question_is_never_answered_with_a_number_and_the_reverse():
    note = note_of("platelets 187,000")
    assert decode(SMOKER, note, logits(note, [1, 0, 99, 0]), STUDENT).number is None
    answer = decode(PLATELETS, note, logits(note, [99, 0, 5, 0], value=1), STUDENT)
    assert (answer.verdict, answer.number, answer.unit) == (Verdict.NUMBER, 187, "10*3/uL")


def test_the_quote_of_a_number_holds_the_number():
    note = note_of("Hgb 11.8, platelets 187,000 today and much else besides")
    value = int(note.numbers[1])
    answer = decode(PLATELETS, note, logits(note, [0, 0, 5, 0], (0, 0), value), STUDENT)
    assert "187,000" in answer.quote


def test_a_note_without_numbers_gives_no_number():
    note = note_of("platelets pending")
    answer = decode(PLATELETS, note, logits(note, [0, 0, 9, 0]), STUDENT)
    assert answer.verdict is Verdict.NA


@given(
    st.text(alphabet="abc 12.,%\n", min_size=1, max_size=80).filter(str.strip),
    st.data(),
    st.sampled_from([SMOKER, PLATELETS]),
)
def test_whatever_the_network_says_the_quote_is_real_text(text, data, question):
    note = note_of(text)
    size = len(note.tokens)
    numbers = st.floats(-5, 5, width=32)
    rows = [
        np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)), np.float32)
        for n in (4, size, size, size)
    ]
    read = np.array(sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1))))
    given_logits = NoteLogits(rows[0], rows[1][read], rows[2][read], rows[3][read], read)
    answer = decode(question, note, given_logits, STUDENT)
    assert 0 <= answer.confidence <= 1
    if answer.quote is None:
        assert answer.verdict is Verdict.NA
    else:
        assert text[answer.offset : answer.offset + answer.length] == answer.quote
        assert answer.quote.strip()


@pytest.mark.parametrize("value", [0, 1])
def test_the_same_value_written_twice_is_one_answer(value):
    note = note_of("plt 187 plt 187")
    values = np.zeros(len(note.tokens), np.float32)
    one = logits(note, [0, 0, 9, 0])
    two = NoteLogits(one.verdict, one.start, one.end, values, one.read)
    assert decode(PLATELETS, note, two, STUDENT).confidence == pytest.approx(1, abs=0.01)
