"""The report as tables on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shared.criteria.question import AnswerType
from training.evaluate.bootstrap import Estimate
from training.evaluate.figures import Figures
from training.evaluate.report import NUMBER, QuestionReport, Report
from training.evaluate.scoring import TOLERANCE, Metric

TITLES = {
    Metric.THREE_CLASS_BALANCED_ACCURACY: "Yes/No/NA balanced accuracy",
    Metric.YES_BALANCED_ACCURACY: "Yes/rest balanced accuracy",
    Metric.YES_PRECISION: "precision of Yes",
    Metric.NUMERIC_ACCURACY: "numbers exact, all",
    Metric.NUMERIC_GIVEN_ACCURACY: "numbers exact, value given",
    Metric.NUMERIC_WITHIN_TOLERANCE: f"numbers within {TOLERANCE:.0%}, value given",
    Metric.QUOTE_VERBATIM_RATE: "quotes verbatim",
}
NOTHING = "-"


def as_tables(report: Report) -> RenderableType:
    """Metrics beside other students and baselines, parts, then one row for each question."""
    questions = [_questions(report)] if report.questions else []
    return Group(_metrics(report), *_left_out(report), _parts(report), *questions)


def _metrics(report: Report) -> Table:
    table = Table(
        title=f"{report.version} on {report.folder}: {report.notes} notes, {report.pairs} pairs "
        f"({report.disputed} disputed, not scored), {report.seconds_per_note:.2f} s a note",
        caption=f"{report.bootstrap.level:.0%} bootstrap intervals over {report.patients} "
        "patients; signed: how far the student lies above the other, paired, with p-value",
    )
    table.add_column("metric")
    table.add_column(report.engine, justify="right", style="bold")
    for name in report.others:
        table.add_column(name, justify="right")
    for metric, title in TITLES.items():
        table.add_row(
            title,
            shown(report.metrics[metric]),
            *(
                f"{shown(other.metrics[metric])}\n"
                f"{shown(other.margin[metric], '+')}{_p(other.p_values[metric])}"
                for other in report.others.values()
            ),
        )
    everyone: list[Figures] = [report, *report.others.values()]
    rows: tuple[tuple[str, Callable[[Figures], Estimate]], ...] = (
        ("answers given, right", lambda f: f.commitment.answered_right),
        ("of the key found", lambda f: f.commitment.found),
        ("calibration error", lambda f: f.calibration.error),
    )
    for title, figure in rows:
        table.add_row(title, *(shown(figure(figures)) for figures in everyone))
    table.add_row("seconds a note", *(f"{figures.seconds_per_note:.2f}" for figures in everyone))
    if any(figures.cost for figures in everyone):
        table.add_row("tokens in / out", *(_tokens(figures) for figures in everyone))
    return table


def _parts(report: Report) -> Table:
    table = Table(title="By part")
    table.add_column("", no_wrap=True)
    for title in ("notes", "pairs", "right"):
        table.add_column(title, justify="right")
    for name in report.others:
        table.add_column(f"{name} right", justify="right")
    for way, parts in report.parts.items():
        for name, part in parts.items():
            others = (other.parts[way][name].right for other in report.others.values())
            table.add_row(
                f"{way}: {name}",
                str(part.notes),
                str(part.pairs),
                f"{part.right / part.pairs:.3f}",
                *(f"{right / part.pairs:.3f}" for right in others),
            )
    return table


def _questions(report: Report) -> Table:
    table = Table(title="By question", caption="key, said: Yes/No/NA, for numbers given/NA")
    table.add_column("id", no_wrap=True)
    for title in ("key", "said", "right", "balanced", "Yes prec."):
        table.add_column(title, justify="right")
    for name in report.others:
        table.add_column(f"{name} right", justify="right")
    for question_id, question in report.questions.items():
        table.add_row(
            question_id,
            _counts(question.expected, question),
            _counts(question.got, question),
            f"{question.right}/{question.pairs}",
            _value(question.metrics[Metric.THREE_CLASS_BALANCED_ACCURACY]),
            _value(question.metrics[Metric.YES_PRECISION]),
            *(str(other.questions[question_id].right) for other in report.others.values()),
        )
    return table


def _left_out(report: Report) -> Iterator[Text]:
    for name, reason in report.left_out.items():
        yield Text(f"Baseline {name} left out: {reason}", style="yellow")


def _counts(kinds: dict[str, int], question: QuestionReport) -> str:
    names = ("Yes", "No", "NA") if question.type is AnswerType.BOOLEAN else (NUMBER, "NA")
    return "/".join(str(kinds.get(name, 0)) for name in names)


def shown(estimate: Estimate, sign: str = "") -> str:
    """Value and interval; sign: "+" for a difference."""
    if estimate.value is None:
        return NOTHING
    return f"{estimate.value:{sign}.3f} [{estimate.low:{sign}.2f}, {estimate.high:{sign}.2f}]"


def _p(p: float | None) -> str:
    return "" if p is None else f" p={p:.3f}"


def _tokens(figures: Figures) -> str:
    if figures.cost is None:
        return NOTHING
    cost = "" if figures.cost.cost is None else f", cost {figures.cost.cost:.4g}"
    return f"{figures.cost.prompt_tokens} / {figures.cost.completion_tokens}{cost}"


def _value(estimate: Estimate) -> str:
    return NOTHING if estimate.value is None else f"{estimate.value:.2f}"
