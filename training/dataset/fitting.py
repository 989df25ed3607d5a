"""From what a teacher or an annotator wrote to an item: forgiving in form, strict in meaning."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from pydantic import ValidationError

from shared.criteria.question import AnswerType
from training.dataset.records import ItemType, TeacherItem

LONGEST_QUESTION = 500
"""Code points; `shared.criteria.question.Question` takes no more."""

_YES, _NO = frozenset(("yes", "true")), frozenset(("no", "false"))
_NA = frozenset(("na", "n/a", "n.a", "not available", "not answerable"))
_NONE = _NA | {"none", "null", "-", ""}
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})+(?!\d)|\d*)(?P<part>[.,]\d+)?"
    r"(?:\s*(?P<unit>(?![eE][+-]?\d|(?:st|nd|rd|th)\b)[A-Za-z%°µμ\[]\S*))?",
    re.ASCII,
)
_MOST_DIGITS = 20
_RATING = re.compile(r"\s*(\d{1,2})(?:\.0+)?\s*(?:/\s*10)?\s*")


class MisfitError(ValueError):
    """What does not fit; without the text."""


def fit(raw: Mapping[str, object], kind: ItemType) -> TeacherItem:
    """raw: question, answer, unit, quote, section, difficulty, explanation, of any JSON type.

    An answer of another case, a number with separators or with its unit behind it are put
    right. Raises MisfitError: no question, or an answer that `kind` does not have.
    """
    question = " ".join(_text(raw.get("question")).split())
    if not 0 < len(question) <= LONGEST_QUESTION:
        raise MisfitError("no question, or a very long one")
    unit = _text(raw.get("unit")) or None
    numeric = kind.answer_type is AnswerType.NUMERIC
    answer, behind = read_answer(raw.get("answer"), kind.answer_type, unit)
    if behind and unit and behind.casefold() != unit.casefold():
        raise MisfitError("answer in another unit than the item's")
    quote = _text(raw.get("quote"))
    try:
        return TeacherItem(
            question=question,
            type=kind,
            answer=answer,
            unit=(unit or behind) if numeric else None,
            quote="" if answer == "NA" and quote.casefold() in _NONE else quote,
            section=_text(raw.get("section")) or None,
            difficulty=_difficulty(raw.get("difficulty")),
            explanation=_text(raw.get("explanation")) or None,
        )
    except ValidationError:
        raise MisfitError(f"answer does not fit type {kind.value}") from None


def read_answer(raw: object, kind: AnswerType, unit: str | None = None) -> tuple[str, str | None]:
    """The answer as `TeacherItem` has it, and the unit that stood behind a number if it is not
    the expected `unit`.

    Raises MisfitError: neither Yes, No, a number (as `kind` asks) nor NA.
    """
    if kind is AnswerType.NUMERIC and isinstance(raw, int | float) and not isinstance(raw, bool):
        if isinstance(raw, float) and not math.isfinite(raw):
            raise MisfitError("answer is not a finite number")
        return _plain(Decimal(str(raw))), None
    text = _text(raw)
    word = text.rstrip(".").casefold()
    if word in _NA:
        return "NA", None
    if kind is AnswerType.BOOLEAN:
        if word in _YES or word in _NO:
            return ("Yes" if word in _YES else "No"), None
        raise MisfitError("answer is neither Yes, No nor NA")
    # Units hold digits too (10*3/uL, or just 1): only behind a space they are not the number's.
    bare = text.removesuffix(f" {unit}").rstrip() if unit else text
    found = _NUMBER.fullmatch(bare.removesuffix("."))
    if found is None or not (found["whole"] or found["part"]):
        raise MisfitError("answer is neither a number nor NA")
    whole, part = found["whole"].replace(",", "") or "0", found["part"] or ""
    number = f"{found['sign'].removeprefix('+')}{whole}{part.replace(',', '.')}"
    return _plain(Decimal(number), number), found["unit"]


def _plain(number: Decimal, written: str | None = None) -> str:
    """written: how it is to stay, zeros at its end included."""
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise MisfitError("answer is no number of medicine")
    return written or format(number.normalize(), "f")


def _text(raw: object) -> str:
    """Lone surrogates, which JSON may hold and UTF-8 may not, become question marks."""
    if raw is None or isinstance(raw, list | dict):
        return ""
    return str(raw).strip().encode("utf-8", "replace").decode()


def _difficulty(raw: object) -> int | None:
    found = _RATING.fullmatch(_text(raw))
    rating = int(found[1]) if found else 0
    return rating if 1 <= rating <= 10 else None
