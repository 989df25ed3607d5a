"""One choice of a chat completion with log-probabilities, as OpenAI-compatible servers give it.
Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from shared.criteria.question import AnswerType
from shared.students.decoder.confidence import Step, certainty

Json = Mapping[str, Any]

# Within a quote the marks are escaped, so that no note can bring an answer of its own.
_VALUE = re.compile(rb'"answer"\s*:\s*"([^"]*)"')


def content_of(choice: Json) -> str | None:
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else None


def confidences(choice: Json, types: Sequence[AnswerType]) -> list[float] | None:
    """For each answer in the order in which they were written, the probability of its value
    among the possible ones; 0 where it cannot be told. None: the server gave no
    log-probabilities."""
    logprobs = choice.get("logprobs")
    listed = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(listed, list):
        return None
    tokens = [token for token in listed if isinstance(token, dict)]
    written = [_bytes(token) for token in tokens]
    ends = list(accumulate(map(len, written)))
    found = list(_VALUE.finditer(b"".join(written)))[: len(types)]
    values = []
    for type, match in zip(types, found, strict=False):
        begin, end = match.span(1)
        # From the mark that opens the value: its token may be one that begins some values alone
        first = next(at for at, stop in enumerate(ends) if stop >= begin)
        last = next(at for at, stop in enumerate(ends) if stop > end)
        start = ends[first] - len(written[first])
        lead = written[first][: begin - start].decode(errors="replace")
        steps = [_step(token) for token in tokens[first : last + 1]]
        values.append(certainty(type, steps, lead))
    return values + [0.0] * (len(types) - len(values))


def _step(token: Json) -> Step:
    chosen = (_text(token), float(token["logprob"]))
    options = [(_text(t), float(t["logprob"])) for t in token.get("top_logprobs") or []]
    return Step(chosen[0], options if chosen in options else [*options, chosen])


def _text(token: Json) -> str:
    return _bytes(token).decode(errors="replace")


def _bytes(token: Json) -> bytes:
    """Of part of a letter `token` shows a replacement, `bytes` what it is."""
    raw = token.get("bytes")
    return bytes(raw) if isinstance(raw, list) else str(token.get("token", "")).encode()
