"""The report of an evaluation: what is measured, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from training.evaluate.bootstrap import (
    LEVEL,
    RESAMPLES,
    Estimate,
    estimate,
    estimate_difference,
)
from training.evaluate.folder import EvaluationFolder
from training.evaluate.scoring import Metric, Pair, Value, count_by
from training.evaluate.subjects import Subject

Estimates = dict[Metric, Estimate]
NUMBER = "number"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionReport(_Frozen):
    """One id over all notes. A metric that does not apply (numeric ones of a yes/no id, precision
    where no Yes was said) has null for value, low and high.

    expected, got: how many pairs of each kind: Yes, No, number, NA.
    """

    type: AnswerType
    answered_by: str
    pairs: int
    right: int
    expected: dict[str, int]
    got: dict[str, int]
    metrics: Estimates


class BaselineReport(_Frozen):
    """margin: how far the student lies above the baseline, paired over the same notes."""

    version: str
    seconds: float
    metrics: Estimates
    margin: Estimates
    questions: dict[str, QuestionReport]


class BootstrapSetting(_Frozen):
    unit: str = "note"
    resamples: int = RESAMPLES
    level: float = LEVEL


class Report(_Frozen):
    """format: of this file. version: of the student. pairs: scored. disputed: not scored.
    seconds: the student's time for all notes, loading left out.
    left_out: baselines that could not run, and why."""

    format: int = 1
    folder: str
    engine: str
    version: str
    notes: int
    pairs: int
    disputed: int
    seconds: float
    bootstrap: BootstrapSetting = BootstrapSetting()
    metrics: Estimates
    baselines: dict[str, BaselineReport]
    left_out: dict[str, str]
    questions: dict[str, QuestionReport]


class Measured(_Frozen):
    """What one student or baseline answered: the raw material of a report."""

    version: str
    seconds: float
    pairs: tuple[Pair, ...]


def build_report(
    folder: EvaluationFolder,
    subjects: Sequence[Subject],
    *,
    engine: str,
    student: Measured,
    baselines: Mapping[str, Measured],
    left_out: Mapping[str, str],
) -> Report:
    """student and baselines must have answered the same folder."""
    rows = count_by(student.pairs, _note)
    return Report(
        folder=folder.name,
        engine=engine,
        version=student.version,
        notes=len(folder.notes),
        pairs=len(student.pairs),
        disputed=folder.disputed,
        seconds=student.seconds,
        metrics=estimate(rows),
        questions=_by_question(student.pairs, subjects),
        baselines={
            name: BaselineReport(
                version=baseline.version,
                seconds=baseline.seconds,
                metrics=estimate(others := count_by(baseline.pairs, _note)),
                margin=estimate_difference(rows, others),
                questions=_by_question(baseline.pairs, subjects),
            )
            for name, baseline in baselines.items()
        },
        left_out=dict(left_out),
    )


def _by_question(pairs: Iterable[Pair], subjects: Sequence[Subject]) -> dict[str, QuestionReport]:
    of: dict[str, list[Pair]] = {subject.id: [] for subject in subjects}
    for pair in pairs:
        of[pair.question].append(pair)
    return {
        subject.id: QuestionReport(
            type=subject.type,
            answered_by=subject.answered_by,
            pairs=len(of[subject.id]),
            right=sum(pair.right for pair in of[subject.id]),
            expected=_kinds(pair.expected for pair in of[subject.id]),
            got=_kinds(pair.got for pair in of[subject.id]),
            metrics=estimate(count_by(of[subject.id], _note)),
        )
        for subject in subjects
    }


def _kinds(values: Iterable[Value]) -> dict[str, int]:
    counts = Counter(value.value if isinstance(value, Verdict) else NUMBER for value in values)
    return {kind: counts[kind] for kind in ("Yes", "No", NUMBER, "NA") if counts[kind]}


def _note(pair: Pair) -> str:
    return pair.note
