"""Puts one question of one note to the teacher again, for the consistency filter. It is asked as
a student would be, without sight of its own first answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import openai
from openai.types.chat import ChatCompletionMessageParam

from shared.criteria.question import Question
from shared.students.decoder.prompt import messages
from training.dataset.records import TeacherNote
from training.teacher.errors import TeacherUnreachableError
from training.teacher.hosts import check_host
from training.teacher.settings import TeacherSettings

MOST_TOKENS = 256

AskAgain = Callable[[TeacherNote, Question], str | None]


@contextmanager
def asking_again(settings: TeacherSettings, wanted: bool = True) -> Iterator[AskAgain | None]:
    """A function that gives the teacher's answer, greedily decoded; None for an unreadable reply.
    wanted False: no function and no connection.

    Raises HostRefusedError; the function raises TeacherUnreachableError after
    `settings.attempts`.
    """
    if not wanted:
        yield None
        return
    check_host(settings.base_url, settings.allow_hosts, settings.send_phi_to_any_host)
    key = settings.api_key.get_secret_value() if settings.api_key else "none"
    with openai.OpenAI(
        base_url=settings.base_url,
        api_key=key,
        timeout=settings.timeout_seconds,
        max_retries=settings.attempts - 1,
        http_client=openai.DefaultHttpxClient(follow_redirects=False),
    ) as client:

        def ask(note: TeacherNote, question: Question) -> str | None:
            try:
                reply = client.chat.completions.create(
                    model=settings.model,
                    messages=cast(list[ChatCompletionMessageParam], messages(note.text, question)),
                    temperature=0.0,
                    max_tokens=MOST_TOKENS,
                )
            except openai.OpenAIError as error:
                # The error's own text could repeat the request, which is patient data.
                raise TeacherUnreachableError(
                    f"teacher: {settings.base_url} did not answer a question asked again "
                    f"({type(error).__name__}); start again to go on"
                ) from None
            return read_answer_again(reply.choices[0].message.content or "")

        yield ask


def read_answer_again(text: str) -> str | None:
    """The `answer` of the first JSON object in a reply; None where there is none."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        reply, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return None
    answer = reply.get("answer")
    return str(answer) if isinstance(answer, str | int | float) else None
