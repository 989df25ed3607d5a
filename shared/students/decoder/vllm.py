"""The decoder student on a vLLM server: its adapter is served by name there; this process has the
tokenizer, the thresholds and the check of every reply.

Questions on a note go one to a call, so that the server reads the note once (prefix caching): the
first alone, then the others side by side. Or several go in one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from shared.criteria.question import Question
from shared.students.decoder.choice import Json, confidences, content_of
from shared.students.decoder.control import disarming
from shared.students.decoder.description import read_description
from shared.students.decoder.reply import Reply, read_reply, read_together
from shared.students.decoder.request import TOP_LOGPROBS, reply_tokens, request, shown
from shared.students.decoder.server import (
    VllmRefusedError,
    VllmServer,
    load_adapter,
    unload_adapter,
)
from shared.students.decoder.serving import Placed, check_served, context_of
from shared.students.decoder.settle import nothing, settle
from shared.students.decoder.windows import Window, merge, split_into
from shared.students.errors import StudentUnavailable
from shared.students.interface import Answer
from shared.students.version import StudentFolderError, student_version

__all__ = ["Asking", "VllmStudent", "load_adapter", "unload_adapter"]

FRAME_TOKENS = 64
"""For what the chat template adds."""


@dataclass(frozen=True)
class Asking:
    """How a vLLM server is asked.

    model: name under which it serves the adapter; empty: the student's version.
    base: the base model, for the command that starts a server; empty: as student.json names it.
    questions_per_call: 0 for all of a note. concurrency: calls at a time.
    context: tokens of prompt and reply, at most; None: as many as the server says.
    timeout, patience: seconds, see VllmServer.
    """

    url: str = "http://127.0.0.1:8000"
    key: str | None = None
    model: str = ""
    base: str = ""
    questions_per_call: int = 1
    concurrency: int = 16
    context: int | None = None
    timeout: float = 120.0
    patience: float = 60.0


class VllmStudent:
    """The student in `folder`, as a server serves it."""

    def __init__(
        self, folder: Path, asking: Asking | None = None, server: VllmServer | None = None
    ) -> None:
        """server: instead of one at the url.

        Raises StudentFolderError, ModelNotServedError.
        """
        asking = asking or Asking()
        self.version = student_version(folder)
        self._student = read_description(folder)
        self._each = asking.questions_per_call
        self._tokenizer = _tokenizer(folder)
        added = self._tokenizer.get_added_tokens_decoder().values()
        self._harmless = disarming(token.content for token in added if token.special)
        self._server = server or VllmServer(
            asking.url, asking.key, timeout=asking.timeout, patience=asking.patience
        )
        self._placed = Placed(
            model=asking.model or self.version,
            folder=folder,
            base=asking.base or self._student.base,
        )
        listed = check_served(self._server, self._placed)
        self._context = context_of(listed, self._placed.model, asking.context)
        self._pool = ThreadPoolExecutor(asking.concurrency, thread_name_prefix="vllm")

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        """Raises StudentUnavailable: the server is away, or serves the student no more."""
        if not questions or not text.strip():
            return [nothing(question, 1.0) for question in questions]
        each = self._each or len(questions)
        calls = [questions[at : at + each] for at in range(0, len(questions), each)]
        by_window = [self._read(window, calls) for window in self._windows(text, calls)]
        return [
            merge(question.key, answers)
            for question, answers in zip(questions, zip(*by_window, strict=True), strict=True)
        ]

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._server.close()

    def _windows(self, text: str, calls: Sequence[Sequence[Question]]) -> list[Window]:
        longest = max(calls, key=lambda call: self._tokens("", call) + reply_tokens(call))
        frame = self._tokens("", longest)
        taken = frame + reply_tokens(longest) + FRAME_TOKENS
        return split_into(
            text, lambda part: self._tokens(part, longest) - frame, self._context, taken
        )

    def _tokens(self, text: str, questions: Sequence[Question]) -> int:
        messages = shown(self._student, self._harmless(text), questions)
        written = "\n".join(message["content"] for message in messages)
        return len(self._tokenizer.encode(written, add_special_tokens=False).ids)

    def _read(self, window: Window, calls: Sequence[Sequence[Question]]) -> list[Answer]:
        answers = self._call(window, calls[0])  # from here on the server knows the note
        futures = [self._pool.submit(self._call, window, call) for call in calls[1:]]
        try:
            for future in futures:
                answers += future.result()
        finally:
            for future in futures:
                future.cancel()
        return answers

    def _call(self, window: Window, questions: Sequence[Question]) -> list[Answer]:
        choice = self._chat(window.text, questions)
        content, reason = content_of(choice), choice.get("finish_reason")
        sure = confidences(choice, [question.type for question in questions])
        if sure is None:
            raise StudentUnavailable(
                f"{self._server.url} gives no log-probabilities, without which no answer can be "
                f"trusted; it needs --max-logprobs {TOP_LOGPROBS} or more"
            )
        replies: list[Reply | None]
        if len(questions) == 1:
            replies = [read_reply(questions[0], content, reason)]
        else:
            replies = read_together(questions, content, reason)
        answers = []
        for question, reply, confidence in zip(questions, replies, sure, strict=True):
            if reply is None and len(questions) > 1:
                answers += self._call(window, [question])
            else:
                answers.append(settle(question, window, reply, confidence, self._student))
        return answers

    def _chat(self, text: str, questions: Sequence[Question]) -> Json:
        body = request(self._student, self._placed.model, self._harmless(text), questions)
        try:
            return self._server.chat(body)
        except VllmRefusedError as error:
            if error.status == 404:
                cure = self._placed.cure(self._server.url, "no longer serves")
                raise StudentUnavailable(cure) from None
            raise


def _tokenizer(folder: Path) -> Tokenizer:
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise StudentFolderError(f"{folder} lacks tokenizer.json; take the whole student folder")
    tokenizer: Tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    return tokenizer
