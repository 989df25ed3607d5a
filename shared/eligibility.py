"""Three-valued (Kleene) eligibility of one patient for one study: pure functions.

    evaluate_on_note   one note alone: NA stays unknown, no Patient facts, no windows
    screen             all notes of a patient and the facts of the Patient resource, as of a date

Rules. A person's correction replaces what the machine answered to the same question on the same
note. Notes after `as_of` do not count, nor, but for their No, those before the look-back window of
a leaf. An answer that needs review, or NA, tells nothing. The notes that tell something are
combined (any, latest, min, max); if none does, a Patient fact or a stated default may; else the
leaf is unknown. A fact wins over the notes. Ineligible if an inclusion is false, an exclusion is
true or all risk factors are false; eligible if inclusions and exclusions are settled and one risk
factor is true; else potential-candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from shared.criteria.evaluation import Finding, judge
from shared.criteria.expression import Asked, Combine, Compared, plain
from shared.criteria.kleene import Kleene, disjunction
from shared.criteria.question import Fact, Question
from shared.criteria.study import Criterion, CriterionKind, Study
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


class Status(StrEnum):
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    POTENTIAL = "potential-candidate"


@dataclass(frozen=True)
class CriterionResult:
    """value: whether the criterion's statement holds (an exclusion that holds excludes).
    deciding: the answers it rests on. explanation: by which questions, notes or facts, in words;
    it tells values and note ids, never a quote."""

    criterion: Criterion
    value: Kleene
    deciding: tuple[NotedAnswer, ...]
    explanation: str

    @property
    def id(self) -> str:
        return self.criterion.id


@dataclass(frozen=True)
class Screening:
    """decided_by: the criteria that make the patient ineligible, or that are still open, or, for
    an eligible patient, all that were needed."""

    study: str
    version: int
    as_of: date
    status: Status
    criteria: tuple[CriterionResult, ...]
    decided_by: tuple[str, ...]


NotedFinding = Finding[NotedAnswer]


def evaluate_on_note(criterion: Criterion, study: Study, answers: Iterable[Answer]) -> Kleene:
    """The criterion's statement as one note alone shows it."""
    told = {answer.question: answer for answer in answers}

    def on_note(leaf: Asked | Compared) -> Finding[Answer]:
        question = study.question(leaf.question_id)
        answer = told.get(question.key)
        return Finding(None if answer is None else _holds(leaf, question, answer))

    return judge(criterion.when, on_note).value


def screen(
    study: Study, answers: Sequence[NotedAnswer], facts: PatientFacts, as_of: date
) -> Screening:
    """answers: of all notes of one patient, other studies' among them, in any order."""
    by_question: dict[str, list[NotedAnswer]] = {}
    for noted in _corrections_first(answers):
        if _day(noted.note_date) <= as_of:
            by_question.setdefault(noted.answer.question, []).append(noted)

    def result(criterion: Criterion) -> CriterionResult:
        def over_notes(leaf: Asked | Compared) -> NotedFinding:
            question = study.question(leaf.question_id)
            known = by_fact(leaf, question, facts, as_of)
            return known or _combined(
                leaf, criterion, question, by_question.get(question.key, []), as_of
            )

        finding = judge(criterion.when, over_notes)
        return CriterionResult(
            criterion, finding.value, finding.evidence, "; ".join(finding.reasons)
        )

    results = tuple(result(criterion) for criterion in study.criteria)
    status, decided_by = _status(results)
    return Screening(study.id, study.version, as_of, status, results, decided_by)


def as_whole_questions(study: Study) -> Study:
    """The study as a careful reader answers it: each yes/no criterion put as one question of the
    same id; numbers stay. Used to replay keys that hold one answer for each criterion."""
    kept = [question for question in study.questions if question.unit is not None]
    numbers = {question.id for question in kept}
    questions, criteria = list(kept), []
    for criterion in study.criteria:
        if isinstance(criterion.when, Compared) and criterion.when.question_id in numbers:
            criteria.append(criterion)
            continue
        questions.append(
            Question.model_validate(
                {"study": study.id, "id": criterion.id, "text": criterion.label, "type": "boolean"}
            )
        )
        if isinstance(criterion.when, Asked):  # keeps its window, combination and meaning of NA
            whole = criterion.when.model_copy(update={"question": criterion.id})
        else:
            whole = Asked(question=criterion.id)
        criteria.append(criterion.model_copy(update={"when": whole}))
    return Study(
        id=study.id,
        version=study.version,
        title=study.title,
        questions=tuple(questions),
        criteria=tuple(criteria),
    )


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


