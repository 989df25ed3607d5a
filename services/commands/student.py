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
    engine: Annotated[str, typer.Option(help="Student engine to measure.")] = "encoder",
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file.")] = None,
) -> None:
    """Measure a student and two baselines on notes with known answers.

    Reports accuracy with bootstrap intervals over notes, next to always-NA and to a keyword and
    negation baseline. Disputed questions are not scored.
    """
    from training.evaluate.command import evaluate_folder

    from services.commands.console import existing_folder

    evaluate_folder(existing_folder(folder), engine=engine, json_path=json)
