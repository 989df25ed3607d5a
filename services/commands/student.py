"""Verbs around students: measure one, train one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

train = typer.Typer(no_args_is_help=True, help="Train a student (needs the extra named train).")


def evaluate(
    folder: Annotated[
        Path, typer.Argument(help="Folder with notes.jsonl, questions.json and key.jsonl.")
    ],
    engine: Annotated[
        str, typer.Option(help="Student engine to measure, as CHARTSIFT_STUDENT names it.")
    ] = "encoder",
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file.")] = None,
    errors: Annotated[
        Path | None, typer.Option(help="Write the wrong answers to this file, as JSON Lines.")
    ] = None,
    quotes: Annotated[
        bool, typer.Option("--quotes", help="With --errors: quotes too; they are patient text.")
    ] = False,
) -> None:
    """Measure a student and the baselines on notes with known answers.

    Reports accuracy with bootstrap intervals over notes, next to always-NA and to a keyword and
    negation baseline. Disputed questions are not scored.
    """
    from services.commands.console import fail
    from training.evaluate.command import evaluate_folder
    from training.evaluate.engines import EngineNotOpenedError
    from training.evaluate.folder import EvaluationFolderError

    try:
        evaluate_folder(folder, engine, json, errors, quotes)
    except (EvaluationFolderError, EngineNotOpenedError) as error:
        fail(str(error))


@train.command("encoder")
def train_encoder(
    out: Annotated[
        Path, typer.Option(help="Folder that the finished student is written to.")
    ] = Path("runs/encoder/student"),
    work: Annotated[
        Path, typer.Option(help="Folder of the checkpoint; the same command goes on from it.")
    ] = Path("runs/encoder"),
    base: Annotated[
        Path | None,
        typer.Option(help="Folder of the all-MiniLM-L6-v2 checkpoint; the installed package's."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training notes; the recipe's own.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of all that is random; the recipe's own.")
    ] = None,
) -> None:
    """Train the shipped kind of student from the repository's own data, on the CPU.

    Can be interrupted and started again: it goes on from its last checkpoint.
    """
    from dataclasses import replace

    from services.commands.console import fail
    from services.commands.console import out as console

    try:
        from training.encoder.command import train_encoder as run
        from training.encoder.train import Recipe
    except ModuleNotFoundError as error:
        fail(
            f"Training needs {error.name}, which is part of the extra named train: "
            "pip install --constraint constraints.txt --editable '.[train]'"
        )
    chosen = {
        name: value for name, value in {"epochs": epochs, "seed": seed}.items() if value is not None
    }
    try:
        run(out, work, replace(Recipe(), **chosen), console.print, base)
    except (ValueError, OSError) as error:
        fail(str(error))
