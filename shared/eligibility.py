"""Three-valued (Kleene) eligibility of one patient for one study: pure functions.

    evaluate_on_note   one note alone: NA stays unknown, no Patient facts, no windows
    screen             all notes of a patient and the facts of the Patient resource, as of a date

Rules. A person's correction replaces what the machine answered to the same question on the same
note. Notes after `as_of` do not count, nor, but for their No, those before the look-back window of
a leaf. An answer that needs review, or NA, tells nothing. The notes that tell something are
combined (any, latest, min, max); if none does, a stated default may; else the leaf is unknown.
What the Patient resource tells wins over the notes. Ineligible if an inclusion is false, an
exclusion is true or all risk factors are false; eligible if inclusions and exclusions are settled
and one risk factor is true; else potential-candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.criteria.evaluation import Finding, judge
from shared.criteria.expression import Asked, Compared
from shared.criteria.kleene import Kleene, disjunction
from shared.criteria.leaf import (
    NotedAnswer,
    NotedFinding,
    PatientFacts,
    by_fact,
    day_of,
    holds,
    instant,
    over_notes,
)
from shared.criteria.question import Question
from shared.criteria.study import Criterion, CriterionKind, Study
from shared.students.interface import Answer

__all__ = [
    "CriterionResult",
    "NotedAnswer",
    "PatientFacts",
    "Screening",
    "Status",
    "as_whole_questions",
    "evaluate_on_note",
    "screen",
]


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


def evaluate_on_note(criterion: Criterion, study: Study, answers: Iterable[Answer]) -> Kleene:
    """The criterion's statement as one note alone shows it."""
    told = {answer.question: answer for answer in answers}

    def on_note(leaf: Asked | Compared) -> Finding[Answer]:
        question = study.question(leaf.question_id)
        answer = told.get(question.key)
        return Finding(None if answer is None else holds(leaf, question, answer))

    return judge(criterion.when, on_note).value


def screen(
    study: Study, answers: Sequence[NotedAnswer], facts: PatientFacts, as_of: date
) -> Screening:
    """answers: of all notes of one patient, other studies' among them, in any order."""
    by_question: dict[str, list[NotedAnswer]] = {}
    for noted in _corrections_first(answers):
        if day_of(noted.note_date) <= as_of:
            by_question.setdefault(noted.answer.question, []).append(noted)

    def result(criterion: Criterion) -> CriterionResult:
        def over_all(leaf: Asked | Compared) -> NotedFinding:
            question = study.question(leaf.question_id)
            noted = by_question.get(question.key, [])
            known = by_fact(leaf, question, facts, as_of)
            return known or over_notes(leaf, criterion, question, noted, as_of)

        finding = judge(criterion.when, over_all)
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
    return sorted(standing, key=lambda n: (instant(n), n.document_id, n.answer.model_dump_json()))
