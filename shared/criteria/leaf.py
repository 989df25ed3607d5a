"""One leaf of a criterion over all notes of a patient, and over what the Patient resource says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.criteria.evaluation import Finding
from shared.criteria.expression import Asked, Combine, Compared, plain
from shared.criteria.kleene import Kleene, disjunction
from shared.criteria.question import Fact, Question
from shared.criteria.study import Criterion
from shared.criteria.units import convert
from shared.students.interface import Answer, Standing, Verdict


@dataclass(frozen=True)
class NotedAnswer:
    """An answer and the note that it is from. corrected: confirmed or set by a person."""

    document_id: str
    note_date: datetime
    answer: Answer
    corrected: bool = False


@dataclass(frozen=True)
class PatientFacts:
    """sex: administrative gender (FHIR code). languages: BCP 47 codes of communication."""

    sex: str | None = None
    birth_date: date | None = None
    languages: tuple[str, ...] = ()


NotedFinding = Finding[NotedAnswer]


def by_fact(
    leaf: Asked | Compared, question: Question, facts: PatientFacts, as_of: date
) -> NotedFinding | None:
    """What the Patient resource says to the question; None where it says nothing."""
    match question.fact:
        case Fact.SEX_MALE | Fact.SEX_FEMALE if facts.sex in ("male", "female"):
            return Finding(question.fact == f"sex-{facts.sex}", (), (f"Patient: {facts.sex}",))
        case Fact.AGE if facts.birth_date is not None and isinstance(leaf, Compared):
            years = _years(facts.birth_date, as_of)
            age = convert(years, "a", question.unit or "a")
            return Finding(_compare(leaf, question, age), (), (f"Patient: age {years}",))
        case Fact.ENGLISH if any(code.lower().split("-")[0] == "en" for code in facts.languages):
            return Finding(True, (), ("Patient: speaks English",))
    return None


def over_notes(
    leaf: Asked | Compared,
    criterion: Criterion,
    question: Question,
    answers: Sequence[NotedAnswer],
    as_of: date,
) -> NotedFinding:
    """answers: to `question`, of the notes up to `as_of`, corrections applied."""
    within = leaf.within or criterion.within
    if within is not None:
        start = within.start(as_of)
        answers = [n for n in answers if day_of(n.note_date) >= start or _denied(leaf, n)]
    telling = [noted for noted in answers if holds(leaf, question, noted.answer) is not None]
    how = leaf.combine or criterion.combine or _default(leaf)
    chosen = _chosen(how, telling)
    # `any`, and notes of the same instant: one that says so is enough.
    value = disjunction([holds(leaf, question, noted.answer) for noted in chosen])
    if chosen:
        decisive = tuple(n for n in chosen if holds(leaf, question, n.answer) is value)
        reasons = tuple(_in_words(question, noted, how) for noted in decisive)
        return Finding(value, decisive, reasons)
    if leaf.na is not None and answers and all(_silent(noted.answer) for noted in answers):
        return Finding(leaf.na == "Yes", (), (f"{question.id}: in no note, taken as {leaf.na}",))
    proposals = tuple(noted for noted in answers if not _silent(noted.answer))
    where = "needs review" if proposals else "in no note"
    return Finding(None, proposals, (f"{question.id}: {where}",))


def _denied(leaf: Asked | Compared, noted: NotedAnswer) -> bool:
    """What an old note says happened lies before the window, as does an old number; that it had
    not happened still stands until a newer note says otherwise."""
    return isinstance(leaf, Asked) and _tells(noted.answer) and noted.answer.verdict is Verdict.NO


def _chosen(how: Combine, telling: Sequence[NotedAnswer]) -> list[NotedAnswer]:
    if not telling or how is Combine.ANY:
        return list(telling)
    if how is Combine.LATEST:
        newest = max(instant(noted) for noted in telling)
        return [noted for noted in telling if instant(noted) == newest]
    numbers = [noted.answer.number for noted in telling if noted.answer.number is not None]
    extreme = (min if how is Combine.MIN else max)(numbers)
    return [noted for noted in telling if noted.answer.number == extreme]


def _default(leaf: Asked | Compared) -> Combine:
    return Combine.LATEST if isinstance(leaf, Compared) else Combine.ANY


def _tells(answer: Answer) -> bool:
    return answer.standing is Standing.ANSWERED and answer.verdict is not Verdict.NA


def _silent(answer: Answer) -> bool:
    return answer.verdict is Verdict.NA and answer.standing is Standing.ANSWERED


def holds(leaf: Asked | Compared, question: Question, answer: Answer) -> Kleene:
    """Unknown too if the answer is not of the question's type."""
    if not _tells(answer):
        return None
    if isinstance(leaf, Compared):
        return None if answer.number is None else _compare(leaf, question, answer.number)
    return {Verdict.YES: True, Verdict.NO: False}.get(answer.verdict)


def _compare(leaf: Compared, question: Question, number: float) -> bool:
    comparison = leaf.compare
    unit = question.unit or comparison.unit
    limit = convert(comparison.value, comparison.unit, unit)
    match comparison.operator:
        case "<":
            return number < limit
        case "<=":
            return number <= limit
        case ">":
            return number > limit
        case ">=":
            return number >= limit
        case "=":
            return number == limit
        case "in":
            high = convert(comparison.high or 0.0, comparison.unit, unit)
            return limit <= number <= high


def _in_words(question: Question, noted: NotedAnswer, how: Combine) -> str:
    answer = noted.answer
    value = (
        answer.verdict if answer.number is None else f"{plain(answer.number)} {question.unit or ''}"
    ).strip()
    by = "a person" if noted.corrected else how.value
    return f"{question.id}: {value} ({by}, {noted.note_date:%Y-%m-%d}, {noted.document_id})"


def instant(noted: NotedAnswer) -> datetime:
    """When the note was written; a date without time zone is taken as UTC."""
    at = noted.note_date
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def day_of(at: datetime) -> date:
    """The note's own calendar day, in the time zone in which it was written."""
    return at.date()


def _years(birth: date, as_of: date) -> int:
    return as_of.year - birth.year - ((as_of.month, as_of.day) < (birth.month, birth.day))
