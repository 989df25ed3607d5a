"""Keywords and negation: each question's words as medspaCy target rules, judged by ConText.

Yes: a mention that is neither negated, hypothetical, uncertain nor of a relative. No: only negated
mentions. Else NA. A number: the one near the keyword. No model, no training, any question.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import spacy
from loguru import logger
from medspacy.custom_tokenizer import create_medspacy_tokenizer
from medspacy.target_matcher import TargetMatcher, TargetRule
from spacy.tokens import Doc, Span

from shared.criteria.question import AnswerType, Question
from shared.students.interface import Answer, Verdict
from training.baselines import nearby_numbers
from training.baselines.keywords import Concepts, Sought, sought
from training.baselines.nearby_numbers import FoundNumber
from training.baselines.vocabulary import CAPITALS_ONLY, CONCEPTS

logger.disable("PyRuSH")  # the sentence splitter logs the words of the note

SPANS = "medspacy_spans"
MOST_CHARACTERS = 100_000  # the rest of a longer note is not read
MOST_QUOTE = 300  # characters
ALLERGY_SECTION = "allergy"
FAMILY_SECTION = "family_history"


class MedspacyRules:
    """Confidence is 1: rules know no doubt. concepts: the synonyms it knows; without them it has
    the words of the question alone."""

    def __init__(self, concepts: Concepts = CONCEPTS) -> None:
        self.version = "medspacy-rules-1" if concepts else "medspacy-keywords-1"
        self._concepts = concepts
        grouped = {"input_span_type": "group", "span_group_name": SPANS}
        self._nlp: Any = spacy.blank("en")
        self._nlp.tokenizer = create_medspacy_tokenizer(self._nlp)
        self._nlp.add_pipe("medspacy_pyrush")
        self._nlp.add_pipe("medspacy_context", config=grouped)
        self._nlp.add_pipe("medspacy_sectionizer", config=grouped)
        self._asked: tuple[Question, ...] = ()
        self._sought: list[Sought] = []
        self._matcher: Any = None

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        self._prepare(tuple(questions))
        doc = self._read(text[:MOST_CHARACTERS])
        mentions: dict[str, list[Span]] = {}
        for span in sorted(doc.spans.get(SPANS, ()), key=lambda span: span.start):
            mentions.setdefault(span.label_, []).append(span)
        return [
            _number(question, wanted, mentions, doc)
            if question.type is AnswerType.NUMERIC
            else _yes_or_no(question, wanted, mentions)
            for question, wanted in zip(questions, self._sought, strict=True)
        ]

    def _prepare(self, questions: tuple[Question, ...]) -> None:
        """Target rules are made once for the same questions, which are asked note after note."""
        if questions == self._asked:
            return
        self._asked, self._sought = (
            questions,
            [sought(question.text, self._concepts) for question in questions],
        )
        spellings = {
            spelling for wanted in self._sought for group in wanted.groups for spelling in group
        }
        self._matcher = TargetMatcher(self._nlp, result_type="group", prune=False)
        self._matcher.add([_rule(self._nlp.make_doc(text)) for text in sorted(spellings)])

    def _read(self, text: str) -> Doc:
        doc: Doc = self._nlp.make_doc(text)
        if len(doc):
            splitter, *judges = (component for _, component in self._nlp.pipeline)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", r"\[W036\]")  # a matcher without patterns
                for step in (splitter, self._matcher, *judges):
                    doc = step(doc)
        return doc


def _rule(spelling: Doc) -> TargetRule:
    """Words in order with up to two between them; word endings may vary."""
    pattern: list[dict[str, Any]] = []
    for previous, token in zip((None, *spelling), spelling, strict=False):
        if previous is not None and previous.is_alpha and token.is_alpha:
            pattern += [{"IS_PUNCT": False, "IS_SPACE": False, "OP": "?"}] * 2
        pattern.append(_pattern_of(token.text))
    return TargetRule(spelling.text, spelling.text, pattern=pattern)


def _pattern_of(word: str) -> dict[str, Any]:
    if word in CAPITALS_ONLY:
        return {
            "TEXT": {"IN": [word.upper(), word.capitalize()] if word == "cr" else [word.upper()]}
        }
    if len(word) <= 4 or not word.isalpha():
        return {"LOWER": {"IN": [word, word + "s"]}}
    return {"LOWER": {"REGEX": f"^{word[: max(5, len(word) - 3)]}"}}


Mentions = dict[str, list[Span]]  # spelling -> where it stands in the note, in order


def _yes_or_no(question: Question, wanted: Sought, mentions: Mentions) -> Answer:
    groups = [
        [span for spelling in group for span in mentions.get(spelling, ()) if _about(span, wanted)]
        for group in wanted.groups
    ]
    positive = [[span for span in group if _asserted(span, wanted)] for group in groups]
    negative = [[span for span in group if span._.is_negated] for group in groups]
    if groups and (all(positive) if wanted.every else any(positive)):
        return _claim(question, Verdict.YES, next(spans[0] for spans in positive if spans))
    if any(negative) and (wanted.every or not any(positive)):
        return _claim(question, Verdict.NO, next(spans[0] for spans in negative if spans))
    return _na(question)


def _about(span: Span, wanted: Sought) -> bool:
    """The mention is of whom and of what the question asks."""
    family = span._.is_family or span._.section_category == FAMILY_SECTION
    allergy = span._.section_category == ALLERGY_SECTION or "allerg" in span.sent.text.lower()
    return family == wanted.kin and allergy == wanted.allergy


def _asserted(span: Span, wanted: Sought) -> bool:
    doubted = span._.is_negated or span._.is_hypothetical or span._.is_uncertain
    return not doubted and not (wanted.now and span._.is_historical)


def _claim(question: Question, verdict: Verdict, span: Span) -> Answer:
    """The quote is the mention's sentence, or its surroundings where that is long."""
    start, end = span.sent.start_char, span.sent.end_char
    start, end = max(start, span.start_char - MOST_QUOTE // 2), min(end, start + MOST_QUOTE)
    end = max(end, span.end_char)
    text = span.doc.text[start:end]
    quote = text.strip()
    offset = start + len(text) - len(text.lstrip())
    return Answer(
        question=question.key,
        verdict=verdict,
        quote=quote,
        offset=offset,
        length=len(quote),
        confidence=1.0,
    )


def _number(question: Question, wanted: Sought, mentions: Mentions, doc: Doc) -> Answer:
    for found in _candidates(question, wanted, mentions, doc):
        if found:
            chosen = _chosen(question.text, found)
            return Answer(
                question=question.key,
                verdict=Verdict.NUMBER,
                number=chosen.value,
                unit=question.unit,
                quote=doc.text[chosen.start : chosen.end],
                offset=chosen.start,
                length=chosen.end - chosen.start,
                confidence=1.0,
            )
    return _na(question)


def _candidates(
    question: Question, wanted: Sought, mentions: Mentions, doc: Doc
) -> Iterator[list[FoundNumber]]:
    """Of each concept of the question in turn: the numbers near its mentions, in order."""
    text, unit = doc.text, question.unit or ""
    if "how old" in question.text.lower() or question.text.lower().startswith("age"):
        age = nearby_numbers.age(text)
        yield [age] if age is not None else []
        return
    for group in wanted.groups:
        found: dict[int, FoundNumber] = {}
        for spelling in group:
            for span in mentions.get(spelling, ()):
                if span._.is_family:
                    continue
                number = _beside(text, span, unit, spelling, group)
                if number is not None:
                    found[number.start] = number
        yield [found[start] for start in sorted(found)]


def _beside(
    text: str, span: Span, unit: str, spelling: str, group: tuple[str, ...]
) -> FoundNumber | None:
    """Of a blood pressure the side that the group names; else the number next to the mention."""
    if {"bp", "blood pressure"} & set(group):
        systolic = "diastolic" not in group
        pair = nearby_numbers.pressure(text, span.end_char, systolic=systolic)
        if pair is not None or spelling in ("bp", "blood pressure"):
            return pair
    return nearby_numbers.near(text, span.start_char, span.end_char, unit)


def _chosen(question: str, found: Sequence[FoundNumber]) -> FoundNumber:
    """The last one of the note, unless the question asks for another."""
    words = question.lower()
    if any(word in words for word in ("highest", "peak", "maximum", "maximal")):
        return max(found, key=lambda number: number.value)
    if any(word in words for word in ("lowest", "nadir", "minimum")):
        return min(found, key=lambda number: number.value)
    if any(word in words for word in ("first", "initial", "admission", "presentation", "arrival")):
        return found[0]
    return found[-1]


def _na(question: Question) -> Answer:
    return Answer(question=question.key, verdict=Verdict.NA, confidence=1.0)
