"""Verbs around students: measure one, train one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder with notes.jsonl, questions.json and key.jsonl; or a dataset folder, "
            "whose test or held-out notes are used; or the XML files of n2c2 2018 track 1."
        ),
    ],
    engine: Annotated[
        str,
        typer.Option(
            help="What to measure: a student engine as CHARTSIFT_STUDENT names it, the folder of a "
            "student, a baseline, or the address of an OpenAI-compatible server, "
            "http://HOST:PORT/v1 or with #MODEL behind it."
        ),
    ] = "encoder",
    against: Annotated[
        list[str] | None,
        typer.Option(help="Measure this beside it, named as --engine is; can be repeated."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a report for people to this file, one web page.")
    ] = None,
    with_notes: Annotated[
        bool,
        typer.Option(
            "--with-notes", help="With --html: errors beside their notes, which are patient text."
        ),
    ] = False,
    errors: Annotated[
        Path | None, typer.Option(help="Write the wrong answers to this file, as JSON Lines.")
    ] = None,
    quotes: Annotated[
        bool, typer.Option("--quotes", help="With --errors: quotes too; they are patient text.")
    ] = False,
    price: Annotated[
        list[str] | None,
        typer.Option(help="NAME=IN/OUT: price of a million tokens read and written; repeatable."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            help="A host that notes may be sent to, beside this machine and private networks."
        ),
    ] = None,
) -> None:
    """Measure a student, beside the baselines and others, on notes with known answers.

    Reports accuracy with bootstrap intervals over patients, how far the student's confidence can
    be trusted, and paired tests. Disputed questions are not scored.
    """
    from services.commands.console import fail
    from training.dataset.reading import DatasetError
    from training.evaluate.command import Wanted, evaluate_folder
    from training.evaluate.fault import EvaluationError
    from training.evaluate.usage import read_price
    from training.notes.records import NoteSourceError

    try:
        wanted = Wanted(
            engine=engine,
            against=against or [],
            json=json,
            html=html,
            with_notes=with_notes,
            errors=errors,
            quotes=quotes,
            prices=dict(map(read_price, price or [])),
            allow_hosts=allow_host or [],
        )
        evaluate_folder(folder, wanted)
    except (EvaluationError, DatasetError, NoteSourceError, OSError) as error:
        fail(str(error))


def train(
    preset: Annotated[
        str, typer.Argument(help="The student: encoder is the shipped kind; see distill presets.")
    ],
    dataset: Annotated[
        Path, typer.Option(help="Dataset folder, with notes/ and perhaps screening/.")
    ] = Path("training/data"),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the finished student; runs/PRESET/student."),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the checkpoints; the same command goes on from them. runs/PRESET."
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Folder or name of the base model; the preset's own.")
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="A field of the recipe; can be repeated."),
    ] = None,
) -> None:
    """Train a student (extra train): the encoder, or a LoRA adapter of a language model.

    By default from the repository's own data; `chartsift train encoder` is the shipped student.
    On several GPUs: accelerate launch --multi_gpu .venv/bin/chartsift train llama-3.1-8b
    Can be interrupted and started again: it goes on from its last checkpoint.
    """
    import yaml

    from services.commands.console import fail
    from services.commands.console import out as console

    fields = [pair.partition("=") for pair in set or ()]
    if wrong := [name for name, sign, _ in fields if not sign]:
        fail(f"--set wants FIELD=VALUE, for example --set max_steps=60; got {wrong[0]}")
    work = work or Path("runs") / preset
    try:
        from training.dataset import read_dataset
        from training.finetune import finetune

        entry = finetune(
            preset,
            read_dataset(dataset),
            out or work / "student",
            work,
            lambda line: console.print(line, markup=False, highlight=False),
            {name: yaml.safe_load(value) for name, _, value in fields},
            base,
        )
    except ModuleNotFoundError as error:
        fail(
            f"Training needs {error.name}, which is part of the extra named train: "
            "pip install --constraint constraints.txt --editable '.[train]'"
        )
    except (ValueError, OSError, RuntimeError) as error:
        fail(str(error))
    console.print(f"{entry.version} in {entry.folder}", markup=False, highlight=False)
