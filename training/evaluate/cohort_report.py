"""The report of a cohort selection by the n2c2 metric, students side by side."""

from __future__ import annotations

from collections.abc import Mapping

from training.evaluate.bootstrap import LEVEL, RESAMPLES, Estimate
from training.evaluate.cohort import (
    CohortScore,
    Labels,
    estimate_f1,
    f1_differences,
    score_cohort,
    tally,
)
from training.evaluate.cohort_answering import PRESUMED_MET, Cohort
from training.evaluate.figures import Cost, Frozen
from training.evaluate.paired import McNemar, of_outcomes
from training.evaluate.report import BootstrapSetting
from training.evaluate.usage import Price


class CohortFigures(Frozen):
    """One student. unknown: criterion -> patients whose notes did not settle it; they count as
    `presumed_met` of the report says. seconds: for all notes, loading left out."""

    version: str
    seconds: float
    seconds_per_note: float
    micro_f1: Estimate
    macro_f1: Estimate
    score: CohortScore
    unknown: dict[str, int]
    cost: Cost | None = None


class CohortBeside(CohortFigures):
    """Another student. margins: how far the first lies above it, on the same patients.
    labels: label by label (patient and criterion)."""

    micro_f1_margin: Estimate
    macro_f1_margin: Estimate
    micro_f1_p: float | None
    macro_f1_p: float | None
    labels: McNemar


class CohortReport(CohortFigures):
    """format: of this file. others: baselines and the students that were asked for, by name."""

    format: int = 1
    folder: str
    engine: str
    patients: int
    notes: int
    study: str = "n2c2-2018"
    presumed_met: tuple[str, ...] = tuple(sorted(PRESUMED_MET))
    bootstrap: BootstrapSetting = BootstrapSetting(resamples=RESAMPLES, level=LEVEL)
    others: dict[str, CohortBeside]
    left_out: dict[str, str]


def build_cohort_report(
    name: str,
    key: Labels,
    *,
    engine: str,
    student: Cohort,
    others: Mapping[str, Cohort] | None = None,
    left_out: Mapping[str, str] | None = None,
    prices: Mapping[str, Price] | None = None,
) -> CohortReport:
    """Raises CohortMismatchError."""
    prices = prices or {}
    return CohortReport.model_validate(
        {
            **_figures(key, student, prices.get(engine)),
            "folder": name,
            "engine": engine,
            "patients": len(key),
            "notes": student.notes,
            "others": {
                other: _beside(key, student, cohort, prices.get(other))
                for other, cohort in (others or {}).items()
            },
            "left_out": dict(left_out or {}),
        }
    )


def _figures(key: Labels, cohort: Cohort, price: Price | None) -> dict[str, object]:
    _, counts = tally(key, cohort.said)
    micro, macro = estimate_f1(counts)
    usage = cohort.usage
    cost = usage and Cost(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        price=price,
        cost=None if price is None else price.of(usage),
    )
    return {
        "version": cohort.version,
        "seconds": cohort.seconds,
        "seconds_per_note": cohort.seconds / max(cohort.notes, 1),
        "micro_f1": micro,
        "macro_f1": macro,
        "score": score_cohort(key, cohort.said),
        "unknown": dict(cohort.unknown),
        "cost": cost,
    }


def _beside(key: Labels, student: Cohort, other: Cohort, price: Price | None) -> CohortBeside:
    _, counts = tally(key, student.said)
    _, others = tally(key, other.said)
    micro, macro = f1_differences(counts, others)
    places = [(patient, name) for patient, labels in key.items() for name in labels]

    def right(cohort: Cohort) -> list[bool]:
        return [cohort.said[p][name] == key[p][name] for p, name in places]

    return CohortBeside.model_validate(
        {
            **_figures(key, other, price),
            "micro_f1_margin": micro.estimate,
            "macro_f1_margin": macro.estimate,
            "micro_f1_p": micro.p,
            "macro_f1_p": macro.p,
            "labels": of_outcomes(right(student), right(other)),
        }
    )
