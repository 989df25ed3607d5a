"""The report as one self-contained HTML page: no script, nothing loaded from anywhere.

All that comes from notes, keys and students is escaped by the templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training.evaluate.answering import Outcome
from training.evaluate.bootstrap import Estimate
from training.evaluate.cohort_report import CohortReport
from training.evaluate.figures import Figures
from training.evaluate.plots import colour, coverage_plot, interval_plot, reliability_plot
from training.evaluate.report import Report
from training.evaluate.scoring import Metric
from training.evaluate.words import MEANINGS, SPACE, chance, cohort_headline, headline, verdict
from training.evaluate.worst import worst_errors

TEMPLATES = Path(__file__).with_name("templates")
PLOTTED = (
    Metric.THREE_CLASS_BALANCED_ACCURACY,
    Metric.YES_PRECISION,
    Metric.NUMERIC_GIVEN_ACCURACY,
    Metric.QUOTE_VERBATIM_RATE,
)
_STEPS = 100


def report_page(report: Report, outcomes: Iterable[Outcome] = (), *, with_notes: bool) -> str:
    """outcomes: the student's, for its worst errors. with_notes: shows notes and quotes, which are
    patient text, and says so at the top."""
    everyone = _named(report.engine, report, report.others.items())
    return _render(
        "report.html.j2",
        report=report,
        everyone=everyone,
        with_notes=with_notes,
        headline=headline(report),
        verdicts={name: verdict(report.engine, other) for name, other in report.others.items()},
        meanings=MEANINGS,
        errors=worst_errors(outcomes, with_notes=with_notes),
        intervals=interval_plot(
            [
                (MEANINGS[metric][0], [(name, one.metrics[metric]) for name, one in everyone])
                for metric in PLOTTED
            ]
        ),
        reliability=reliability_plot([(name, one.calibration.bins) for name, one in everyone]),
        coverage=coverage_plot([(name, one.coverage) for name, one in everyone]),
    )


def cohort_page(report: CohortReport) -> str:
    """Holds no note text."""
    everyone = [(report.engine, report), *report.others.items()]
    return _render(
        "cohort.html.j2",
        report=report,
        everyone=everyone,
        with_notes=False,
        headline=cohort_headline(report),
        intervals=interval_plot(
            [
                ("F1, micro", [(name, one.micro_f1) for name, one in everyone]),
                ("F1, macro", [(name, one.macro_f1) for name, one in everyone]),
            ]
        ),
    )


def percent(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value * 100:.{digits}f}{SPACE}%"


def between(estimate: Estimate) -> Markup:
    """Value with its interval, small, beneath."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Markup("–")
    return Markup("<b>{}</b> <small>{:.0f} to {:.0f}</small>").format(
        percent(estimate.value), estimate.low * 100, estimate.high * 100
    )


def points(estimate: Estimate) -> str:
    """A difference in percentage points."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    low, high = (f"{edge * 100:+.0f}" for edge in (estimate.low, estimate.high))
    return f"{estimate.value * 100:+.1f} points ({low} to {high})"


def kinds(counts: dict[str, int]) -> str:
    return ", ".join(f"{number}{SPACE}{kind}" for kind, number in counts.items()) or "–"


def bar(share: float) -> Markup:
    """A bar as wide as the share, and the share."""
    shape = '<span class="share"><span class="bar"><i class="w{}"></i></span> {}</span>'
    return Markup(shape).format(round(share * _STEPS), percent(share))


def _named(
    engine: str, report: Figures, others: Iterable[tuple[str, Figures]]
) -> Sequence[tuple[str, Figures]]:
    return [(engine, report), *others]


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "between": between,
        "points": points,
        "kinds": kinds,
        "bar": bar,
        "chance": chance,
    }
    environment.globals |= {"colour": colour, "bar_steps": range(_STEPS + 1)}
    return environment
