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
