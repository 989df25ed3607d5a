"""The metric of n2c2 2018 track 1 (cohort selection), as its official scorer computes it. Pure.

For each criterion, over patients: precision, recall and F1 of "met" and of "not met"; the
criterion's F1 is the mean of the two. Macro F1: mean over criteria. Micro F1: the mean of the F1
of "met" and of "not met" from counts pooled over all criteria. A share of nothing is 0. "AUC" is
the mean of sensitivity and specificity of "met".
(Stubbs et al., Cohort selection for clinical trials: n2c2 2018 shared task track 1, JAMIA 2019.)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from training.evaluate.bootstrap import Difference, Estimate, difference_of, interval, resampled
from training.evaluate.fault import EvaluationError
from training.evaluate.scoring import Counts

Labels = Mapping[str, Mapping[str, bool]]
"""patient -> criterion -> met."""

TP, FP, TN, FN = range(4)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassScore(_Frozen):
    """Of "met", or of "not met"."""

    precision: float
    recall: float
    f1: float


class CriterionScore(_Frozen):
    """f1: mean of the two classes'. auc: mean of sensitivity and specificity of "met"."""

    met: ClassScore
    not_met: ClassScore
    specificity: float
    f1: float
    auc: float


class CohortScore(_Frozen):
    """micro: from pooled counts. macro: every figure is the mean over the criteria."""

    patients: int
    criteria: dict[str, CriterionScore]
    micro: CriterionScore
    macro: CriterionScore


class CohortMismatchError(EvaluationError):
    """Key and answers are not of the same patients and criteria."""


def score_cohort(key: Labels, said: Labels) -> CohortScore:
    """Raises CohortMismatchError, also where there is no patient."""
    names, counts = tally(key, said)
    totals = counts.sum(axis=0)
    criteria = {name: _score(row) for name, row in zip(names, totals, strict=True)}
    return CohortScore(
        patients=len(counts),
        criteria=criteria,
        micro=_score(totals.sum(axis=0)),
        macro=_mean(list(criteria.values())),
    )


def tally(key: Labels, said: Labels) -> tuple[tuple[str, ...], Counts]:
    """The criteria, and counts of shape (patients, criteria, 4): true and false positives, true
    and false negatives of "met". Raises CohortMismatchError."""
    names = tuple(next(iter(key.values()), ()))
    if not names:
        raise CohortMismatchError("no patient, or no criterion, to score")
    if key.keys() != said.keys():
        raise CohortMismatchError(f"{len(key)} patients in the key, answers for {len(said)}")
    counts = np.zeros((len(key), len(names), 4))
    for at, (patient, labels) in enumerate(key.items()):
        if labels.keys() != set(names) or said[patient].keys() != set(names):
            raise CohortMismatchError(f"patient {patient} is not labelled for all criteria")
        for number, name in enumerate(names):
            met, claimed = labels[name], said[patient][name]
            place = (TP if met else FP) if claimed else (FN if met else TN)
            counts[at, number, place] = 1
    return names, counts


def micro_f1(counts: Counts) -> NDArray[np.float64]:
    """counts: (..., criteria, 4), summed over patients; gives shape (...)."""
    return f1(counts.sum(axis=-2))


def macro_f1(counts: Counts) -> NDArray[np.float64]:
    """As `micro_f1`."""
    return np.asarray(f1(counts).mean(axis=-1))


def f1(counts: Counts) -> NDArray[np.float64]:
    """Mean of the F1 of "met" and "not met"; counts: (..., 4), gives shape (...)."""
    return (_f1(counts) + _f1(_turned(counts))) / 2


def estimate_f1(counts: Counts, seed: int = 0) -> tuple[Estimate, Estimate]:
    """Micro and macro F1 with bootstrap intervals over patients; counts as of `tally`."""
    sums, draws = counts.sum(axis=0), resampled(counts, seed)
    return (
        interval(micro_f1(sums), micro_f1(draws)),
        interval(macro_f1(sums), macro_f1(draws)),
    )


def f1_differences(counts: Counts, others: Counts, seed: int = 0) -> tuple[Difference, Difference]:
    """How far micro and macro F1 of `counts` lie above those of `others`, on the same patients."""
    if counts.shape != others.shape:
        raise CohortMismatchError(f"not the same patients: {len(counts)} against {len(others)}")
    sums, other_sums = counts.sum(axis=0), others.sum(axis=0)
    draws, other_draws = resampled(counts, seed), resampled(others, seed)
    return (
        difference_of(
            micro_f1(sums) - micro_f1(other_sums), micro_f1(draws) - micro_f1(other_draws)
        ),
        difference_of(
            macro_f1(sums) - macro_f1(other_sums), macro_f1(draws) - macro_f1(other_draws)
        ),
    )


def _score(counts: Counts) -> CriterionScore:
    met, not_met = _class_score(counts), _class_score(_turned(counts))
    # The specificity of "met" is the recall of "not met".
    return CriterionScore(
        met=met,
        not_met=not_met,
        specificity=not_met.recall,
        f1=(met.f1 + not_met.f1) / 2,
        auc=(met.recall + not_met.recall) / 2,
    )


def _mean(scores: list[CriterionScore]) -> CriterionScore:
    def of_class(name: str) -> ClassScore:
        of = [getattr(score, name) for score in scores]
        return ClassScore(
            precision=float(np.mean([one.precision for one in of])),
            recall=float(np.mean([one.recall for one in of])),
            f1=float(np.mean([one.f1 for one in of])),
        )

    return CriterionScore(
        met=of_class("met"),
        not_met=of_class("not_met"),
        specificity=float(np.mean([score.specificity for score in scores])),
        f1=float(np.mean([score.f1 for score in scores])),
        auc=float(np.mean([score.auc for score in scores])),
    )


def _class_score(counts: Counts) -> ClassScore:
    return ClassScore(
        precision=float(_part(counts[TP], counts[TP] + counts[FP])),
        recall=float(_part(counts[TP], counts[TP] + counts[FN])),
        f1=float(_f1(counts)),
    )


def _f1(counts: Counts) -> NDArray[np.float64]:
    tp = counts[..., TP]
    return _part(2 * tp, 2 * tp + counts[..., FP] + counts[..., FN])


def _turned(counts: Counts) -> Counts:
    """The counts of "not met"."""
    return counts[..., [TN, FN, TP, FP]]


def _part(part: Counts, whole: Counts) -> NDArray[np.float64]:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
