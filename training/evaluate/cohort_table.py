"""The cohort report as a table on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from training.evaluate.cohort_report import CohortReport
from training.evaluate.table import shown


def as_cohort_table(report: CohortReport) -> RenderableType:
    """Overall F1 beside the others, then the criteria as the official scorer lists them."""
    left_out = (
        Text(f"Baseline {name} left out: {reason}", style="yellow")
        for name, reason in report.left_out.items()
    )
    return Group(_overall(report), *left_out, _criteria(report))


def _overall(report: CohortReport) -> Table:
    table = Table(
        title=f"{report.version} on {report.folder}: {report.patients} patients, {report.notes} "
        f"notes, {report.seconds_per_note:.2f} s a note",
        caption=f"{report.bootstrap.level:.0%} bootstrap intervals over patients; signed: how far "
        "the student lies above the other, paired",
    )
    table.add_column("n2c2 2018 track 1")
    table.add_column(report.engine, justify="right", style="bold")
    for name in report.others:
        table.add_column(name, justify="right")
    others = report.others.values()
    table.add_row(
        "F1, micro",
        shown(report.micro_f1),
        *(f"{shown(o.micro_f1)}\n{shown(o.micro_f1_margin, '+')}" for o in others),
    )
    table.add_row(
        "F1, macro",
        shown(report.macro_f1),
        *(f"{shown(o.macro_f1)}\n{shown(o.macro_f1_margin, '+')}" for o in others),
    )
    table.add_row(
        "labels right, McNemar",
        "",
        *(f"{o.labels.only_this} / {o.labels.only_other}, p={o.labels.p:.3f}" for o in others),
    )
    return table


def _criteria(report: CohortReport) -> Table:
    table = Table(
        title="By criterion",
        caption="precision, recall and F1 of met, then of not met, then the mean F1. unknown: not "
        f"settled by the notes; met for {', '.join(report.presumed_met)}, else not met",
    )
    table.add_column("criterion", no_wrap=True)
    for title in ("met P", "R", "F1", "not P", "R", "F1", "F1 mean", "unknown"):
        table.add_column(title, justify="right")
    rows = {**report.score.criteria, "micro": report.score.micro, "macro": report.score.macro}
    for name, score in rows.items():
        figures = (
            *(score.met.precision, score.met.recall, score.met.f1),
            *(score.not_met.precision, score.not_met.recall, score.not_met.f1),
        )
        shown_figures = (f"{figure:.2f}" for figure in figures)
        table.add_row(name, *shown_figures, f"{score.f1:.3f}", str(report.unknown.get(name, "")))
    return table
