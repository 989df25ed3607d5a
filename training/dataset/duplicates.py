"""Questions that are asked twice of the same note."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from training.dataset.cleaning import Reason
from training.dataset.records import TeacherItem

# Numbers stay whole and comparisons stay: "> 2.5" and "< 25" are other questions.
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[<>≤≥=%]+")
# What may differ between two wordings of one question. No negation, tense or time is among them.
_FILLERS = frozenset(
    "a an the this that is are do does has have had be been any of in on for to with and patient "
    "patients pt s he she his her their they there what which how much many please".split()
)
_LEAST_STEM, _LONGEST_ENDING = 4, 3


def wording(question: str) -> str:
    """The question without case, punctuation and spacing."""
    return " ".join(_TOKEN.findall(unicodedata.normalize("NFKC", question).casefold()))


def same_answer(one: TeacherItem, other: TeacherItem) -> bool:
    if one.number is not None and other.number is not None:
        return one.number == other.number
    return one.answer == other.answer


def alike(one: str, other: str, similar: float) -> bool:
    """Whether two wordings ask the same in the same words but for fillers and endings.

    Likeness in letters alone is not enough: "history of MI" and "history of AF" are 88 % alike.
    """
    if fuzz.ratio(one, other, score_cutoff=similar) < similar:
        return False
    words, others = _content(one), _content(other)
    return all(_has_like(word, others) for word in words - others) and all(
        _has_like(word, words) for word in others - words
    )


def find_duplicates(items: Sequence[TeacherItem], similar: float) -> dict[int, Reason]:
    """Number of each item that goes, and why, of the items of one note.

    The same question (but for case, punctuation, spacing) with different answers: all of them
    go, for nothing tells which is right. With the same answer, or in nearly the same words and
    with the same answer: all but the first. Numbers in different units are no contradiction.
    """
    wordings = [wording(item.question) for item in items]
    groups: dict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(wordings):
        groups[text].append(at)
    gone = {
        at: Reason.CONTRADICTION
        for group in groups.values()
        if _contradictory([items[at] for at in group])
        for at in group
    }
    kept: list[int] = []
    for at, item in enumerate(items):
        if at in gone:
            continue
        if any(
            _same_unit(item, items[other])
            and same_answer(item, items[other])
            and item.type is items[other].type
            and (wordings[at] == wordings[other] or alike(wordings[at], wordings[other], similar))
            for other in kept
        ):
            gone[at] = Reason.DUPLICATE
        else:
            kept.append(at)
    return gone


def _contradictory(group: Iterable[TeacherItem]) -> bool:
    group = list(group)
    return any(
        not same_answer(one, other) and _same_unit(one, other)
        for at, one in enumerate(group)
        for other in group[:at]
    )


def _same_unit(one: TeacherItem, other: TeacherItem) -> bool:
    return one.unit is None or other.unit is None or one.unit == other.unit


def _content(text: str) -> frozenset[str]:
    return frozenset(text.split()) - _FILLERS


def _has_like(word: str, others: Iterable[str]) -> bool:
    """smoke, smokes, smoking; but not hypertension, hypotension."""
    if not word.isalpha():
        return False
    for other in others:
        least = max(_LEAST_STEM, max(len(word), len(other)) - _LONGEST_ENDING)
        if word[:least] == other[:least] and len(word) >= least and len(other) >= least:
            return True
    return False
