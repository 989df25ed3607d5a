"""The report as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shared.criteria.question import AnswerType
from training.evaluate.bootstrap import Estimate
from training.evaluate.report import NUMBER, QuestionReport, Report
from training.evaluate.scoring import Metric

TITLES = {
    Metric.THREE_CLASS_BALANCED_ACCURACY: "Yes/No/NA balanced accuracy",
    Metric.YES_BALANCED_ACCURACY: "Yes/rest balanced accuracy",
    Metric.YES_PRECISION: "precision of Yes",
    Metric.NUMERIC_ACCURACY: "numbers exact, all",
    Metric.NUMERIC_GIVEN_ACCURACY: "numbers exact, value given",
    Metric.QUOTE_VERBATIM_RATE: "quotes verbatim",
}
NOTHING = "-"


def as_tables(report: Report) -> RenderableType:
    """Metrics beside the baselines, then one row for each question."""
    return Group(_metrics(report), *_left_out(report), _questions(report))


def _metrics(report: Report) -> Table:
    table = Table(
        title=f"{report.version} on {report.folder}: {report.notes} notes, {report.pairs} pairs "
        f"({report.disputed} disputed, not scored), {report.seconds / report.notes:.2f} s a note",
        caption=f"{report.bootstrap.level:.0%} bootstrap intervals over notes; "
        "signed: how far the student lies above the baseline, paired",
    )
    table.add_column("metric")
    table.add_column(report.engine, justify="right", style="bold")
    for name in report.baselines:
        table.add_column(name, justify="right")
    for metric, title in TITLES.items():
        table.add_row(
            title,
            _interval(report.metrics[metric]),
            *(
                f"{_interval(baseline.metrics[metric])}\n{_interval(baseline.margin[metric], '+')}"
                for baseline in report.baselines.values()
            ),
        )
    return table


def _questions(report: Report) -> Table:
    table = Table(title="By question", caption="key, said: Yes/No/NA, for numbers given/NA")
    table.add_column("id", no_wrap=True)
    for title in ("key", "said", "right", "balanced", "Yes prec."):
        table.add_column(title, justify="right")
    for name in report.baselines:
        table.add_column(f"{name} right", justify="right")
    for question_id, question in report.questions.items():
        table.add_row(
            question_id,
            _counts(question.expected, question),
            _counts(question.got, question),
            f"{question.right}/{question.pairs}",
            _value(question.metrics[Metric.THREE_CLASS_BALANCED_ACCURACY]),
            _value(question.metrics[Metric.YES_PRECISION]),
            *(str(baseline.questions[question_id].right) for baseline in report.baselines.values()),
        )
    return table


def _left_out(report: Report) -> Iterator[Text]:
    for name, reason in report.left_out.items():
        yield Text(f"Baseline {name} left out: {reason}", style="yellow")


def _counts(kinds: dict[str, int], question: QuestionReport) -> str:
    names = ("Yes", "No", "NA") if question.type is AnswerType.BOOLEAN else (NUMBER, "NA")
    return "/".join(str(kinds.get(name, 0)) for name in names)


def _interval(estimate: Estimate, sign: str = "") -> str:
    if estimate.value is None:
        return NOTHING
    return f"{estimate.value:{sign}.3f} [{estimate.low:{sign}.2f}, {estimate.high:{sign}.2f}]"


def _value(estimate: Estimate) -> str:
    return NOTHING if estimate.value is None else f"{estimate.value:.2f}"
