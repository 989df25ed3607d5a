"""What to look for in a note, read off the words of a question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from training.baselines.vocabulary import PADDING

_SEPARATOR = re.compile(r"[,;:()?]| or | and |\bsuch as\b|\bincluding\b|\bmeaning\b|\bdue to\b")
_WORD = re.compile(r"[a-z0-9][a-z0-9'/-]*")
_KIN = re.compile(
    r"\b(family|father|mother|parents?|brothers?|sisters?|siblings?|sons?|daughters?|relatives?)\b"
)
_NOW = re.compile(
    r"\b(currently?|now|active|taking|takes?|recent|within|past \w+ (months?|years?))\b"
)
_EVER = re.compile(r"\bever\b|\bhistory\b|\bin the past\W*$")
_IN_BRACKETS = re.compile(r"\([^)]*\)")
MOST_WORDS = 4

Concepts = Mapping[str, tuple[str, ...]]  # a name in a question -> the spellings looked for


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


def sought(question: str, concepts: Concepts) -> Sought:
    text = _IN_BRACKETS.sub(" ", question.lower())
    groups: list[tuple[str, ...]] = []
    for segment in _SEPARATOR.split(text):
        for group in _groups(segment, concepts):
            if not any(set(group) <= set(found) for found in groups):
                groups.append(group)
    return Sought(
        groups=tuple(groups),
        every=" both " in text,
        kin=_KIN.search(text) is not None,
        now=_NOW.search(text) is not None and _EVER.search(text) is None,
        allergy="allerg" in text,
    )


def _groups(segment: str, concepts: Concepts) -> list[tuple[str, ...]]:
    """The known concepts of a segment; without any, its content words as one phrase."""
    if known := [concepts[name] for name in _known(segment, concepts)]:
        return known
    words = [word for word in _WORD.findall(segment) if word not in PADDING and len(word) > 1]
    words = [word for word in words if not _KIN.fullmatch(word) and not word.startswith("allerg")]
    return [(" ".join(words[-MOST_WORDS:]),)] if words else []


def _known(segment: str, concepts: Concepts) -> list[str]:
    """Names of the concepts in the segment, in order; of overlapping names the longest."""
    if not concepts:
        return []
    names = "|".join(map(re.escape, sorted(concepts, key=len, reverse=True)))
    return re.findall(rf"(?<![a-z0-9])(?:{names})(?![a-z0-9])", segment)
