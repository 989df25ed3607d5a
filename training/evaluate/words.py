"""The figures of a report in plain words."""

from __future__ import annotations

from training.evaluate.bootstrap import Estimate
from training.evaluate.cohort_report import CohortReport
from training.evaluate.figures import Commitment, Figures
from training.evaluate.report import BaselineReport, Report
from training.evaluate.scoring import TOLERANCE, Metric

UNLIKELY = 0.05
SPACE = "\u00a0"
"""Before a unit: no line break."""
_NEAR = f"{TOLERANCE * 100:.0f}{SPACE}%"
MEANINGS = {
    Metric.THREE_CLASS_BALANCED_ACCURACY: (
        "Yes, No and not answerable told apart",
        "Balanced accuracy over Yes, No and NA: each counts a third, however rare.",
    ),
    Metric.YES_BALANCED_ACCURACY: (
        "Yes told from everything else",
        "Balanced accuracy of Yes against the rest: each counts half.",
    ),
    Metric.YES_PRECISION: ("A Yes is right", "Precision of Yes: of the Yes answers given."),
    Metric.NUMERIC_ACCURACY: (
        "Numbers right",
        "The very number of the key, or no number where the key has none.",
    ),
    Metric.NUMERIC_GIVEN_ACCURACY: (
        "Numbers right where there is one",
        "The very number of the key, where it has one.",
    ),
    Metric.NUMERIC_WITHIN_TOLERANCE: (
        f"Numbers within {_NEAR}",
        f"A number within {_NEAR} of the key's, where it has one.",
    ),
    Metric.QUOTE_VERBATIM_RATE: (
        "Quotes stand in the note",
        "Of the answers given, those whose quote is word for word in the note.",
    ),
}


def headline(report: Report) -> list[str]:
    """Paragraphs, the most important first."""
    given = report.commitment
    said = (
        f"On {_counted(report.notes, 'note')} of {_counted(report.patients, 'patient')}, "
        f"{report.engine} was asked {given.pairs:,} questions. "
        f"To {_hundred(given.answered, given)} it gave an answer of its own, and "
        f"{_right(given.answered_right)}. "
    )
    if given.proposed:
        said += (
            f"To {_hundred(given.proposed, given)} it made a proposal that a person has to check "
            f"({_percent(given.proposed_right.value)} of these are right). "
        )
    said += "To the rest it said that the note does not tell."
    found = (
        ""
        if given.found.value is None
        else f"Of the questions that the note does answer, it answered "
        f"{_percent(given.found.value)} rightly ({_range(given.found)})."
    )
    return [line for line in (said, found, _sureness(report)) if line]


def verdict(engine: str, other: BaselineReport) -> str:
    """Which of the two is right more often, if that is unlikely to be chance."""
    answers = other.answers
    if answers.p >= UNLIKELY:
        return "no clear difference"
    better = answers.only_this > answers.only_other
    return f"{engine} is right {'more' if better else 'less'} often"


def cohort_headline(report: CohortReport) -> list[str]:
    labels = report.score.micro
    return [
        f"On {_counted(report.patients, 'patient')} with {_counted(report.notes, 'note')}, "
        f"{report.engine} reached a micro F1 of {_figure(report.micro_f1)} and a macro F1 of "
        f"{_figure(report.macro_f1)} by the metric of n2c2 2018 track 1.",
        f"When it said that a criterion is met, it was right in "
        f"{_percent(labels.met.precision)} of the cases; of the criteria that are met it "
        f"found {_percent(labels.met.recall)}.",
    ]


def chance(p: float | None) -> str:
    if p is None:
        return "not measurable"
    shown = (f"p < {0.001}" if p < 0.001 else f"p = {p:.3f}").replace(" ", SPACE)
    return f"{'unlikely to be chance' if p < UNLIKELY else 'may be chance'} ({shown})"


def _sureness(report: Figures) -> str:
    error = report.calibration.error
    if error.value is None:
        return ""
    bins = report.calibration.bins
    claims = report.calibration.claims
    lean = sum(one.claims * (one.confidence - one.right) for one in bins) / claims
    if abs(lean) < 0.02:
        which = "neither too sure nor too unsure on the whole"
    else:
        which = f"on the whole too {'sure' if lean > 0 else 'unsure'} of itself"
    return (
        f"How sure it says it is differs from how often it is right by {error.value * 100:.0f} "
        f"percentage points on average; it is {which}."
    )


def _right(estimate: Estimate) -> str:
    if estimate.value is None:
        return "there is nothing to say of how often these are right"
    return f"{_percent(estimate.value)} of these are right ({_range(estimate)})"


def _range(estimate: Estimate) -> str:
    return f"95{SPACE}% interval {_percent(estimate.low)} to {_percent(estimate.high)}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f}{SPACE}%"


def _hundred(part: int, given: Commitment) -> str:
    return f"{100 * part / max(given.pairs, 1):.0f} of 100"


def _figure(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    return f"{estimate.value:.3f} ({estimate.low:.2f} to {estimate.high:.2f})"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
