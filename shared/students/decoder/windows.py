"""Notes beyond the context: split with overlap, and the answers of the parts made one. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shared.students.interface import Answer, Standing, Verdict

OVERLAP = 200
"""Tokens that two windows of a note share, where there is room."""

LEAST_ROOM = 64
"""Tokens of a note that a context must have room for."""

Count = Callable[[str], int]
"""Tokens of a text; of a longer beginning never much fewer."""

# Places where a window may end, the best kind first: after a line, a sentence, a word.
_BORDERS = (re.compile(r"\n"), re.compile(r"[.!?;]\s+"), re.compile(r"\s+"))


@dataclass(frozen=True)
class Window:
    """A part of a note. offset: code points before it."""

    offset: int
    text: str


def split(text: str, count: Count, most: int, overlap: int) -> list[Window]:
    """Windows of at most `most` tokens that cover the text, each reaching back by up to `overlap`
    tokens into the one before. They begin and end at lines, else sentences, else words, else
    anywhere. One window, perhaps empty, where all fits. (A single character of more than `most`
    tokens still makes a window.)

    Raises ValueError unless 0 <= overlap < most.
    """
    if not 0 <= overlap < most:
        raise ValueError(f"an overlap of {overlap} in windows of {most} tokens")
    windows: list[Window] = []
    start = 0
    while True:
        end = _end(text, start, count, most)
        windows.append(Window(start, text[start:end]))
        if end == len(text):
            return windows
        start = _next_start(text, start, end, count, overlap)


def split_into(text: str, count: Count, context: int, taken: int) -> list[Window]:
    """Windows for a context of that many tokens, of which prompt and reply take some without the
    note. Raises ValueError: too few are left."""
    room = context - taken
    if room < LEAST_ROOM:
        raise ValueError(
            f"a context of {context} tokens leaves no room for a note: prompt and reply take "
            f"{taken}. Give the model a longer one, see CHARTSIFT_STUDENT_CONTEXT, or ask fewer "
            "questions in one call"
        )
    return split(text, count, room, min(OVERLAP, room // 4))


def merge(question: str, answers: Sequence[Answer]) -> Answer:
    """The answers that the windows of one note gave to one question, as one: the surest claim
    that stands, else the surest proposal, else NA as sure as the least sure window. Of equals the
    first. Offsets are taken as those of the whole note already."""
    claims = [answer for answer in answers if answer.verdict is not Verdict.NA]
    if claims:
        # max gives the first of equals
        return max(claims, key=lambda a: (a.standing is Standing.ANSWERED, a.confidence))
    confidence = min((answer.confidence for answer in answers), default=0.0)
    return Answer(question=question, verdict=Verdict.NA, confidence=confidence)


def _end(text: str, start: int, count: Count, most: int) -> int:
    reach = _farthest(start, len(text), lambda end: count(text[start:end]) <= most)
    if reach == len(text):
        return reach
    # A border in the first half would make many small windows
    for end in _borders(text, start + (reach - start) // 2 + 1, reach, last=True):
        if count(text[start:end]) <= most:
            return end
    return max(reach, start + 1)


def _next_start(text: str, start: int, end: int, count: Count, overlap: int) -> int:
    """Where the window after text[start:end] begins: past `start`, and where the overlap has a
    border in its first half, there."""
    size = _farthest(0, end - start - 1, lambda size: count(text[end - size : end]) <= overlap)
    return next(_borders(text, end - size, end - size // 2, last=False), end - size)


def _borders(text: str, low: int, high: int, *, last: bool) -> Iterator[int]:
    """Borders in low..high, each kind from the first on, or from the last back."""
    for border in _BORDERS:
        ends = [match.end() for match in border.finditer(text, max(low - 1, 0), high)]
        inside = [end for end in ends if low <= end <= high]
        yield from reversed(inside) if last else inside


def _farthest(low: int, high: int, fits: Callable[[int], bool]) -> int:
    """The greatest number in low..high that fits, where all up to it fit; low is not asked."""
    step = 256
    while low + step < high and fits(low + step):
        low, step = low + step, step * 2
    high = min(high, low + step)
    return low + bisect_left(range(low + 1, high + 1), True, key=lambda end: not fits(end))
