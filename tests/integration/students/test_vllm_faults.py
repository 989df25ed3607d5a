"""The vLLM engine where the server's replies are not as they should be. The server here is none:
it says what the test wants it to say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.criteria.question import AnswerType, Question
from shared.students.decoder.server import VllmServer
from shared.students.decoder.vllm import Asking, VllmStudent
from shared.students.errors import StudentUnavailable
from shared.students.interface import Answer, Standing, Verdict
from shared.students.version import student_version

TEXT = "Mr. Abel has had a stroke."
QUESTIONS = [
    Question(study="s", id=f"q{at}", text=f"Stroke number {at}?", type=AnswerType.BOOLEAN)
    for at in range(6)
]
YES = '{"answer": "Yes", "quote": "had a stroke"}'


def choice(content: str, finish_reason: str = "stop", logprobs: bool = True) -> dict[str, Any]:
    tokens = [{"token": letter, "logprob": 0.0, "top_logprobs": []} for letter in content]
    return {
        "message": {"content": content},
        "finish_reason": finish_reason,
        "logprobs": {"content": tokens} if logprobs else None,
    }


class Said:
    """A server that replies as told. bodies: what it was asked."""

    def __init__(self, model: str, reply: Callable[[dict[str, Any]], Any]) -> None:
        self.model, self.reply = model, reply
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={"data": [{"id": self.model, "max_model_len": 2048}]})
        body = json.loads(request.content)
        self.bodies.append(body)
        said = self.reply(body)
        return said if isinstance(said, httpx.Response) else _completed(said)


def _completed(said: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"choices": [said]})


Ask = Callable[..., tuple[list[Answer], Said]]


@pytest.fixture
def ask(student: Path) -> Iterator[Ask]:
    """ask(reply, **of Asking): the answers to QUESTIONS on TEXT, and the server."""
    engines: list[VllmStudent] = []

    def asked(
        reply: Callable[[dict[str, Any]], Any], text: str = TEXT, **how: Any
    ) -> tuple[list[Answer], Said]:
        said = Said(student_version(student), reply)
        server = VllmServer("http://gpu", transport=httpx.MockTransport(said), patience=0)
        engines.append(VllmStudent(student, Asking(**how), server))
        return engines[-1].answer(text, QUESTIONS), said

    yield asked
    for engine in engines:
        engine.close()


def test_a_good_reply_is_an_answer_with_its_place_in_the_note(ask: Ask) -> None:
    answers, _ = ask(lambda _: choice(YES))
    assert {(a.verdict, a.standing, a.quote, a.offset) for a in answers} == {
        (Verdict.YES, Standing.ANSWERED, "had a stroke", TEXT.index("had a stroke"))
    }


def test_a_reply_that_was_cut_off_is_no_answer(ask: Ask) -> None:
    answers, _ = ask(lambda _: choice(YES, finish_reason="length"))
    assert {(answer.verdict, answer.confidence) for answer in answers} == {(Verdict.NA, 0)}


@pytest.mark.parametrize("content", ["", "Yes!", "{", '{"answer": "Perhaps", "quote": ""}', "[1]"])
def test_a_reply_of_another_form_is_no_answer(ask: Ask, content: str) -> None:
    answers, _ = ask(lambda _: choice(content))
    assert {(answer.verdict, answer.confidence) for answer in answers} == {(Verdict.NA, 0)}


def test_a_quote_that_the_note_does_not_have_makes_a_proposal(ask: Ask) -> None:
    answers, _ = ask(lambda _: choice(YES.replace("had a stroke", "paralysed for years")))
    assert {(a.verdict, a.standing, a.quote) for a in answers} == {
        (Verdict.YES, Standing.REVIEW, None)
    }


def test_a_shared_reply_that_was_cut_off_is_asked_for_one_by_one(ask: Ask) -> None:
    def reply(body: dict[str, Any]) -> dict[str, Any]:
        together = "Answer each question" in body["messages"][-1]["content"]
        return choice('{"1": {"answer', "length") if together else choice(YES)

    answers, said = ask(reply, questions_per_call=3)
    assert len(said.bodies) == 2 + len(QUESTIONS)
    assert {answer.standing for answer in answers} == {Standing.ANSWERED}


def test_a_shared_reply_answers_each_question_by_its_number(ask: Ask) -> None:
    def reply(body: dict[str, Any]) -> dict[str, Any]:
        asked = body["response_format"]["json_schema"]["schema"]["required"]
        no = {"answer": "No", "quote": "Mr. Abel"}
        return choice(json.dumps({key: no if key == "2" else json.loads(YES) for key in asked}))

    answers, said = ask(reply, questions_per_call=0)
    assert len(said.bodies) == 1
    assert [answer.verdict.value for answer in answers] == ["Yes", "No", "Yes", "Yes", "Yes", "Yes"]


def test_log_probabilities_are_needed(ask: Ask) -> None:
    with pytest.raises(StudentUnavailable, match="log-probabilities"):
        ask(lambda _: choice(YES, logprobs=False))


def test_an_adapter_that_has_gone_comes_with_the_commands_that_cure_it(
    ask: Ask, student: Path
) -> None:
    gone = httpx.Response(404, json={"error": {"type": "NotFoundError", "message": TEXT}})
    with pytest.raises(
        StudentUnavailable, match=r"no longer serves decoder-.*vllm serve"
    ) as caught:
        ask(lambda _: gone)
    assert TEXT not in str(caught.value)


def test_the_first_question_goes_alone_and_the_others_side_by_side_within_bounds(ask: Ask) -> None:
    lock, now, most, first_done = threading.Lock(), [0], [0], threading.Event()
    before_first: list[int] = []

    def reply(body: dict[str, Any]) -> dict[str, Any]:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            first = not before_first
            before_first.append(now[0])
            assert first or first_done.is_set()
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        first_done.set()
        return choice(YES)

    ask(reply, concurrency=3)
    assert before_first[0] == 1
    assert 1 < most[0] <= 3


def test_a_note_beyond_the_context_is_asked_in_windows_with_offsets_of_the_note(ask: Ask) -> None:
    text = "Nothing of note today.\n" * 400 + TEXT + "\n" + "Nothing of note today.\n" * 400

    def reply(body: dict[str, Any]) -> dict[str, Any]:
        return choice(YES if TEXT in body["messages"][-1]["content"] else YES.replace("Yes", "NA"))

    answers, said = ask(reply, text=text)
    assert len(said.bodies) > 3 * len(QUESTIONS)
    assert {answer.offset for answer in answers} == {text.index("had a stroke")}


def test_a_server_that_goes_away_between_two_questions_leaves_the_note_unanswered(
    ask: Ask,
) -> None:
    replies = iter([choice(YES)])

    def reply(body: dict[str, Any]) -> Any:
        return next(replies, None) or httpx.Response(503)

    with pytest.raises(StudentUnavailable, match="http://gpu"):
        ask(reply)
