"""The worst errors of a student with the part of the note that they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.criteria.question import AnswerType
from shared.grounding import locate
from shared.students.interface import Verdict
from training.evaluate.answering import Outcome
from training.evaluate.scoring import Value

MOST_CLAIMS, MOST_MISSED = 12, 6
AROUND = 220
"""Code points of the note shown on either side of a quote, less a word that would be cut."""
_LONGEST_WORD = 40

_SPACE = re.compile(r"\s+")

STUDENT, KEY, BOTH = "student", "key", "both"
_GAP = "gap"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the note. mark: whose quote it is in, STUDENT, KEY, BOTH, or none; "gap": left
    out."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class WorstError:
    """missed: the student said NA where the key has an answer. confidence: the student's own.
    question: None where its wording may tell of the patient and notes are not shown.
    pieces: the note around the quotes; empty where notes are not shown."""

    note: str
    question: str | None
    expected: str
    got: str
    missed: bool
    confidence: float
    pieces: tuple[Piece, ...] = ()


def worst_errors(outcomes: Iterable[Outcome], *, with_notes: bool) -> tuple[WorstError, ...]:
    """The wrong answers of which the student was surest, then the surest NA where the key has an
    answer. with_notes: note text, quotes and questions written for one note, all patient text."""
    wrong = [outcome for outcome in outcomes if not outcome.pair.right]
    wrong.sort(key=lambda outcome: outcome.settled.confidence, reverse=True)
    claims = [outcome for outcome in wrong if outcome.pair.got != Verdict.NA]
    missed = [outcome for outcome in wrong if outcome.pair.got == Verdict.NA]
    return tuple(
        _error(outcome, with_notes) for outcome in [*claims[:MOST_CLAIMS], *missed[:MOST_MISSED]]
    )


def excerpt(text: str, spans: Sequence[tuple[int, int, str]]) -> tuple[Piece, ...]:
    """The text around the spans (start, end, mark), each once, in order, with gaps between; its
    beginning where there is no span."""
    if not spans:
        windows = [(0, _end(text, 2 * AROUND))]
    else:
        windows = _merged(
            sorted((_start(text, s - AROUND), _end(text, e + AROUND)) for s, e, _ in spans)
        )
    pieces: list[Piece] = []
    for at, (start, end) in enumerate(windows):
        if start > 0 or at > 0:
            pieces.append(Piece("", _GAP))
        edges = {start, end, *(edge for s, e, _ in spans for edge in (s, e))}
        inner = sorted(edge for edge in edges if start <= edge <= end)
        pieces += [Piece(text[low:high], _mark(low, high, spans)) for low, high in pairwise(inner)]
    if windows[-1][1] < len(text):
        pieces.append(Piece("", _GAP))
    return tuple(pieces)


def in_words(value: Value, unit: str | None = None) -> str:
    """An answer for a person to read."""
    if value == Verdict.NA:
        return "not answerable"
    if isinstance(value, Verdict):
        return value.value
    number = f"{value:.10g}"
    return number if unit in (None, "1") else f"{number} {unit}"


def _error(outcome: Outcome, with_notes: bool) -> WorstError:
    pair, subject = outcome.pair, outcome.subject
    unit = subject.asked[0].unit if subject.type is AnswerType.NUMERIC else None
    return WorstError(
        note=pair.note,
        question=subject.text if with_notes or subject.label is not None else None,
        expected=in_words(pair.expected, unit),
        got=in_words(pair.got, unit),
        missed=pair.got == Verdict.NA,
        confidence=outcome.settled.confidence,
        pieces=excerpt(outcome.note.text, _spans(outcome)) if with_notes else (),
    )


def _spans(outcome: Outcome) -> list[tuple[int, int, str]]:
    text = outcome.note.text
    quotes = [(claim.quote, claim.offset, STUDENT) for claim in outcome.settled.claims]
    quotes.append((outcome.note.quotes.get(outcome.subject.id), None, KEY))
    spans: list[tuple[int, int, str]] = []
    for quote, offset, mark in quotes:
        if not quote:
            continue
        if offset is not None and text.startswith(quote, offset):
            spans.append((offset, offset + len(quote), mark))
        elif (found := locate(text, quote)) is not None:
            spans.append((found.offset, found.offset + found.length, mark))
    return spans


def _start(text: str, at: int) -> int:
    """Moved on to the beginning of a word."""
    if at <= 0:
        return 0
    space = _SPACE.search(text, at, at + _LONGEST_WORD)
    return space.end() if space else at


def _end(text: str, at: int) -> int:
    """Moved back to the end of a word."""
    if at >= len(text):
        return len(text)
    before = text[at - _LONGEST_WORD : at]
    words = before.rstrip() if before[-1:].isspace() else before.rpartition(" ")[0]
    return at - len(before) + len(words) if words else at


def _merged(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in windows:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _mark(low: int, high: int, spans: Iterable[tuple[int, int, str]]) -> str:
    marks = {mark for start, end, mark in spans if start <= low and high <= end}
    return BOTH if len(marks) > 1 else next(iter(marks), "")
