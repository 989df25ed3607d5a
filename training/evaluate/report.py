"""The report of an evaluation as JSON: one student, the baselines, and others beside it.

It holds no text of a note: questions written for one note alone are counted, never named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.evaluate.answering import Answered, AskedNote
from training.evaluate.bootstrap import (
    LEVEL,
    RESAMPLES,
    Difference,
    Estimate,
    differences,
)
from training.evaluate.figures import (
    NUMBER,
    Estimates,
    Figures,
    Frozen,
    QuestionReport,
    figures_of,
)
from training.evaluate.paired import McNemar, compare
from training.evaluate.scoring import TOLERANCE, Metric, Pair, by_patient, count_by
from training.evaluate.usage import Price

__all__ = [
    "NUMBER",
    "BaselineReport",
    "BootstrapSetting",
    "Estimate",
    "Measured",
    "QuestionReport",
    "Report",
    "build_report",
]


class BaselineReport(Figures):
    """A baseline, or another student. margin: how far the student lies above it, paired over the
    same patients; p_values: that there is no such difference. answers: pair by pair."""

    margin: Estimates
    p_values: dict[Metric, float | None]
    answers: McNemar


class BootstrapSetting(Frozen):
    """unit: what is resampled: a note stands for a patient where the patient is not known."""

    unit: str = "patient"
    resamples: int = RESAMPLES
    level: float = LEVEL


class Report(Figures):
    """format: of this file. pairs: scored. disputed: not scored.
    against: other students that were asked for, as `baselines`, by the name they were given.
    left_out: baselines that could not run, and why.
    tolerance: of numeric_within_tolerance, as a share of the key's number."""

    format: int = 1
    folder: str
    engine: str
    notes: int
    patients: int
    pairs: int
    disputed: int
    tolerance: float = TOLERANCE
    bootstrap: BootstrapSetting = BootstrapSetting()
    baselines: dict[str, BaselineReport]
    against: dict[str, BaselineReport]
    left_out: dict[str, str]

    @property
    def others(self) -> dict[str, BaselineReport]:
        """What the student stands beside, those that were asked for first."""
        return {**self.against, **self.baselines}


class Measured(Frozen):
    """What one student or baseline answered: what the gate decides by (training.gate)."""

    version: str
    seconds: float
    pairs: tuple[Pair, ...]


def measured(answered: Answered) -> Measured:
    return Measured(version=answered.version, seconds=answered.seconds, pairs=answered.pairs)


def build_report(
    name: str,
    asked: Sequence[AskedNote],
    *,
    engine: str,
    student: Answered,
    baselines: Mapping[str, Answered] | None = None,
    against: Mapping[str, Answered] | None = None,
    left_out: Mapping[str, str] | None = None,
    disputed: int = 0,
    prices: Mapping[str, Price] | None = None,
) -> Report:
    """name: of what was asked. All must have answered the same pairs. prices: by engine name."""
    prices = prices or {}
    notes = len(asked)

    def beside(others: Mapping[str, Answered] | None) -> dict[str, BaselineReport]:
        return {
            other: _beside(student, answered, notes, prices.get(other))
            for other, answered in (others or {}).items()
        }

    return Report.model_validate(
        {
            **figures_of(student, notes, prices.get(engine)),
            "folder": name,
            "engine": engine,
            "notes": notes,
            "patients": len({one.note.patient or one.note.id for one in asked}),
            "pairs": len(student.outcomes),
            "disputed": disputed,
            "baselines": beside(baselines),
            "against": beside(against),
            "left_out": dict(left_out or {}),
        }
    )


def _beside(student: Answered, other: Answered, notes: int, price: Price | None) -> BaselineReport:
    found: dict[Metric, Difference] = differences(
        count_by(student.pairs, by_patient), count_by(other.pairs, by_patient)
    )
    return BaselineReport.model_validate(
        {
            **figures_of(other, notes, price),
            "margin": {metric: difference.estimate for metric, difference in found.items()},
            "p_values": {metric: difference.p for metric, difference in found.items()},
            "answers": compare(student.pairs, other.pairs),
        }
    )
