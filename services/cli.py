"""`chartsift`: one program with a verb for every service and job."""

from __future__ import annotations

import typer

from services.commands import (
    dataset,
    deadletter,
    distill,
    operate,
    registry,
    retrain,
    run,
    student,
    study,
)

app = typer.Typer(
    name="chartsift",
    no_args_is_help=True,
    # A traceback with local variables could print a note.
    pretty_exceptions_show_locals=False,
    help="Answers trial criteria on clinical notes and writes what it found to a FHIR server.\n\n"
    "Settings come from CHARTSIFT_... variables or a file named .env (see .env.example).",
)

_RUN, _OPERATE, _STUDENT = "Run", "Operate", "Students"

for verb in (run.demo, run.up, run.fhir, run.ingest, run.trials, run.extract, run.writeback):
    app.command(rich_help_panel=_RUN)(verb)
app.command(rich_help_panel=_RUN)(retrain.retrain)
app.command("retrain-job", rich_help_panel=_RUN)(retrain.retrain_job)
app.command(rich_help_panel=_OPERATE)(operate.note)
app.command(rich_help_panel=_OPERATE)(operate.settings)
app.add_typer(study.app, name="study", rich_help_panel=_OPERATE)
app.add_typer(deadletter.app, name="deadletter", rich_help_panel=_OPERATE)
app.command(rich_help_panel=_STUDENT)(student.evaluate)
app.command(rich_help_panel=_STUDENT)(student.train)
app.add_typer(distill.app, name="distill", rich_help_panel=_STUDENT)
app.add_typer(dataset.app, name="dataset", rich_help_panel=_STUDENT)
app.add_typer(registry.app, name="student", rich_help_panel=_STUDENT)

if __name__ == "__main__":
    app()
