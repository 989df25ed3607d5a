"""From the network's logits to one grounded answer: pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.criteria.question import AnswerType, Question
from shared.students.encoder.description import EncoderDescription
from shared.students.encoder.network import Floats
from shared.students.encoder.numbers import Candidate, in_unit
from shared.students.encoder.passages import Ints, Tokens
from shared.students.encoder.plausible import plausible
from shared.students.interface import Answer, Standing, Verdict

VERDICTS = (Verdict.YES, Verdict.NO, Verdict.NUMBER, Verdict.NA)
MAX_EVIDENCE = 60  # tokens
NEAR_VALUE = 24  # tokens between a value and the evidence that still belong to one quote


@dataclass(frozen=True)
class NoteText:
    """A note as the decoder sees it. numbers [N]: first token of each candidate."""

    text: str
    tokens: Tokens
    candidates: list[Candidate]
    numbers: Ints


@dataclass(frozen=True)
class NoteLogits:
    """verdict [4]; start, end, value [n] over the read tokens; read [n]: their place in the
    note, ascending."""

    verdict: Floats
    start: Floats
    end: Floats
    value: Floats
    read: Ints


@dataclass(frozen=True)
class Claim:
    """What the network says before thresholds. span: code points from and to; None for NA."""

    verdict: Verdict
    confidence: float
    number: float | None = None
    span: tuple[int, int] | None = None


def decode(
    question: Question, note: NoteText, logits: NoteLogits, student: EncoderDescription
) -> Answer:
    """The claim with the greatest probability, as answer, proposal or NA by its threshold."""
    claim = best_claim(question, note, logits, student.temperatures[question.type])
    if claim.span is None:
        return nothing(question, claim.confidence)
    thresholds = student.thresholds[claim.verdict]
    if claim.confidence < thresholds.review:
        return nothing(question, 1 - claim.confidence)
    begin, end = claim.span
    standing = Standing.ANSWERED if claim.confidence >= thresholds.answer else Standing.REVIEW
    return Answer(
        question=question.key,
        verdict=claim.verdict,
        standing=standing,
        number=claim.number,
        unit=question.unit if claim.number is not None else None,
        quote=note.text[begin:end],
        offset=begin,
        length=end - begin,
        confidence=claim.confidence,
    )


def nothing(question: Question, confidence: float) -> Answer:
    return Answer(question=question.key, verdict=Verdict.NA, confidence=confidence)


def proposed(answer: Answer) -> Answer:
    """A claim as a proposal for a person; NA stays NA."""
    if answer.verdict is Verdict.NA:
        return answer
    return answer.model_copy(update={"standing": Standing.REVIEW})


def best_claim(question: Question, note: NoteText, logits: NoteLogits, temperature: float) -> Claim:
    """Yes, No or the likeliest number with its probability; NA (no span) only where the note
    offers nothing to claim."""
    numeric = question.type is AnswerType.NUMERIC
    possible = [2, 3] if numeric else [0, 1, 3]
    probability = dict(zip(possible, _softmax(logits.verdict[possible] / temperature), strict=True))
    if not numeric:
        best = 0 if probability[0] >= probability[1] else 1
        return Claim(
            VERDICTS[best], float(probability[best]), span=_words(note, *_evidence(logits))
        )
    chosen = _value(question, note, logits)
    if chosen is None:
        return Claim(Verdict.NA, 1.0)
    index, share = chosen
    value = in_unit(note.candidates[index], note.text, question.unit or "", question.text)
    span = _with_value(note, note.candidates[index], _evidence(logits))
    return Claim(Verdict.NUMBER, float(probability[2]) * share, value, span)


def _evidence(logits: NoteLogits) -> tuple[int, int]:
    """First and last token of the likeliest span that is contiguous in the note."""
    start, end = logits.start, logits.end
    best, score = (0, 0), -np.inf
    for i in np.argsort(-start, kind="stable")[:8]:
        reach = logits.read[i : i + MAX_EVIDENCE] - logits.read[i]
        length = int(np.sum(reach == np.arange(len(reach))))
        j = int(i) + int(np.argmax(end[i : int(i) + length]))
        if start[i] + end[j] > score:
            best, score = (int(i), j), start[i] + end[j]
    return int(logits.read[best[0]]), int(logits.read[best[1]])


def _value(question: Question, note: NoteText, logits: NoteLogits) -> tuple[int, float] | None:
    """The likeliest candidate among the read tokens and its share; None where none can be."""
    at = np.searchsorted(logits.read, note.numbers)
    nearest = logits.read[np.minimum(at, len(logits.read) - 1)]
    unit = question.unit or ""
    inside = [
        int(i)
        for i in np.flatnonzero(nearest == note.numbers)
        if plausible(note.candidates[i], note.text, unit, question.text)
    ]
    if not inside:
        return None
    share = _softmax(logits.value[at[inside]])
    best = int(np.argmax(share))
    value = note.candidates[inside[best]].value
    # The same value written twice is one answer: its shares add up.
    same = [note.candidates[i].value == value for i in inside]
    return inside[best], float(min(share[same].sum(), 1.0))


def _with_value(note: NoteText, value: Candidate, evidence: tuple[int, int]) -> tuple[int, int]:
    """The evidence where it holds the value or stands close to it, else the words before it."""
    first, last = note.tokens.at(value.start), note.tokens.at(value.end - 1)
    if evidence[0] - NEAR_VALUE <= first and last <= evidence[1] + NEAR_VALUE:
        begin, end = _words(note, min(first, evidence[0]), max(last, evidence[1]))
        return min(begin, value.start), max(end, value.end)
    line = note.text.rfind("\n", 0, value.start) + 1
    words = note.text[line : value.start].split(" ")
    begin = max(line, value.start - len(" ".join(words[-5:])))
    return begin, value.end


def _words(note: NoteText, first: int, last: int) -> tuple[int, int]:
    """Code points of the tokens first..last, widened to whole words."""
    text = note.text
    begin, end = int(note.tokens.starts[first]), int(note.tokens.ends[last])
    while begin > 0 and text[begin - 1].isalnum() and text[begin].isalnum():
        begin -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return begin, end


def _softmax(x: Floats) -> Floats:
    shifted = np.exp(x - x.max())
    result: Floats = shifted / shifted.sum()
    return result
