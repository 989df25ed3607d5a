"""A model behind the OpenAI API, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType, Question
from shared.students.interface import Standing, Verdict
from training.evaluate.served import ServedModel, ServedModelError, read_one, read_replies
from training.evaluate.usage import Usage

TEXT = "Takes aspirin. Creatinine 1.2 mg/dL."
ASPIRIN = Question(study="s", id="aspirin", text="Aspirin?", type=AnswerType.BOOLEAN)
CREATININE = Question(
    study="s", id="creat", text="Creatinine?", type=AnswerType.NUMERIC, unit="mg/dL"
)
GOOD = {
    "1": {"answer": "Yes", "quote": "Takes  ASPIRIN"},
    "2": {"answer": "1.2", "quote": "Creatinine 1.2"},
}
Reply = Callable[[Mapping[str, Any]], tuple[int, Any]]


@dataclass
class Server:
    """Replies to chat completions with what `reply` makes of the request."""

    reply: Reply = lambda asked: (200, json.dumps(GOOD))
    url: str = ""
    requests: list[Mapping[str, Any]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": "big", "object": "model"}]})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            serving.requests.append(asked)
            status, content = serving.reply(asked)
            if status != 200:
                self._send(status, {"error": {"message": TEXT}})
                return
            message = {"role": "assistant", "content": content}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            usage = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
            body = {"id": "1", "object": "chat.completion", "created": 1, "model": "big"}
            self._send(200, body | {"choices": [choice], "usage": usage})

        def _send(self, status: int, body: Mapping[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    serving.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    yield serving
    http.shutdown()
    thread.join()
    http.server_close()


def test_all_questions_of_a_note_are_asked_in_one_call(server: Server) -> None:
    aspirin, creatinine = ServedModel(server.url).answer(TEXT, [ASPIRIN, CREATININE])
    assert (aspirin.verdict, aspirin.quote) == (Verdict.YES, "Takes aspirin")
    assert (creatinine.number, creatinine.unit) == (1.2, "mg/dL")
    assert creatinine.standing is Standing.ANSWERED
    assert len(server.requests) == 1


def test_the_first_model_that_is_listed_is_taken_and_is_part_of_the_version(
    server: Server,
) -> None:
    engine = ServedModel(server.url)
    engine.answer(TEXT, [ASPIRIN])
    assert engine.version == "big@answer-1"
    assert server.requests[0]["model"] == "big"


def test_many_questions_are_split_over_calls_and_tokens_add_up(server: Server) -> None:
    many = [ASPIRIN.model_copy(update={"id": f"q{at}"}) for at in range(45)]
    engine = ServedModel(server.url)
    answers = engine.answer(TEXT, many)
    assert [answer.question for answer in answers] == [question.key for question in many]
    assert engine.usage == Usage(300, 21)


def test_a_server_without_json_schema_is_asked_without_it(server: Server) -> None:
    server.reply = lambda asked: (
        (400, "") if "response_format" in asked else (200, f"```json\n{json.dumps(GOOD)}\n```")
    )
    engine = ServedModel(server.url)
    assert engine.answer(TEXT, [ASPIRIN])[0].verdict is Verdict.YES
    engine.answer(TEXT, [ASPIRIN])
    assert ["response_format" in asked for asked in server.requests] == [True, False, False]


def test_a_note_that_the_server_does_not_take_gives_na(server: Server) -> None:
    server.reply = lambda asked: (400, "")
    answers = ServedModel(server.url).answer(TEXT, [ASPIRIN, CREATININE])
    assert [answer.verdict for answer in answers] == [Verdict.NA, Verdict.NA]


@pytest.mark.parametrize("content", ["", "I cannot.", '{"1": {"answer": "Yes", "quo', "{]}", "7"])
def test_a_reply_that_is_garbage_or_cut_off_gives_na(server: Server, content: str) -> None:
    server.reply = lambda asked: (200, content)
    assert ServedModel(server.url).answer(TEXT, [ASPIRIN])[0].verdict is Verdict.NA


def test_a_refusal_is_an_error_that_does_not_repeat_the_note(server: Server) -> None:
    server.reply = lambda asked: (401, "")
    with pytest.raises(ServedModelError, match=r"HTTP 401.*CHARTSIFT_TEACHER_KEY") as caught:
        ServedModel(server.url).answer(TEXT, [ASPIRIN])
    assert "aspirin" not in str(caught.value)


def test_a_claim_whose_quote_is_not_in_the_note_is_a_proposal() -> None:
    answer = read_one({"answer": "No", "quote": "denies aspirin use"}, ASPIRIN, TEXT)
    assert (answer.standing, answer.quote) == (Standing.REVIEW, None)


@pytest.mark.parametrize("reply", [None, "maybe", {"answer": "12 apples"}, {}, [1], {"answer": {}}])
def test_what_is_no_answer_is_na(reply: object) -> None:
    assert read_one(reply, CREATININE, TEXT).verdict is Verdict.NA


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists), st.text())
def test_any_reply_is_read_as_some_answer(reply: object, text: str) -> None:
    for question in (ASPIRIN, CREATININE):
        assert read_one(reply, question, text).question == question.key
        assert read_one({"answer": reply, "quote": reply}, question, text).confidence == 1.0


@given(st.text())
def test_any_content_is_read(content: str) -> None:
    assert isinstance(read_replies(content), dict)
