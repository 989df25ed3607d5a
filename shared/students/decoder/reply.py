"""What a decoder student replied, read strictly: whatever is not the agreed format is no reply.
Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.criteria.question import AnswerType, Question
from shared.students.decoder.values import whole
from shared.students.interface import Verdict

FINISHED = "stop"
"""The finish_reason of a reply that ended by itself; "length" is one that was cut off."""


@dataclass(frozen=True)
class Reply:
    """value: as it was written: Yes, No, NA or a number. quote: as the student wrote it, not yet
    looked up; empty for none."""

    value: str
    quote: str = ""

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.value) if self.value in ("Yes", "No", "NA") else Verdict.NUMBER

    @property
    def number(self) -> float | None:
        return float(self.value) if self.verdict is Verdict.NUMBER else None


def read_reply(question: Question, content: str | None, finish_reason: str | None) -> Reply | None:
    """The reply to one question; None where it was cut off or is not of the format."""
    return _reply(question.type, _object(content, finish_reason))


def read_together(
    questions: Sequence[Question], content: str | None, finish_reason: str | None
) -> list[Reply | None]:
    """The replies to questions asked in one call, in their order, which the reply has to keep."""
    numbered = _object(content, finish_reason)
    keys = [str(at) for at in range(1, len(questions) + 1)]
    if not isinstance(numbered, dict) or list(numbered) != keys:
        return [None] * len(questions)
    return [_reply(q.type, numbered[key]) for q, key in zip(questions, keys, strict=True)]


def read_string(written: str) -> str:
    """A JSON string's content from what stands after its opening quotation mark: up to the
    closing one, or, where it was cut off before, as far as it can be read."""
    for length in range(len(written), max(len(written) - 7, -1), -1):
        end = closing(written[:length])
        body = written[:length] if end is None else written[:end]
        try:
            return str(json.loads(f'"{body}"', strict=False))
        except ValueError:
            continue  # cut off within an escape
    return ""


def closing(written: str) -> int | None:
    """Where the string that goes on in `written` is closed; None if it is not."""
    escaped = False
    for at, letter in enumerate(written):
        if letter == '"' and not escaped:
            return at
        escaped = letter == "\\" and not escaped
    return None


def _object(content: str | None, finish_reason: str | None) -> object:
    if content is None or finish_reason != FINISHED:
        return None
    try:
        return json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two answers under one name are none."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _reply(type: AnswerType, found: object) -> Reply | None:
    if not isinstance(found, dict) or not found.keys() <= {"answer", "quote"}:
        return None
    value, quote = found.get("answer"), found.get("quote", "")
    if not isinstance(value, str) or not isinstance(quote, str) or not whole(type, value):
        return None
    return Reply(value, quote)
