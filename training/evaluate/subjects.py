"""How each id of an evaluation folder is answered from a student's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.criteria.question import AnswerType, Question
from shared.criteria.study import Criterion, Study
from shared.eligibility import evaluate_on_note
from shared.students.interface import Answer, Standing, Verdict
from training.evaluate.folder import FolderQuestion
from training.evaluate.scoring import Value

AS_IT_STANDS = "as-it-stands"  # study id of questions that no shipped study has
DIMENSIONLESS = "1"  # UCUM


@dataclass(frozen=True)
class Settled:
    """value: what is scored. claims: the Yes, No and number answers given for it.
    confidence: of the least certain of them, or, without claims, of all answers."""

    value: Value
    claims: tuple[Answer, ...]
    confidence: float


@dataclass(frozen=True)
class Subject:
    """One id of the folder.

    asked: the questions that the student is asked for it.
    criterion: the criterion, with its study, whose expression over them gives the value;
        None: the value is the answer to the one question asked.
    label: under which it is counted with the same question on other notes; None: it is asked of
        this note alone, and its wording may tell of the patient.
    kind, difficulty: of an item of the training form (its type, and 1 to 10).
    """

    id: str
    type: AnswerType
    asked: tuple[Question, ...]
    criterion: tuple[Study, Criterion] | None = None
    label: str | None = None
    kind: str | None = None
    difficulty: int | None = None

    @property
    def text(self) -> str:
        """What is asked, for a person to read."""
        return self.asked[0].text if self.criterion is None else self.criterion[1].label

    @property
    def answered_by(self) -> str:
        """For a person to read, e.g. `criterion apixaban-af/pregnancy`."""
        if self.criterion is not None:
            study, criterion = self.criterion
            return f"criterion {study.id}/{criterion.id}"
        question = self.asked[0]
        return AS_IT_STANDS if question.study == AS_IT_STANDS else f"question {question.key}"

    def propose(self, answers: Mapping[str, Answer]) -> Settled:
        """As `settle`, as if every proposal were an answer."""
        stands = {"standing": Standing.ANSWERED}
        return self.settle({key: told.model_copy(update=stands) for key, told in answers.items()})

    def settle(self, answers: Mapping[str, Answer]) -> Settled:
        """answers: of one note, by question key."""
        given = [answers[question.key] for question in self.asked]
        claims = tuple(answer for answer in given if _claims(answer))
        confidence = min(answer.confidence for answer in claims or given)
        if self.criterion is not None:
            study, criterion = self.criterion
            holds = evaluate_on_note(criterion, study, given)
            value: Value = {True: Verdict.YES, False: Verdict.NO, None: Verdict.NA}[holds]
        else:
            value = _value(claims[0], self.type) if claims else Verdict.NA
        return Settled(value, claims, confidence)


def subjects(questions: Iterable[FolderQuestion], studies: Iterable[Study]) -> tuple[Subject, ...]:
    """A yes/no id that is a criterion of a study is answered by that criterion, a numeric id by
    the study's question; any other by its question as it stands.

    A folder question that names its study is looked up in that study alone.
    """
    known = tuple(studies)
    return tuple(
        _subject(question, number, [s for s in known if question.study in (None, s.id)])
        for number, question in enumerate(questions, 1)
    )


def _subject(question: FolderQuestion, number: int, studies: Iterable[Study]) -> Subject:
    for study in studies:
        if question.type is AnswerType.BOOLEAN:
            for criterion in study.criteria:
                if criterion.id == question.id:
                    asked = tuple(study.question(name) for name in criterion.question_ids)
                    return Subject(
                        question.id, question.type, asked, (study, criterion), label=question.id
                    )
        else:
            for own in study.questions:
                if own.id == question.id and own.unit == question.unit:
                    return Subject(question.id, question.type, (own,), label=question.id)
    as_it_stands = Question(
        study=AS_IT_STANDS,
        id=f"question-{number}",
        text=question.question,
        type=question.type,
        unit=_unit(question),
    )
    return Subject(question.id, question.type, (as_it_stands,), label=question.id)


def _unit(question: FolderQuestion) -> str | None:
    if question.type is AnswerType.BOOLEAN:
        return None
    return question.unit or DIMENSIONLESS


def _claims(answer: Answer) -> bool:
    return answer.standing is Standing.ANSWERED and answer.verdict is not Verdict.NA


def _value(answer: Answer, kind: AnswerType) -> Value:
    if kind is AnswerType.BOOLEAN:
        return answer.verdict
    return Verdict.NA if answer.number is None else answer.number
