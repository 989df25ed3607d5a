"""Reading what a student replied."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType, Question
from shared.students.decoder.prompt import MOST_QUOTE, completion
from shared.students.decoder.reply import (
    FINISHED,
    Reply,
    closing,
    read_reply,
    read_string,
    read_together,
)
from shared.students.interface import Verdict

STROKE = Question(study="s", id="stroke", text="Stroke?", type=AnswerType.BOOLEAN)
CREATININE = Question(
    study="s", id="creatinine", text="Creatinine?", type=AnswerType.NUMERIC, unit="mg/dL"
)


@given(st.sampled_from(["Yes", "No", "NA"]), st.text(max_size=MOST_QUOTE))
def test_what_is_trained_is_read(value: str, quote: str) -> None:
    assert read_reply(STROKE, completion(value, quote), FINISHED) == Reply(value, quote)


def test_a_reply_without_quote_has_an_empty_one() -> None:
    assert read_reply(STROKE, completion("No", None), FINISHED) == Reply("No", "")


def test_a_number_is_read_as_one() -> None:
    reply = read_reply(CREATININE, completion("1.40", "Cr 1.4"), FINISHED)
    assert reply is not None
    assert (reply.verdict, reply.number) == (Verdict.NUMBER, 1.4)


@pytest.mark.parametrize("reason", ["length", "content_filter", "error", None])
def test_a_reply_that_did_not_end_by_itself_is_none(reason: str | None) -> None:
    assert read_reply(STROKE, completion("Yes", "stroke"), reason) is None


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "Yes",
        "null",
        "[]",
        '{"answer": "Yes", "quote": "cut o',
        '{"answer": "Maybe", "quote": ""}',
        '{"answer": "yes", "quote": ""}',
        '{"answer": true, "quote": ""}',
        '{"answer": "Yes", "quote": ["x"]}',
        '{"answer": "Yes", "quote": "", "standing": "answered"}',
        '{"answer": "No", "answer": "Yes", "quote": ""}',
        '{"quote": "stroke"}',
        '{"answer": "1.4", "quote": ""}',
        '{"answer": "Yes", "quote": ""} and more',
        "[" * 100_000,
    ],
)
def test_anything_else_is_no_reply(content: str | None) -> None:
    assert read_reply(STROKE, content, FINISHED) is None


@pytest.mark.parametrize("value", ["Yes", "NaN", "1e5", "Infinity", "1,4", "12345678", "1.4 mg"])
def test_a_number_is_digits_alone(value: str) -> None:
    assert read_reply(CREATININE, json.dumps({"answer": value, "quote": ""}), FINISHED) is None


@given(st.text())
def test_reading_never_fails(content: str) -> None:
    read_reply(STROKE, content, FINISHED)
    read_together([STROKE, CREATININE], content, FINISHED)
    read_string(content)


def test_replies_to_several_questions_go_by_number() -> None:
    content = '{"1": {"answer": "No", "quote": "no stroke"}, "2": {"answer": "1.4", "quote": ""}}'
    assert read_together([STROKE, CREATININE], content, FINISHED) == [
        Reply("No", "no stroke"),
        Reply("1.4"),
    ]


def test_one_bad_reply_among_several_spoils_only_itself() -> None:
    content = '{"1": {"answer": "Maybe"}, "2": {"answer": "1.4", "quote": ""}}'
    assert read_together([STROKE, CREATININE], content, FINISHED) == [None, Reply("1.4")]


@pytest.mark.parametrize(
    "content",
    [
        '{"2": {"answer": "1.4"}, "1": {"answer": "No"}}',
        '{"1": {"answer": "No"}}',
        '{"1": {"answer": "No"}, "2": {"answer": "1.4"}, "3": {"answer": "No"}}',
    ],
)
def test_missing_added_or_reordered_replies_are_none(content: str) -> None:
    assert read_together([STROKE, CREATININE], content, FINISHED) == [None, None]


@given(st.text(max_size=60))
def test_a_string_ends_at_its_own_quotation_mark(text: str) -> None:
    written = json.dumps(text, ensure_ascii=False)[1:]
    assert closing(written) == len(written) - 1
    assert read_string(written + ', "more": "x"') == text


@given(st.text(max_size=30), st.integers(0, 30))
def test_a_string_that_was_cut_off_is_read_as_far_as_it_goes(text: str, length: int) -> None:
    written = json.dumps(text, ensure_ascii=False)[1:-1]
    assert text.startswith(read_string(written[:length]))
