"""What to look for in a note, read off the words of a question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from training.baselines.vocabulary import CONCEPTS, PADDING

_SEPARATOR = re.compile(r"[,;:()?]| or | and |\bsuch as\b|\bincluding\b|\bmeaning\b|\bdue to\b")
_WORD = re.compile(r"[a-z0-9][a-z0-9'/-]*")
_KIN = re.compile(
    r"\b(family|father|mother|parents?|brothers?|sisters?|siblings?|sons?|daughters?|relatives?)\b"
)
_NOW = re.compile(
    r"\b(currently?|now|active|taking|takes?|recent|within|past \w+ (months?|years?))\b"
)
_KNOWN = re.compile(
    rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, sorted(CONCEPTS, key=len, reverse=True)))})"
    "(?![a-z0-9])"
)
_EVER = re.compile(r"\bever\b|\bhistory\b|\bin the past\W*$")
_IN_BRACKETS = re.compile(r"\([^)]*\)")
MOST_WORDS = 4


@dataclass(frozen=True)
class Sought:
    """groups: each a set of spellings of one concept; lower case, several words by spaces.
    every: Yes needs a mention of each group ("both"), not of one.
    kin: the question is about relatives. now: a mention in the past does not do.
    allergy: the question is about an allergy to the concept.
    """

    groups: tuple[tuple[str, ...], ...]
    every: bool
    kin: bool
    now: bool
    allergy: bool


def sought(question: str) -> Sought:
    text = _IN_BRACKETS.sub(" ", question.lower())
    groups: list[tuple[str, ...]] = []
    for segment in _SEPARATOR.split(text):
        for group in _groups(segment):
            if not any(set(group) <= set(found) for found in groups):
                groups.append(group)
    return Sought(
        groups=tuple(groups),
        every=" both " in text,
        kin=_KIN.search(text) is not None,
        now=_NOW.search(text) is not None and _EVER.search(text) is None,
        allergy="allerg" in text,
    )


def _groups(segment: str) -> list[tuple[str, ...]]:
    """The known concepts of a segment; without any, its content words as one phrase."""
    if known := [CONCEPTS[match[0]] for match in _KNOWN.finditer(segment)]:
        return known
    words = [word for word in _WORD.findall(segment) if word not in PADDING and len(word) > 1]
    words = [word for word in words if not _KIN.fullmatch(word) and not word.startswith("allerg")]
    return [(" ".join(words[-MOST_WORDS:]),)] if words else []
