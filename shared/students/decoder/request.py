"""What a vLLM server is asked: the body of a chat completion. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.criteria.question import Question
from shared.students.decoder.description import DecoderDescription
from shared.students.decoder.prompt import (
    MOST_QUOTE,
    ChatMessage,
    messages,
    messages_together,
    reply_schema,
    reply_schema_together,
)

TOP_LOGPROBS = 20
"""As many as vLLM gives unless told otherwise."""
_ALONE = MOST_QUOTE + 64
# Of each question where several share a reply. Less than the longest reply takes: one that is cut
# off is asked again, one by one.
_TOGETHER = 96


def request(
    student: DecoderDescription, model: str, text: str, questions: Sequence[Question]
) -> dict[str, Any]:
    """The note first, the answer first in its schema, strings bounded, nothing left to chance."""
    schema = (
        reply_schema(questions[0].type) if len(questions) == 1 else reply_schema_together(questions)
    )
    if not student.evidence:
        schema = _without_quote(schema)
    return {
        "model": model,
        "messages": shown(student, text, questions),
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": schema, "strict": True},
        },
        "temperature": 0,
        "seed": 0,
        "max_tokens": reply_tokens(questions),
        "logprobs": True,
        "top_logprobs": TOP_LOGPROBS,
    }


def reply_tokens(questions: Sequence[Question]) -> int:
    """Tokens that a reply may have."""
    return _ALONE if len(questions) == 1 else _TOGETHER * len(questions)


def shown(
    student: DecoderDescription, text: str, questions: Sequence[Question]
) -> list[ChatMessage]:
    if len(questions) == 1:
        return messages(text, questions[0], student.prompt)
    return messages_together(text, questions, student.prompt)


def _without_quote(schema: Any) -> Any:
    """The same schema for a student that learned no quotes."""
    if not isinstance(schema, dict):
        return schema
    kept = {name: _without_quote(part) for name, part in schema.items() if name != "quote"}
    if isinstance(kept.get("required"), list):
        kept["required"] = [name for name in kept["required"] if name != "quote"]
    return kept
