"""A person's Observation as an item of a dataset. Pure."""

from __future__ import annotations

import re

from services.retrain.corrections.omitted import Left, Omitted
from shared.criteria.question import AnswerType, Question
from shared.criteria.units import UnitError, convert
from shared.fhir import mapping, systems
from shared.fhir.client import Resource
from shared.grounding import locate
from shared.students.interface import Answer, Verdict
from training.dataset.check import MOST_QUOTE_WORDS
from training.dataset.fitting import LONGEST_QUESTION, MisfitError, read_answer
from training.dataset.records import ItemType, TeacherItem

_TYPES = {
    (AnswerType.BOOLEAN, True): ItemType.BOOLEAN,
    (AnswerType.BOOLEAN, False): ItemType.NA_BOOLEAN,
    (AnswerType.NUMERIC, True): ItemType.NUMERIC,
    (AnswerType.NUMERIC, False): ItemType.NA_NUMERIC,
}


def item_of(observation: Resource, question: Question | None) -> TeacherItem:
    """The item, without its quote. question: as its study asks it, if that is known; the words
    are those that the person saw.

    Raises Left.
    """
    said = mapping.reviewed_answer(observation)
    if said.verdict is Verdict.NA and _open(observation):
        raise Left(Omitted.UNSETTLED)
    kind = _kind(said, question)
    answer, unit = _answer(said, question)
    words = (observation.get("code") or {}).get("text") or (question.text if question else "")
    words = " ".join(str(words).split())
    if not 0 < len(words) <= LONGEST_QUESTION:
        raise Left(Omitted.NO_WORDS)
    if kind is AnswerType.NUMERIC and said.verdict is Verdict.NA:
        unit = question.unit if question else None
    return TeacherItem(
        question=words,
        type=_TYPES[kind, said.verdict is not Verdict.NA],
        answer=answer,
        unit=unit,
    )


def quote_of(observation: Resource, text: str, *, same_text: bool) -> str:
    """The evidence as it stands in `text`; empty where there is none, or it is not found.

    The quote that the Observation carries is looked for; without one its place in the note is
    taken, if `text` is what that was counted in, and of a number the line in which alone it
    stands.
    """
    if claimed := mapping.quote(observation):
        if (found := locate(text, claimed)) is not None:
            return _short(found.of(text))
    elif same_text and (place := _place(observation)) is not None:
        offset, length = place
        if (marked := text[offset : offset + length].strip()) and len(marked) <= length:
            return _short(marked)
    number = (observation.get("valueQuantity") or {}).get("value")
    return "" if number is None or claimed else _short(_line_of(text, f"{number:g}"))


def _place(observation: Resource) -> tuple[int, int] | None:
    place = mapping.span(observation)
    return place if place and all(isinstance(part, int) and part >= 0 for part in place) else None


def _line_of(text: str, number: str) -> str:
    """A number of one digit is too common to be told apart."""
    if len(number) < 2:
        return ""
    found = list(re.finditer(rf"(?<![\d.,]){re.escape(number)}(?![\d]|[.,]\d)", text))
    if len(found) != 1:
        return ""
    start = text.rfind("\n", 0, found[0].start()) + 1
    end = text.find("\n", found[0].end())
    return text[start : len(text) if end < 0 else end].strip()


def _short(quote: str) -> str:
    return quote if len(quote.split()) <= MOST_QUOTE_WORDS else ""


def _open(observation: Resource) -> bool:
    """Closed as it was written: the machine's proposal was neither confirmed nor refused."""
    codings = (observation.get("dataAbsentReason") or {}).get("coding") or []
    return any(coding.get("system") == systems.ANSWER_STATUS for coding in codings)


def _kind(said: Answer, question: Question | None) -> AnswerType:
    if said.verdict is Verdict.NA:
        if question is None:
            raise Left(Omitted.NO_KIND)
        return question.type
    kind = AnswerType.NUMERIC if said.verdict is Verdict.NUMBER else AnswerType.BOOLEAN
    if question is not None and question.type is not kind:
        raise Left(Omitted.NO_KIND)
    return kind


def _answer(said: Answer, question: Question | None) -> tuple[str, str | None]:
    """Numbers in the question's unit, which is what the student is asked for."""
    if said.verdict is not Verdict.NUMBER or said.number is None:
        return said.verdict.value, None
    if not said.unit:
        raise Left(Omitted.UNIT)
    unit = question.unit if question is not None and question.unit else said.unit
    try:
        number = convert(said.number, said.unit, unit)
        return read_answer(number, AnswerType.NUMERIC)[0], unit
    except (UnitError, MisfitError):
        raise Left(Omitted.UNIT) from None