def _combined(
    leaf: Asked | Compared,
    criterion: Criterion,
    question: Question,
    answers: Sequence[NotedAnswer],
    as_of: date,
) -> NotedFinding:
    within = leaf.within or criterion.within
    if within is not None:
        start = within.start(as_of)
        answers = [n for n in answers if _day(n.note_date) >= start or _denied(leaf, n)]
    telling = [noted for noted in answers if _holds(leaf, question, noted.answer) is not None]
    how = leaf.combine or criterion.combine or _default(leaf)
    chosen = _chosen(how, telling)
    # `any`, and notes of the same instant: one that says so is enough.
    value = disjunction([_holds(leaf, question, noted.answer) for noted in chosen])
    if chosen:
        decisive = tuple(n for n in chosen if _holds(leaf, question, n.answer) is value)
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
        newest = max(_instant(noted) for noted in telling)
        return [noted for noted in telling if _instant(noted) == newest]
    numbers = [noted.answer.number for noted in telling if noted.answer.number is not None]
    extreme = (min if how is Combine.MIN else max)(numbers)
    return [noted for noted in telling if noted.answer.number == extreme]


def _default(leaf: Asked | Compared) -> Combine:
    return Combine.LATEST if isinstance(leaf, Compared) else Combine.ANY


def _status(results: Sequence[CriterionResult]) -> tuple[Status, tuple[str, ...]]:
    risk = [r for r in results if r.criterion.kind is CriterionKind.RISK_FACTOR]
    at_risk = disjunction([r.value for r in risk]) if risk else True
    barred = [r.id for r in results if _bars(r)]
    if at_risk is False:
        barred += [r.id for r in risk]
    if barred:
        return Status.INELIGIBLE, tuple(barred)
    needed = [r for r in results if r.criterion.kind is not CriterionKind.RISK_FACTOR]
    needed += [r for r in risk if r.value is at_risk]
    open_ids = tuple(r.id for r in needed if r.value is None)
    return (
        (Status.POTENTIAL, open_ids) if open_ids else (Status.ELIGIBLE, tuple(r.id for r in needed))
    )


def _bars(result: CriterionResult) -> bool:
    kind = result.criterion.kind
    return (kind is CriterionKind.INCLUSION and result.value is False) or (
        kind is CriterionKind.EXCLUSION and result.value is True
    )


def _corrections_first(answers: Iterable[NotedAnswer]) -> list[NotedAnswer]:
    """Without the machine's answers that a person has replaced; in one order however given."""
    answers = list(answers)
    replaced = {(n.answer.question, n.document_id) for n in answers if n.corrected}
    standing = (
        n for n in answers if n.corrected or (n.answer.question, n.document_id) not in replaced
    )
    return sorted(standing, key=lambda n: (_instant(n), n.document_id, n.answer.model_dump_json()))


def _tells(answer: Answer) -> bool:
    return answer.standing is Standing.ANSWERED and answer.verdict is not Verdict.NA


def _silent(answer: Answer) -> bool:
    return answer.verdict is Verdict.NA and answer.standing is Standing.ANSWERED


def _holds(leaf: Asked | Compared, question: Question, answer: Answer) -> Kleene:
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


def _instant(noted: NotedAnswer) -> datetime:
    at = noted.note_date
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _day(at: datetime) -> date:
    """The note's own calendar day, in the time zone in which it was written."""
    return at.date()


def _years(birth: date, as_of: date) -> int:
    return as_of.year - birth.year - ((as_of.month, as_of.day) < (birth.month, birth.day))
