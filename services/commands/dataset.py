"""`chartsift dataset`: what students are trained and judged on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Look into a dataset, hand a sample to people, read their sheets back.",
)

Folder = Annotated[Path, typer.Argument(help="Dataset folder, with notes/.")]


@app.command()
def check(folder: Folder) -> None:
    """What a dataset holds, and what is wrong with it."""
    from services.commands.console import fail, out
    from training.dataset import DatasetError, check_notes, read_dataset, summarize

    try:
        dataset = read_dataset(folder)
    except DatasetError as error:
        fail(str(error))
    notes = (*dataset.train, *dataset.held_out, *dataset.test)
    summary = summarize(notes)
    out.print(
        f"{summary.notes} notes of {summary.patients} patients: {len(dataset.train)} to train "
        f"on, {len(dataset.held_out)} held out, {len(dataset.test)} for the test",
        highlight=False,
    )
    items = ", ".join(f"{count} {kind}" for kind, count in summary.items.items())
    out.print(f"items: {items}\nhash: {dataset.hash}", highlight=False)
    if problems := list(check_notes(notes)):
        fail("\n".join([*problems[:20], f"{len(problems)} problems"]))


@app.command()
def sample(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Folder for the annotator; must be new.")],
    items: Annotated[int, typer.Option(min=1, help="How many; the method used 1,000.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
) -> None:
    """Draw held-out or test items for people to confirm, correct or reject, as a sheet (CSV)."""
    from services.commands.console import fail
    from services.commands.console import out as console
    from training.dataset import DatasetError, read_dataset
    from training.dataset.annotate import export_sample

    try:
        written = export_sample(read_dataset(folder), items, out, seed)
    except (DatasetError, FileExistsError) as error:
        fail(str(error))
    console.print(f"{written} items in {out}; {out / 'README.md'} says what to do with them")


@app.command()
def annotated(
    sampled: Annotated[Path, typer.Argument(help="The folder as `sample` wrote it.")],
    out: Annotated[Path, typer.Option(help="Dataset folder for the evaluation set.")],
    sheet: Annotated[
        list[Path] | None, typer.Option(help="Filled-in sheet; one for each annotator.")
    ] = None,
) -> None:
    """Make an evaluation set of filled-in sheets, and say how far people and teacher agree."""
    from services.commands.console import fail
    from services.commands.console import out as console
    from training.dataset import DatasetError
    from training.dataset.annotated import read_annotated

    try:
        agreement = read_annotated(sampled, out, sheet or ())
    except (DatasetError, FileExistsError) as error:
        fail(str(error))
    console.print_json(agreement.model_dump_json())


@app.command()
def questions(
    sheet: Annotated[
        Path, typer.Argument(help="CSV with note id, question, type, answer; unit and quote too.")
    ],
    notes: Annotated[str, typer.Option(help="Where the notes are: a path or a FHIR base URL.")],
    out: Annotated[Path, typer.Option(help="Evaluation folder to write; must be new.")],
) -> None:
    """Make an evaluation folder of a question set that asks the same of every note."""
    from services.commands.console import fail
    from services.commands.console import out as console
    from training.notes.question_folder import write_question_folder
    from training.notes.question_set import read_question_set, with_questions
    from training.notes.records import NoteSourceError
    from training.notes.source import open_source

    try:
        asked = read_question_set(sheet)
        write_question_folder(with_questions(open_source(notes), asked), out)
    except (NoteSourceError, OSError) as error:
        fail(str(error))
    console.print(f"{len(asked)} notes in {out}; measure with `chartsift evaluate {out}`")


@app.command()
def export(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Folder for the files; must be new.")],
    form: Annotated[str, typer.Option(help="jsonl or parquet.")] = "jsonl",
) -> None:
    """One row for each item, for other trainers."""
    from services.commands.console import fail
    from training.dataset import DatasetError, read_dataset
    from training.dataset.flat import FlatForm, export_flat

    try:
        export_flat(read_dataset(folder), out, FlatForm(form))
    except (ValueError, DatasetError, FileExistsError) as error:
        fail(str(error))
