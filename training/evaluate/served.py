"""A large model behind an OpenAI-compatible server, asked as a decoder student is: how well the
teacher itself answers, or a base model before it is distilled.

It gives no probabilities: its answers count as certain, so its calibration error is its error
rate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import openai
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from shared.criteria.question import AnswerType, Question
from shared.grounding import locate
from shared.students.decoder.prompt import (
    PROMPT_VERSION,
    messages_together,
    reply_schema_together,
)
from shared.students.interface import Answer, Standing, Verdict
from training.dataset.fitting import MisfitError, read_answer
from training.evaluate.fault import EvaluationError
from training.evaluate.usage import Usage

TOGETHER = 20
"""Questions in one call."""
_TOKENS_EACH = 160  # room for a quote of the prompt's longest length
_SECONDS = 600.0


class ServedModelError(EvaluationError):
    """The server does not answer; the message names the cure and never repeats a note."""


class ServedModel:
    """url: up to and with /v1. model: None takes the first that the server lists. proxies: of the
    environment, may be used.

    The caller has checked that notes may go there (training.teacher.hosts). `answer` raises
    ServedModelError where the server is gone or refuses every call.
    """

    def __init__(
        self, url: str, model: str | None = None, key: str | None = None, proxies: bool = False
    ) -> None:
        self._url = url
        # No redirects and, for private hosts, no proxies: a note goes to the host that was
        # checked and to no other.
        self._client = openai.OpenAI(
            base_url=url,
            api_key=key or "none",
            timeout=_SECONDS,
            max_retries=3,
            http_client=openai.DefaultHttpxClient(follow_redirects=False, trust_env=proxies),
        )
        self._model = model or self._first()
        self._structured = True
        self.usage = Usage()
        self.version = f"{self._model}@{PROMPT_VERSION}"

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        answers: list[Answer] = []
        for at in range(0, len(questions), TOGETHER):
            part = questions[at : at + TOGETHER]
            replies = read_replies(self._reply(text, part))
            answers += [
                read_one(replies.get(str(number)), question, text)
                for number, question in enumerate(part, 1)
            ]
        return answers

    def _reply(self, text: str, questions: Sequence[Question]) -> str:
        """Empty where the server does not take this note (too long for it, for instance)."""
        try:
            if self._structured:
                try:
                    return self._complete(text, questions, structured=True)
                except (openai.BadRequestError, openai.UnprocessableEntityError):
                    reply = self._complete(text, questions, structured=False)
                    self._structured = False
                    return reply
            return self._complete(text, questions, structured=False)
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            return ""
        except openai.APIStatusError as error:
            raise ServedModelError(
                f"{self._url} refuses (HTTP {error.status_code}); check address, model "
                f"{self._model} and CHARTSIFT_TEACHER_KEY"
            ) from None
        except openai.APIError:
            raise ServedModelError(f"{self._url} does not answer; is the server running?") from None

    def _complete(self, text: str, questions: Sequence[Question], *, structured: bool) -> str:
        form: ResponseFormatJSONSchema = {
            "type": "json_schema",
            "json_schema": {"name": "answers", "schema": reply_schema_together(questions)},
        }
        completion = self._client.chat.completions.create(
            model=self._model,
            messages=cast(
                "list[ChatCompletionMessageParam]", list(messages_together(text, questions))
            ),
            temperature=0,
            max_tokens=_TOKENS_EACH * len(questions),
            response_format=form if structured else openai.omit,
        )
        if completion.usage is not None:
            self.usage = Usage(
                self.usage.prompt_tokens + completion.usage.prompt_tokens,
                self.usage.completion_tokens + completion.usage.completion_tokens,
            )
        return (completion.choices[0].message.content or "") if completion.choices else ""

    def _first(self) -> str:
        try:
            listed = [model.id for model in self._client.models.list().data]
        except openai.APIError:
            raise ServedModelError(
                f"nothing that lists its models at {self._url}; start it, or name the model: "
                f"{self._url}#MODEL"
            ) from None
        if not listed:
            raise ServedModelError(f"{self._url} serves no model")
        return listed[0]


def read_replies(content: str) -> Mapping[str, Any]:
    """The object in a reply, with or without a fence or words around it; empty if there is none,
    or if it was cut off."""
    start, end = content.find("{"), content.rfind("}")
    try:
        read = json.loads(content[start : end + 1])
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def read_one(reply: object, question: Question, text: str) -> Answer:
    """NA for what is no answer, or a number in another unit; a claim whose quote is not in
    the note is a proposal."""
    given = reply if isinstance(reply, dict) else {"answer": reply}
    try:
        answer, other_unit = read_answer(given.get("answer"), question.type, question.unit)
    except MisfitError:
        answer, other_unit = "NA", None
    if answer == "NA" or (other_unit and other_unit.casefold() != (question.unit or "").casefold()):
        return Answer(question=question.key, verdict=Verdict.NA, confidence=1.0)
    quote = given.get("quote")
    span = locate(text, quote) if isinstance(quote, str) else None
    numeric = question.type is AnswerType.NUMERIC
    return Answer(
        question=question.key,
        verdict=Verdict.NUMBER if numeric else Verdict(answer),
        number=float(answer) if numeric else None,
        unit=question.unit,
        standing=Standing.REVIEW if span is None else Standing.ANSWERED,
        quote=None if span is None else span.of(text),
        offset=None if span is None else span.offset,
        length=None if span is None else span.length,
        confidence=1.0,
    )
