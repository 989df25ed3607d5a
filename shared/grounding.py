"""Finding a claimed quote in the note: exact, then whatever its spaces and case, then roughly.

What is returned is always real text of the note. A rough match must carry the very numbers and
negations of the quote, for 1.4 and 1.9, or "stroke" and "no stroke", are nearly alike in letters.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

LONGEST = 2_000
"""Code points of a quote that is looked for otherwise than exactly."""
SIMILAR = 85.0
"""Least similarity of a rough match, 0 to 100 (normalized indel similarity)."""

_WHOLE = 10_000  # notes up to this length are aligned whole, longer ones by window
_WINDOWS = 6
_WORD = re.compile(r"\w+")
_LONGEST_WORD = 64
_TELLING = re.compile(
    r"\d+(?:[.,/]\d+)*|\b(?:no|not|non|nor|never|none|neither|without|denies|denied|negative)\b"
)


class How(StrEnum):
    EXACT = "exact"
    SPACING = "spacing"  # but for spaces, line breaks and case
    ROUGH = "rough"


@dataclass(frozen=True)
class Span:
    """offset, length: in Unicode code points of the note's text."""

    offset: int
    length: int
    how: How

    def of(self, text: str) -> str:
        return text[self.offset : self.offset + self.length]


def locate(text: str, quote: str) -> Span | None:
    """Where `quote` stands in `text`, at the first place that is best; None if nowhere.

    Time grows linearly with the text.
    """
    quote = quote.strip()
    if not quote:
        return None
    if (found := _exact(text, quote)) is not None:
        return Span(found, len(quote), How.EXACT)
    if len(quote) > LONGEST:
        return None
    words = (re.escape(word) for word in quote.split())
    if match := re.search(r"\s+".join(words), text, re.IGNORECASE):
        return Span(match.start(), len(match[0]), How.SPACING)
    return _rough(text, quote)


def _exact(text: str, quote: str) -> int | None:
    """Whole words are preferred: "art" is not first looked for in "heart"."""
    first = at = text.find(quote)
    for _ in range(50):
        if at < 0 or (_at_boundary(text, at) and _at_boundary(text, at + len(quote))):
            break
        at = text.find(quote, at + 1)
    best = at if at >= 0 else first
    return None if best < 0 else best


def _rough(text: str, quote: str) -> Span | None:
    lowered, telling = _lower(quote), _TELLING.findall(quote.lower())
    best, best_score = None, SIMILAR
    for start, end in _windows(text, quote):
        aligned = fuzz.partial_ratio_alignment(
            lowered, _lower(text[start:end]), score_cutoff=SIMILAR
        )
        if aligned is None:
            continue
        span = _snapped(text, start + aligned.dest_start, start + aligned.dest_end, quote)
        if span is None or _TELLING.findall(span.of(text).lower()) != telling:
            continue
        score = fuzz.ratio(lowered, _lower(span.of(text)))
        if score > best_score or (best is None and score == best_score):
            best, best_score = span, score
    return best


def _windows(text: str, quote: str) -> Iterator[tuple[int, int]]:
    """The parts of a long note that share most words with the quote, rare words counting more."""
    if len(text) <= _WHOLE:
        yield 0, len(text)
        return
    wanted = {word.lower() for word in _WORD.findall(quote)}
    hits = [(m.start(), word) for m in _WORD.finditer(text) if (word := m[0].lower()) in wanted]
    counts = Counter(word for _, word in hits)
    width = 2 * len(quote) + _LONGEST_WORD
    weights, last, total = [], 0, 0.0
    for at, (start, _) in enumerate(hits):
        while last < len(hits) and hits[last][0] < start + width:
            total += 1 / counts[hits[last][1]]
            last += 1
        weights.append((total, -start))
        total -= 1 / counts[hits[at][1]]
    taken: list[int] = []
    for _, negative in heapq.nlargest(_WINDOWS * 8, weights):
        start = -negative
        if len(taken) < _WINDOWS and all(abs(start - other) > len(quote) for other in taken):
            taken.append(start)
            yield max(0, start - width), min(len(text), start + width)


def _snapped(text: str, start: int, end: int, quote: str) -> Span | None:
    """Widened to whole words, without spaces, or signs that the quote lacks, at its ends."""
    limit = start - _LONGEST_WORD, end + _LONGEST_WORD
    while start > limit[0] and not _at_boundary(text, start):
        start -= 1
    while end < limit[1] and not _at_boundary(text, end):
        end += 1
    while start < end and _is_margin(text[start], quote[0]):
        start += 1
    while start < end and _is_margin(text[end - 1], quote[-1]):
        end -= 1
    if start == end or not (_at_boundary(text, start) and _at_boundary(text, end)):
        return None
    return Span(start, end - start, How.ROUGH)


def _is_margin(letter: str, edge: str) -> bool:
    return letter.isspace() or (edge.isalnum() and not letter.isalnum())


def _at_boundary(text: str, at: int) -> bool:
    if at <= 0 or at >= len(text):
        return True
    return not (text[at - 1].isalnum() and text[at].isalnum())


def _lower(text: str) -> str:
    """Lower case of the same length; a few letters have a longer one."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
