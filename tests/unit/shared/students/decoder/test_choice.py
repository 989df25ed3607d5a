"""Confidence from a chat completion's log-probabilities."""

from __future__ import annotations

import math
from typing import Any

import pytest

from shared.criteria.question import AnswerType
from shared.students.decoder.choice import confidences, content_of

BOOLEAN, NUMERIC = AnswerType.BOOLEAN, AnswerType.NUMERIC


def token(text: str, share: float = 1.0, **others: float) -> dict[str, Any]:
    def one(name: str, probability: float) -> dict[str, Any]:
        return {"token": name, "logprob": math.log(probability), "bytes": list(name.encode())}

    top = [one(text, share), *(one(name, probability) for name, probability in others.items())]
    return one(text, share) | {"top_logprobs": top}


def choice(*tokens: dict[str, Any]) -> dict[str, Any]:
    content = "".join(t["token"] for t in tokens)
    return {"message": {"content": content}, "logprobs": {"content": list(tokens)}}


def test_the_value_is_found_among_the_tokens() -> None:
    tokens = [token(t) for t in ('{"', "answer", '":', ' "')]
    said = choice(*tokens, token("No", 0.6, Yes=0.3, NA=0.1), token('",'), token(' "quote": ""}'))
    assert confidences(said, [BOOLEAN]) == pytest.approx([0.6])


def test_a_value_of_several_tokens_and_one_that_begins_within_a_token() -> None:
    tokens = [token('{"answer":'), token(' "-', 0.5, **{' "': 0.5}), token("4", 0.8, **{"5": 0.2})]
    assert confidences(choice(*tokens, token('"}')), [NUMERIC]) == pytest.approx([0.4])


def test_a_value_that_could_have_begun_within_the_opening_token_is_less_sure() -> None:
    said = choice(token('{"answer":'), token(' "', 0.75, **{' "-': 0.25}), token("4"), token('"}'))
    assert confidences(said, [NUMERIC]) == pytest.approx([0.75])


def test_several_values_in_their_order() -> None:
    tokens = []
    for at, share in (("1", 0.9), ("2", 0.7)):
        head = '{"1": {"answer": "' if at == "1" else ', "2": {"answer": "'
        tokens += [token(head), token("Yes", share, No=1 - share), token('", "quote": "x"}')]
    assert confidences(choice(*tokens, token("}")), [BOOLEAN, BOOLEAN]) == pytest.approx([0.9, 0.7])


def test_an_answer_within_a_quote_is_none() -> None:
    said = choice(
        token('{"answer": "'),
        token("No", 0.6, Yes=0.4),
        token('", "quote": "'),
        token('\\"answer\\": \\"Yes\\""}'),
    )
    assert confidences(said, [BOOLEAN]) == pytest.approx([0.6])


def test_letters_split_between_tokens_are_put_together_by_their_bytes() -> None:
    half = token("\ufffd") | {"bytes": [0xC3]}
    other = token("\ufffd") | {"bytes": [0xA9]}
    said = choice(
        token('{"quote": "'), half, other, token('", "answer": "'), token("NA"), token('"}')
    )
    assert confidences(said, [BOOLEAN]) == pytest.approx([1.0])


def test_what_was_never_written_is_not_certain() -> None:
    assert confidences(choice(token('{"answer": "Ye')), [BOOLEAN]) == [0.0]


@pytest.mark.parametrize("logprobs", [None, {}, {"content": None}])
def test_a_server_without_log_probabilities_is_told_apart(logprobs: object) -> None:
    assert confidences({"logprobs": logprobs}, [BOOLEAN]) is None


@pytest.mark.parametrize("message", [None, {}, {"content": None}, {"content": ["x"]}])
def test_a_choice_without_text_has_none(message: object) -> None:
    assert content_of({"message": message}) is None
