"""What a decoder student is shown and what it has to reply: the same in training and in service.

The note stands before the question, so that its prefix is computed once for all questions. The
wording is versioned with the file name; a student's description names the version it learned.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypedDict

from shared.criteria.question import AnswerType, Question

PROMPT_VERSION = "answer-1"
MOST_QUOTE = 300
"""Characters of a quote in a reply."""

_FOLDER = Path(__file__).parent / "prompts"
_OPEN, _CLOSE = "<note>", "</note>"


class ChatMessage(TypedDict):
    role: str
    content: str


def messages(text: str, question: Question, version: str = PROMPT_VERSION) -> list[ChatMessage]:
    """One question on one note, as chat messages. Raises ValueError: an unknown version."""
    content = f"{_OPEN}\n{_harmless(text)}\n{_CLOSE}\n\n{asked(question)}"
    return [
        {"role": "system", "content": instructions(version)},
        {"role": "user", "content": content},
    ]


def asked(question: Question) -> str:
    """The question with what kind of answer it wants, on one line."""
    kind = "Yes, No or NA"
    if question.type is AnswerType.NUMERIC:
        kind = "number" if question.unit == "1" else f"number in {question.unit}"
        kind += ", or NA"
    return f"Question ({kind}): {' '.join(question.text.split())}"


def completion(answer: str, quote: str | None) -> str:
    """The reply a student is trained to give. quote None: a student without evidence."""
    reply = {"answer": answer} if quote is None else {"answer": answer, "quote": quote[:MOST_QUOTE]}
    return json.dumps(reply, ensure_ascii=False)


def reply_schema(type: AnswerType) -> dict[str, object]:
    """JSON Schema of a reply: the short answer first, the string bounded."""
    answer: dict[str, object] = {"type": "string", "enum": ["Yes", "No", "NA"]}
    if type is AnswerType.NUMERIC:
        answer = {"type": "string", "pattern": r"^(NA|-?[0-9]{1,7}(\.[0-9]{1,4})?)$"}
    return {
        "type": "object",
        "properties": {"answer": answer, "quote": {"type": "string", "maxLength": MOST_QUOTE}},
        "required": ["answer", "quote"],
        "additionalProperties": False,
    }


def messages_together(
    text: str, questions: Sequence[Question], version: str = PROMPT_VERSION
) -> list[ChatMessage]:
    """All questions on one note in one call; the reply has one object for each, by its number."""
    listed = "\n".join(f"{at}. {asked(q)}" for at, q in enumerate(questions, 1))
    content = (
        f"{_OPEN}\n{_harmless(text)}\n{_CLOSE}\n\nAnswer each question. Reply with one JSON "
        f'object whose keys are the numbers of the questions: {{"1": {{"answer", "quote"}}, ...}}.'
        f"\n{listed}"
    )
    return [
        {"role": "system", "content": instructions(version)},
        {"role": "user", "content": content},
    ]


def reply_schema_together(questions: Sequence[Question]) -> dict[str, object]:
    numbered = {str(at): reply_schema(q.type) for at, q in enumerate(questions, 1)}
    return {
        "type": "object",
        "properties": numbered,
        "required": list(numbered),
        "additionalProperties": False,
    }


@cache
def instructions(version: str) -> str:
    file = _FOLDER / f"{version}.txt"
    if not file.is_file():
        known = ", ".join(sorted(f.stem for f in _FOLDER.glob("*.txt")))
        raise ValueError(f"no prompt {version!r}; there are: {known}")
    return file.read_text(encoding="utf-8").strip()


def _harmless(text: str) -> str:
    """A note cannot end its own frame. Quotes are looked up in the real text afterwards."""
    return text.replace(_CLOSE, "< /note>").replace(_OPEN, "< note>")
